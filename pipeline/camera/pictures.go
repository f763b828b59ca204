package camera

import (
	"context"
	"io"
	"sync"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// idleFrames is how many frames a source of pictures keeps for the next ones: as many as are on their way at most
// times.
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

// NewPictures makes a source of the pictures that names say: files, folders (the pictures in them) and patterns such
// as "in/*.jpg". A pattern that no file matches, and a folder without pictures, is an error that names it. Whoever
// makes the source closes it.
func NewPictures(names ...string) (*Pictures, error) {
	files, err := pictureFiles.Expand(names)
	if err != nil {
		return nil, err
	}
	p := &Pictures{files: files}
	p.reader.pool = vision.NewPool(idleFrames)
	return p, nil
}

// Next gives the next picture; Meta.Source is its path as it was named or found. io.EOF: there are no more.
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

// Stats say how many pictures there are, those included that turn out not to be readable.
func (p *Pictures) Stats() pipeline.Stats { return pipeline.Stats{Total: len(p.files)} }

// Close ends the source. Frames that are out stay valid. Twice is safe.
func (p *Pictures) Close() error { return p.reader.close() }

// reader reads picture files into pooled frames.
type reader struct {
	mu     sync.Mutex
	closed bool
	pool   *vision.Pool
	buf    []byte // these two are used by Next alone, which one goroutine calls
	count  int    // pictures that were read
}

// read reads one picture. Errors are *pipeline.ItemError, but when the source was closed.
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
