package mic

import (
	"context"
	"errors"
	"time"

	"corallite/internal/newfiles"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// WatchOptions are the options of NewWatch.
type WatchOptions struct {
	// FilesOptions without Paths say how recordings become chunks.
	FilesOptions

	// Existing first takes the recordings that are already there, sorted by name.
	Existing bool
	// Settle is how long a file must be unchanged before it is read; 0: 1 s.
	Settle time.Duration
	// Patience is how long an unreadable file, which may still be being written, may be unchanged before it counts as
	// failed; 0: 10 s.
	Patience time.Duration
	// Recursive also takes recordings in folders below, also in those that are made or moved there later, and behind links to
	// folders, each folder once. Hidden folders are passed over.
	Recursive bool
	// Warn is told of folders below that cannot be read; nil: nobody is.
	Warn func(message string)
}

// Watch is a source of the recordings that appear in a folder, or also below it: written, copied or moved there, with the name
// of a recording and not hidden. A recording is taken when it is complete: unchanged for a moment, not open for writing in
// any program (where the system tells: of own files on local disks of Linux), and readable. One that is overwritten is taken
// again. Chunks are as those of Files.
type Watch struct {
	folder *newfiles.Folder
	player *player
	begun  bool // the folder waits for the end of a recording
}

var _ audio.Source = (*Watch)(nil)

// NewWatch watches a folder. The caller closes the source.
func NewWatch(dir string, o WatchOptions) (audio.Source, error) {
	p, err := newPlayer(o.FilesOptions)
	if err != nil {
		return nil, err
	}
	if o.Settle <= 0 {
		o.Settle = time.Second
	}
	if o.Patience <= 0 {
		o.Patience = 10 * time.Second
	}
	folder, err := newfiles.New(dir, newfiles.Options{
		Kind: recordings, Existing: o.Existing, Settle: o.Settle, Patience: o.Patience, Written: true,
		Recursive: o.Recursive, Warn: o.Warn,
	})
	if err != nil {
		return nil, err
	}
	return &Watch{folder: folder, player: p}, nil
}

// Next waits for the next chunk; Meta.Source is the path of its recording. It fails when the folder is removed.
func (w *Watch) Next(ctx context.Context) (*audio.Chunk, error) {
	for {
		select {
		case <-w.folder.Stopped():
			return nil, ErrClosed
		default:
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		r, err := w.player.current()
		if err != nil {
			return nil, err
		}
		if r == nil {
			if r, err = w.begin(ctx); err != nil {
				return nil, err
			}
		}
		if r == nil {
			continue
		}
		if c, err := w.next(r); c != nil || err != nil {
			return c, err
		}
	}
}

// begin opens the next recording. It returns none when there is none yet.
func (w *Watch) begin(ctx context.Context) (recording, error) {
	if err := w.folder.Poll(); err != nil {
		return nil, err
	}
	path, due := w.folder.Begin()
	if !due {
		w.folder.Wait(ctx)
		return nil, nil
	}
	r, err := w.player.begin(path)
	switch {
	case errors.Is(err, ErrClosed):
		return nil, err
	case err != nil:
		_, failed := w.folder.End(err)
		return nil, failed
	}
	w.begun = true
	return r, nil
}

// next returns the next chunk; none when nothing of the recording can be read yet. With the first chunk, the file counts as
// taken: what it holds now is used.
func (w *Watch) next(r recording) (*audio.Chunk, error) {
	c, err := w.player.next(r)
	if !w.begun {
		return c, err
	}
	w.begun = false
	var one *pipeline.ItemError
	if err != nil && errors.As(err, &one) { // nothing in it could be read
		_, failed := w.folder.End(err)
		return nil, failed
	}
	w.folder.Take()
	return c, err
}

// Stats say that the source is endless, and how much sound was returned so far.
func (w *Watch) Stats() pipeline.Stats {
	return pipeline.Stats{Endless: true, Sound: w.player.counts.summary(w.player.chunker.rate)}
}

// Live is false: no recording is dropped, however many come at once.
func (w *Watch) Live() bool { return false }

// Close ends the source and any waiting Next. Chunks that were returned stay valid. It may be called twice.
func (w *Watch) Close() error { return errors.Join(w.folder.Stop(), w.player.stop()) }
