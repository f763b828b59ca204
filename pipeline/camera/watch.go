package camera

import (
	"context"
	"errors"
	"io"
	"time"

	"corallite/internal/newfiles"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// WatchOptions are the options of NewWatch. The zero value has sensible times.
type WatchOptions struct {
	// Existing first takes the pictures that are already there, sorted by name.
	Existing bool
	// Settle is how long a file must be unchanged before it is read; 0: 100 ms.
	Settle time.Duration
	// Patience is how long an unreadable file, which may still be being written, may be unchanged before it counts as
	// failed; 0: 5 s.
	Patience time.Duration
	// Recursive also takes pictures in folders below, also in those that are made or moved there later, and behind links to
	// folders, each folder once. Hidden folders are passed over.
	Recursive bool
	// Warn is told of folders below that cannot be read; nil: nobody is.
	Warn func(message string)
}

// Watch is a source of the pictures that appear in a folder, or also below it: written, copied or moved there, with the name of
// a picture and not hidden. A picture is taken when it is complete: unchanged for a moment and readable. One that is
// overwritten is taken again.
type Watch struct {
	folder *newfiles.Folder
	ahead  ahead
}

var _ pipeline.Source[*vision.Frame] = (*Watch)(nil)

// NewWatch watches a folder. The caller closes the source.
func NewWatch(dir string, o WatchOptions) (*Watch, error) {
	if o.Settle <= 0 {
		o.Settle = 100 * time.Millisecond
	}
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	folder, err := newfiles.New(dir, newfiles.Options{
		Kind: pictureFiles, Existing: o.Existing, Settle: o.Settle, Patience: o.Patience, Recursive: o.Recursive, Warn: o.Warn,
	})
	if err != nil {
		return nil, err
	}
	w := &Watch{folder: folder}
	w.ahead.start(folder.Begin)
	return w, nil
}

// Next waits for the next picture. It fails when the folder is removed.
func (w *Watch) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		select {
		case <-w.folder.Stopped():
			return nil, ErrClosed
		default:
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if err := w.folder.Poll(); err != nil {
			return nil, err
		}
		d, err := w.ahead.wait(ctx)
		switch {
		case errors.Is(err, io.EOF):
			w.folder.Wait(ctx)
		case err != nil:
			return nil, err
		default:
			f, err := w.ahead.take(d)
			if errors.Is(err, ErrClosed) {
				return nil, err
			}
			complete, failed := w.folder.End(err)
			if complete {
				return f, nil
			}
			if f != nil {
				f.Release()
			}
			if failed != nil {
				return nil, failed
			}
		}
	}
}

// Reduce lets JPEGs be decoded in a smaller size, as Reducer says.
func (w *Watch) Reduce(by func(width, height int) float64) { w.ahead.reader.reduce(by) }

// Stats say that the source is endless.
func (w *Watch) Stats() pipeline.Stats { return pipeline.Stats{Endless: true} }

// Live is false: no picture is dropped, however many come at once.
func (w *Watch) Live() bool { return false }

// Close ends the source and any waiting Next. Frames that were returned stay valid. It may be called twice.
func (w *Watch) Close() error { return errors.Join(w.folder.Stop(), w.ahead.close()) }
