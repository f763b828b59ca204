package camera

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/fsnotify/fsnotify"

	"corallite/internal/fileglob"
	"corallite/internal/regfile"
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
}

// Watch is a source of the pictures that appear in a folder (not below it): written, copied or moved there, with the name of
// a picture and not hidden. A picture is taken when it is complete: unchanged for a moment and readable. One that is
// overwritten is taken again.
type Watch struct {
	dir     string
	opts    WatchOptions
	watcher *fsnotify.Watcher
	stop    chan struct{}
	once    sync.Once
	reader  reader

	// Used by Next only.
	taken   map[string]stamp
	waiting map[string]*arrival
	lost    error
}

// stamp identifies a version of a file.
type stamp struct {
	size    int64
	written time.Time
}

// arrival is a file to be read.
type arrival struct {
	due     time.Time // when to check it again
	changed time.Time // last change
	seen    stamp
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
	w := &Watch{dir: dir, opts: o, stop: make(chan struct{}), taken: map[string]stamp{}, waiting: map[string]*arrival{}}
	// Listed before watching begins and after, because files that appear in between get no event.
	if !o.Existing {
		if err := w.list(func(path string, s stamp) { w.taken[path] = s }); err != nil {
			return nil, err
		}
	}
	var err error
	if w.watcher, err = fsnotify.NewWatcher(); err != nil {
		return nil, fmt.Errorf("watching %s: %w", dir, err)
	}
	if err := w.watcher.Add(dir); err != nil {
		w.watcher.Close()
		return nil, fmt.Errorf("watching %s: %w", dir, regfile.Cause(err))
	}
	if err := w.rescan(); err != nil {
		w.watcher.Close()
		return nil, err
	}
	w.reader.pool = vision.NewPool(idleFrames)
	return w, nil
}

// list calls f with the pictures in the folder.
func (w *Watch) list(f func(path string, s stamp)) error {
	entries, err := os.ReadDir(w.dir)
	if err != nil {
		return fmt.Errorf("watching %s: %w", w.dir, regfile.Cause(err))
	}
	for _, e := range entries {
		path := filepath.Join(w.dir, e.Name())
		if !pictureFiles.Has(path) {
			continue
		}
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
			f(path, stampOf(info))
		}
	}
	return nil
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

// rescan queues all pictures that were not taken in their present version.
func (w *Watch) rescan() error {
	now := time.Now()
	return w.list(func(path string, s stamp) {
		if old, ok := w.taken[path]; !ok || old != s {
			w.waiting[path] = &arrival{due: now, changed: now}
		}
	})
}

// Next waits for the next picture. It fails when the folder is removed.
func (w *Watch) Next(ctx context.Context) (*vision.Frame, error) {
	for {
		select {
		case <-w.stop:
			return nil, ErrClosed
		default:
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if w.lost != nil {
			return nil, w.lost
		}
		path, wait := w.due(time.Now())
		if path != "" {
			if f, err := w.try(path); f != nil || err != nil {
				return f, err
			}
			continue
		}
		w.wait(ctx, wait)
	}
}

// due returns the first picture, by name, that is due now, or else how long to wait for one; 0: until the next event.
func (w *Watch) due(now time.Time) (path string, wait time.Duration) {
	for name, a := range w.waiting {
		left := a.due.Sub(now)
		switch {
		case left <= 0 && (path == "" || fileglob.Naturally(name, path) < 0):
			path = name
		case left > 0 && (wait == 0 || left < wait):
			wait = left
		}
	}
	return path, wait
}

// wait waits for an event, the time, or the end.
func (w *Watch) wait(ctx context.Context, wait time.Duration) {
	var timer <-chan time.Time
	if wait > 0 {
		t := time.NewTimer(wait)
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-ctx.Done():
	case <-w.stop:
	case <-timer:
	case event, ok := <-w.watcher.Events:
		if ok {
			w.note(event)
		}
	case err, ok := <-w.watcher.Errors:
		if !ok {
			return
		}
		// After an overflow of events, a scan of the folder finds what they said.
		if errors.Is(err, fsnotify.ErrEventOverflow) {
			err = w.rescan()
		}
		if err != nil {
			w.lost = fmt.Errorf("watching %s: %w", w.dir, err)
		}
	}
}

// note handles an event.
func (w *Watch) note(event fsnotify.Event) {
	gone := event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	if filepath.Clean(event.Name) == filepath.Clean(w.dir) {
		if gone {
			w.lost = fmt.Errorf("watching %s: the folder was removed or renamed", w.dir)
		}
		return
	}
	path := filepath.Join(w.dir, filepath.Base(event.Name))
	switch {
	case gone:
		delete(w.taken, path)
		delete(w.waiting, path)
	case pictureFiles.Has(path) && (event.Has(fsnotify.Create) || event.Has(fsnotify.Write)):
		now := time.Now()
		w.waiting[path] = &arrival{due: now.Add(w.opts.Settle), changed: now}
	}
}

// try reads a queued picture. It returns neither a frame nor an error if the picture is incomplete or gone.
func (w *Watch) try(path string) (*vision.Frame, error) {
	a := w.waiting[path]
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !info.Mode().IsRegular()) {
		delete(w.waiting, path)
		return nil, nil
	}
	now := time.Now()
	var s stamp
	if err == nil {
		s = stampOf(info)
	}
	if old, ok := w.taken[path]; ok && old == s {
		delete(w.waiting, path) // an event for the version that was taken
		return nil, nil
	}
	if s != a.seen && a.seen != (stamp{}) { // it grew without an event
		a.changed = now
	}
	a.seen = s
	f, err := w.reader.read(path)
	if err == nil && !w.changed(path, s) {
		delete(w.waiting, path)
		w.taken[path] = s
		return f, nil
	}
	if err == nil {
		f.Release()
		a.changed = now
	}
	if err != nil && now.Sub(a.changed) >= w.opts.Patience {
		delete(w.waiting, path)
		w.taken[path] = s
		return nil, err
	}
	// Soon at first, then less often, so that a large picture that is written slowly is not decoded in vain all the time.
	pause := max(w.opts.Settle, min(now.Sub(a.changed)/2, w.opts.Patience/8))
	a.due = now.Add(pause)
	return nil, nil
}

// changed reports whether a file has changed.
func (w *Watch) changed(path string, was stamp) bool {
	info, err := os.Stat(path)
	return err != nil || stampOf(info) != was
}

// Stats say that the source is endless.
func (w *Watch) Stats() pipeline.Stats { return pipeline.Stats{Endless: true} }

// Live is false: no picture is dropped, however many come at once.
func (w *Watch) Live() bool { return false }

// Close ends the source and any waiting Next. Frames that were returned stay valid. It may be called twice.
func (w *Watch) Close() error {
	var err error
	w.once.Do(func() {
		close(w.stop)
		err = w.watcher.Close()
	})
	return errors.Join(err, w.reader.close())
}
