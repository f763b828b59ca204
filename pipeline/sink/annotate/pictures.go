package annotate

import (
	"context"
	"fmt"

	"corallite/pipeline"
	"corallite/pipeline/draw"
)

// PicturesOptions say where copies go and how they look.
type PicturesOptions struct {
	Dir  string // the output folder; made if it is not there
	Draw draw.Options
}

// Pictures writes an annotated copy of each picture, in the picture's own format where that can be written (JPEG and
// WebP with quality 90, PNG, BMP, TIFF) and as PNG otherwise. Frames of a video or camera become JPEG files.
type Pictures struct {
	sheet *sheet
	names *names
}

// NewPictures prepares the output folder. It fails when the folder cannot be made or written.
func NewPictures(o PicturesOptions) (*Pictures, error) {
	if err := openFolder(o.Dir); err != nil {
		return nil, err
	}
	s, err := newSheet(o.Draw)
	if err != nil {
		return nil, err
	}
	return &Pictures{sheet: s, names: newNames(o.Dir)}, nil
}

// Consume writes one picture. What fails is a *pipeline.ItemError.
func (p *Pictures) Consume(_ context.Context, r pipeline.Report) error {
	f, err := frameOf(r)
	if err != nil {
		return err
	}
	if p.sheet.closed {
		return errClosed
	}
	return itemError(f.Meta().Source, p.write(f, r.Events))
}

func (p *Pictures) write(f Frame, events []pipeline.Event) error {
	meta := f.Meta()
	m, err := p.sheet.annotate(f, events)
	if err != nil {
		return err
	}
	ext := extensionFor(meta.Source, m.Cols(), m.Rows())
	if frameRate(f) > 0 {
		ext = extensionFor("frame.jpg", m.Cols(), m.Rows())
	}
	path, err := p.names.claim(meta.Source, ext)
	if err != nil {
		return err
	}
	if frameRate(f) > 0 {
		path = fmt.Sprintf("%s-%06d%s", path[:len(path)-len(ext)], meta.Seq, ext)
	}
	return encode(*m, ext, func(data []byte) error { return writeFile(path, data) })
}

// Lossless is true: behind files, no picture is left out.
func (p *Pictures) Lossless() bool { return true }

// Close frees the memory. Twice is safe.
func (p *Pictures) Close() error { return p.sheet.close() }
