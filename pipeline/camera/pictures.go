package camera

import (
	"context"
	"io"
	"sync"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// idleFrames is the number of unused frames that a source of pictures keeps: about as many as are usually in flight.
const idleFrames = 4

// Pictures is a source of picture files.
type Pictures struct {
	files  []string
	next   int
	reader reader
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
	p.reader.pool = vision.NewPool(idleFrames)
	return p, nil
}

// Next returns the next picture; Meta.Source is its path as it was named or found. io.EOF is the end.
func (p *Pictures) Next(ctx context.Context) (*vision.Frame, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	p.reader.mu.Lock()
	if p.reader.closed {
		p.reader.mu.Unlock()
		return nil, ErrClosed
	}
	if p.next == len(p.files) {
		p.reader.mu.Unlock()
		return nil, io.EOF
	}
	path := p.files[p.next]
	p.next++
	p.reader.mu.Unlock()
	return p.reader.read(path)
}

// Live is false.
func (p *Pictures) Live() bool { return false }

// Stats say how many pictures there are, including unreadable ones.
func (p *Pictures) Stats() pipeline.Stats { return pipeline.Stats{Total: len(p.files)} }

// Close ends the source. Frames that were returned stay valid. It may be called twice.
func (p *Pictures) Close() error { return p.reader.close() }

// reader reads picture files into pooled frames.
type reader struct {
	mu     sync.Mutex
	closed bool
	pool   *vision.Pool
	buf    []byte // buf and count are used by Next only
	count  int    // pictures read
}

// read reads a picture. Errors are *pipeline.ItemError, or ErrClosed.
func (r *reader) read(path string) (*vision.Frame, error) {
	f, err := r.pool.Get()
	if err != nil {
		return nil, ErrClosed
	}
	data, err := readFile(path, &r.buf)
	if err == nil {
		err = decode(data, f, r.count < lightPNGs)
		r.count++
	}
	if cap(r.buf) > largePicture {
		r.buf = nil
	}
	if err != nil {
		f.Release()
		return nil, &pipeline.ItemError{Source: path, Err: err}
	}
	f.Meta().Source, f.Meta().Time = path, time.Now()
	return f, nil
}

func (r *reader) close() error {
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	return r.pool.Close()
}
