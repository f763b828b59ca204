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

// WatchOptions say how a folder is watched. The zero value has sensible times.
type WatchOptions struct {
	// Existing takes the pictures that are there already first, sorted by name.
	Existing bool
	// Settle is how long a file must not have changed before it is read; 0: 100 ms.
	Settle time.Duration
	// Patience is how long a file that cannot be read yet, because it is still being written, may stay without a
	// change before it counts as failed; 0: 5 s.
	Patience time.Duration
}

// Watch is a source of the pictures that appear in a folder (not below it): written, copied or moved there, with the
// name of a picture and not hidden. A picture is taken when it is complete: when it has not changed for a moment and
// can be read. One that is written anew is taken again.
type Watch struct {
	dir     string
	opts    WatchOptions
	watcher *fsnotify.Watcher
	stop    chan struct{}
	once    sync.Once
	reader  reader

	// Next alone uses these, and one goroutine calls it.
	taken   map[string]stamp
	waiting map[string]*arrival
	lost    error
}

// stamp tells one content of a file from another.
type stamp struct {
	size    int64
	written time.Time
}

// arrival is a file that is to be read.
type arrival struct {
	due     time.Time // when to look at it again
	changed time.Time // when it changed last
	seen    stamp
}

var _ pipeline.Source[*vision.Frame] = (*Watch)(nil)

// NewWatch watches a folder. Whoever makes the source closes it.
func NewWatch(dir string, o WatchOptions) (*Watch, error) {
	if o.Settle <= 0 {
		o.Settle = 100 * time.Millisecond
	}
	if o.Patience <= 0 {
		o.Patience = 5 * time.Second
	}
	w := &Watch{dir: dir, opts: o, stop: make(chan struct{}), taken: map[string]stamp{}, waiting: map[string]*arrival{}}
	// Listed before watching begins and after: what came between the two is new, and gets no event.
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

// rescan makes pictures wait that are not taken yet, as they are now.
func (w *Watch) rescan() error {
	now := time.Now()
	return w.list(func(path string, s stamp) {
		if old, ok := w.taken[path]; !ok || old != s {
			w.waiting[path] = &arrival{due: now, changed: now}
		}
	})
}

// Next waits for the next picture. It returns an error when the folder goes away.
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

// due is the first picture that is to be looked at now, by name, or else how long to wait for one; 0: until there is
// an event.
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

// wait waits for an event, for the time, or for the end.
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
		// When events came too fast for the system to keep, looking through the folder finds what they said.
		if errors.Is(err, fsnotify.ErrEventOverflow) {
			err = w.rescan()
		}
		if err != nil {
			w.lost = fmt.Errorf("watching %s: %w", w.dir, err)
		}
	}
}

// note takes down what an event says.
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

// try reads a picture that waits. Neither a frame nor an error: it is not complete yet, or there is nothing to read.
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
		delete(w.waiting, path) // an event of the content that was taken
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
	// Soon at first, then less often: a large picture that is written slowly is not decoded in vain all the time.
	pause := max(w.opts.Settle, min(now.Sub(a.changed)/2, w.opts.Patience/8))
	a.due = now.Add(pause)
	return nil, nil
}

// changed says whether a file is another than it was.
func (w *Watch) changed(path string, was stamp) bool {
	info, err := os.Stat(path)
	return err != nil || stampOf(info) != was
}

// Stats say that pictures may come for as long as the program runs.
func (w *Watch) Stats() pipeline.Stats { return pipeline.Stats{Endless: true} }

// Live is false: no picture is dropped, however many come at once.
func (w *Watch) Live() bool { return false }

// Close ends the source, and a Next that waits. Frames that are out stay valid. Twice is safe.
func (w *Watch) Close() error {
	var err error
	w.once.Do(func() {
		close(w.stop)
		err = w.watcher.Close()
	})
	return errors.Join(err, w.reader.close())
}
