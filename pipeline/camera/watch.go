package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
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
	ahead   ahead

	// Used by Next only.
	taken   map[string]stamp
	waiting map[string]*arrival
	reading []*arrival // what ahead has, in order
	lost    error
}

// stamp identifies a version of a file.
type stamp struct {
	size    int64
	written time.Time
}

// arrival is a file to be read.
type arrival struct {
	path    string
	due     time.Time // when to check it again
	reading bool      // it is being decoded
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
	w.ahead.start(w.begin)
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
			w.waiting[path] = &arrival{path: path, due: now, changed: now}
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
		w.noteAll()
		if w.lost != nil {
			return nil, w.lost
		}
		d, err := w.ahead.wait(ctx)
		switch {
		case errors.Is(err, io.EOF):
			_, wait := w.due(time.Now())
			w.wait(ctx, wait)
		case err != nil:
			return nil, err
		default:
			f, err := w.ahead.take(d)
			if errors.Is(err, ErrClosed) {
				return nil, err
			}
			if f, err = w.decoded(f, err); f != nil || err != nil {
				return f, err
			}
		}
	}
}

// noteAll handles the events that are there.
func (w *Watch) noteAll() {
	for {
		select {
		case event, ok := <-w.watcher.Events:
			if !ok {
				return
			}
			w.note(event)
		default:
			return
		}
	}
}

// due returns the first picture, by name, that is due now, or else how long to wait for one; 0: until the next event.
func (w *Watch) due(now time.Time) (path string, wait time.Duration) {
	for name, a := range w.waiting {
		if a.reading {
			continue
		}
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
		w.waiting[path] = &arrival{path: path, due: now.Add(w.opts.Settle), changed: now}
	}
}

// begin returns the next picture to be decoded.
func (w *Watch) begin() (path string, more bool) {
	for {
		path, _ := w.due(time.Now())
		if path == "" {
			return "", false
		}
		if w.check(path) {
			a := w.waiting[path]
			a.reading = true
			w.reading = append(w.reading, a)
			return path, true
		}
	}
}

// check reports whether a queued picture is to be read, and forgets it if it is gone or was taken in its present version.
func (w *Watch) check(path string) bool {
	a := w.waiting[path]
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && !info.Mode().IsRegular()) {
		delete(w.waiting, path)
		return false
	}
	var s stamp
	if err == nil {
		s = stampOf(info)
	}
	if old, ok := w.taken[path]; ok && old == s {
		delete(w.waiting, path) // an event for the version that was taken
		return false
	}
	if s != a.seen && a.seen != (stamp{}) { // it grew without an event
		a.changed = time.Now()
	}
	a.seen = s
	return true
}

// decoded handles the next picture that was decoded. It returns neither a frame nor an error if the picture is incomplete or
// gone.
func (w *Watch) decoded(f *vision.Frame, err error) (*vision.Frame, error) {
	a := w.reading[0]
	w.reading = w.reading[1:]
	a.reading = false
	now, path := time.Now(), a.path
	newest := w.waiting[path] == a // not removed, or written again, meanwhile
	if err == nil && !w.changed(path, a.seen) {
		if newest {
			delete(w.waiting, path)
		}
		w.taken[path] = a.seen
		return f, nil
	}
	if err == nil {
		f.Release()
		a.changed = now
	}
	if !newest {
		return nil, nil
	}
	if err != nil && now.Sub(a.changed) >= w.opts.Patience {
		delete(w.waiting, path)
		w.taken[path] = a.seen
		return nil, err
	}
	// Soon at first, then less often, so that a large picture that is written slowly is not decoded in vain all the time.
	pause := max(w.opts.Settle, min(now.Sub(a.changed)/2, w.opts.Patience/8))
	a.due = now.Add(pause)
	return nil, nil
}

// Reduce lets JPEGs be decoded in a smaller size, as Reducer says.
func (w *Watch) Reduce(by func(width, height int) float64) { w.ahead.reader.reduce(by) }

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
	return errors.Join(err, w.ahead.close())
}
