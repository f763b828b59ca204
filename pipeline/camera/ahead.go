package camera

import (
	"context"
	"io"
	"sync"
	"time"

	"corallite/internal/panicerr"
	"corallite/pipeline/vision"
)

// ahead decodes pictures on all cores and gives them in order. It has goroutines only while pictures are decoded.
type ahead struct {
	reader reader
	path   func() (path string, more bool) // of the next picture; asked by next only
	stop   chan struct{}
	jobs   sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	waiting []*decoding // in order
	begun   int
}

// decoding is a picture that is being decoded.
type decoding struct {
	path string
	done chan struct{} // closed when the rest is there

	frame *vision.Frame
	taken int64
	err   error
}

func (a *ahead) start(path func() (string, bool)) {
	a.path, a.stop = path, make(chan struct{})
	a.reader.init()
}

// next returns the next picture. It returns io.EOF when path has no more.
func (a *ahead) next(ctx context.Context) (*vision.Frame, error) {
	d, err := a.wait(ctx)
	if err != nil {
		return nil, err
	}
	return a.take(d)
}

// wait returns the next picture when it is decoded; it stays the next one until take.
func (a *ahead) wait(ctx context.Context) (*decoding, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	first, err := a.begin()
	if err != nil {
		return nil, err
	}
	select {
	case <-first.done:
		return first, nil
	case <-a.stop:
		return nil, ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// begin begins to decode as many pictures as there are cores, and returns the first of those that were not taken.
func (a *ahead) begin() (*decoding, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for !a.closed && len(a.waiting) < a.reader.parallel {
		path, more := a.path()
		if !more {
			break
		}
		d := &decoding{path: path, done: make(chan struct{})}
		number := a.begun
		a.begun++
		a.waiting = append(a.waiting, d)
		a.jobs.Go(func() {
			defer close(d.done)
			defer panicerr.Recover(&d.err, "the decoder of "+path)
			d.frame, d.taken, d.err = a.reader.read(path, number)
		})
	}
	switch {
	case a.closed:
		return nil, ErrClosed
	case len(a.waiting) == 0:
		return nil, io.EOF
	}
	return a.waiting[0], nil
}

// take removes the next picture, which is decoded, and passes its frame to the caller.
func (a *ahead) take(d *decoding) (*vision.Frame, error) {
	a.mu.Lock()
	if a.closed { // close has released it
		a.mu.Unlock()
		return nil, ErrClosed
	}
	a.waiting = a.waiting[1:]
	a.mu.Unlock()
	a.reader.pixels.leave(d.taken)
	if d.err != nil {
		return nil, d.err
	}
	d.frame.Meta().Time = time.Now()
	return d.frame, nil
}

// close ends next and waits for the pictures that are being decoded. It may be called twice.
func (a *ahead) close() error {
	a.mu.Lock()
	first := !a.closed
	a.closed = true
	a.mu.Unlock()
	if first {
		close(a.stop)
		a.reader.stop()
	}
	a.jobs.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.waiting {
		if d.frame != nil {
			d.frame.Release()
		}
	}
	a.waiting = nil
	return a.reader.pool.Close()
}
