package camera

import (
	"context"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// Pictures is a source of picture files.
type Pictures struct {
	files []string
	ahead ahead
}

var (
	_ pipeline.Source[*vision.Frame] = (*Pictures)(nil)
	_ pipeline.StatsReporter         = (*Pictures)(nil)
)

// NewPictures returns a source of pictures: files, folders (the pictures in them) and patterns such as "in/*.jpg". A pattern
// without matches and a folder without pictures are errors. The caller closes the source.
func NewPictures(names ...string) (*Pictures, error) {
	files, err := pictureFiles.Expand(names)
	if err != nil {
		return nil, err
	}
	p := &Pictures{files: files}
	rest := files
	p.ahead.start(func() (string, bool) {
		if len(rest) == 0 {
			return "", false
		}
		path := rest[0]
		rest = rest[1:]
		return path, true
	})
	return p, nil
}

// Next returns the next picture; Meta.Source is its path as it was named or found. io.EOF is the end. The pictures after it
// are decoded meanwhile, several at once.
func (p *Pictures) Next(ctx context.Context) (*vision.Frame, error) {
	return p.ahead.next(ctx)
}

// Reduce lets JPEGs be decoded in a smaller size, as Reducer says.
func (p *Pictures) Reduce(by func(width, height int) float64) { p.ahead.reader.reduce(by) }

// Live is false.
func (p *Pictures) Live() bool { return false }

// Stats say how many pictures there are, including unreadable ones.
func (p *Pictures) Stats() pipeline.Stats { return pipeline.Stats{Total: len(p.files)} }

// Close ends the source. Frames that were returned stay valid. It may be called twice.
func (p *Pictures) Close() error { return p.ahead.close() }
