// Package newfiles watches a folder for files: written, copied or moved there. It tells of a file when it seems complete;
// whoever reads it says whether it was.
package newfiles

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
)

// Options are the options of New.
type Options struct {
	Kind fileglob.Kind // of the files; hidden ones are none

	// Existing first gives the files that are already there, sorted by name.
	Existing bool
	// Settle is how long a file must be unchanged before it is read, above 0.
	Settle time.Duration
	// Patience is how long an unreadable file, which may still be being written, may be unchanged before it counts as
	// failed, above 0.
	Patience time.Duration
	// Written also waits for as long as a program has the file open for writing, where the system tells (see BeingWritten).
	// It is for files of which a part can be read as if it were all.
	Written bool
	// Recursive also gives files in folders below, also in those that are made or moved there later, and behind links to
	// folders, each folder once. Hidden folders are passed over.
	Recursive bool
	// Warn is told of folders below that cannot be read; nil: nobody is.
	Warn func(message string)
}

// Folder is a folder that is watched. All methods but Stop are called by one goroutine at a time.
type Folder struct {
	dir     string
	opts    Options
	watcher *fsnotify.Watcher
	stop    chan struct{}
	once    sync.Once

	taken   map[string]stamp
	waiting map[string]*arrival
	folders map[string]string // that are watched: their paths without links, by their paths
	reals   map[string]string // the other way round
	told    map[string]bool   // folders that cannot be read
	reading []*arrival        // what Begin gave, in order
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
	reading bool
	changed time.Time // last change
	seen    stamp
}

// New watches a folder. The caller stops it.
func New(dir string, o Options) (*Folder, error) {
	w := &Folder{dir: dir, opts: o, stop: make(chan struct{}), taken: map[string]stamp{}, waiting: map[string]*arrival{},
		folders: map[string]string{}, reals: map[string]string{}, told: map[string]bool{}}
	// Listed before watching begins and after, because files that appear in between get no event.
	if !o.Existing {
		if err := w.follow(filepath.Clean(dir), func(path string, s stamp) { w.taken[path] = s }); err != nil {
			return nil, err
		}
		clear(w.folders)
		clear(w.reals)
	}
	var err error
	if w.watcher, err = fsnotify.NewWatcher(); err != nil {
		return nil, fmt.Errorf("watching %s: %w", dir, tooMany(err))
	}
	if err := w.rescan(); err != nil {
		w.watcher.Close()
		return nil, err
	}
	return w, nil
}

func stampOf(info fs.FileInfo) stamp { return stamp{info.Size(), info.ModTime()} }

// rescan queues all files that were not taken in their present version.
func (w *Folder) rescan() error {
	now := time.Now()
	return w.follow(filepath.Clean(w.dir), func(path string, s stamp) {
		if old, ok := w.taken[path]; !ok || old != s {
			w.waiting[path] = &arrival{path: path, due: now, changed: now}
		}
	})
}

// Poll handles what has happened in the folder. Its error is that the folder can be watched no longer.
func (w *Folder) Poll() error {
	for {
		select {
		case event, ok := <-w.watcher.Events:
			if ok {
				w.note(event)
				continue
			}
		default:
		}
		return w.lost
	}
}

// due returns the first file, by name, that is due now, or else how long to wait for one; 0: until the next event.
func (w *Folder) due(now time.Time) (path string, wait time.Duration) {
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

// Wait waits until something happened in the folder, a file may be due, ctx ends or Stop is called.
func (w *Folder) Wait(ctx context.Context) {
	path, wait := w.due(time.Now())
	if path != "" {
		return
	}
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
func (w *Folder) note(event fsnotify.Event) {
	gone := event.Has(fsnotify.Remove) || event.Has(fsnotify.Rename)
	if filepath.Clean(event.Name) == filepath.Clean(w.dir) {
		if gone {
			w.lost = fmt.Errorf("watching %s: the folder was removed or renamed", w.dir)
		}
		return
	}
	path := filepath.Clean(event.Name)
	if !w.isFolder(filepath.Dir(path)) && !w.isFolder(path) {
		return // of a folder that was moved away
	}
	switch {
	case gone && w.isFolder(path):
		w.forget(path)
	case gone:
		delete(w.taken, path)
		delete(w.waiting, path)
	case event.Has(fsnotify.Create) && w.opts.Recursive && isDir(path):
		w.appeared(path)
	case w.opts.Kind.Has(path) && (event.Has(fsnotify.Create) || event.Has(fsnotify.Write)):
		now := time.Now()
		w.waiting[path] = &arrival{path: path, due: now.Add(w.opts.Settle), changed: now}
	}
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// Begin returns the next file to be read, if one is due. Each that it returns is ended with End, in this order; several may
// be read at the same time.
func (w *Folder) Begin() (path string, due bool) {
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

// check reports whether a queued file is to be read, and forgets it if it is gone or was taken in its present version.
func (w *Folder) check(path string) bool {
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
	grown := s != a.seen && a.seen != (stamp{}) // without an event
	if grown {
		a.changed = time.Now()
	}
	a.seen = s
	if w.opts.Written && (grown || BeingWritten(path)) {
		a.due = time.Now().Add(w.opts.Settle)
		return false
	}
	return true
}

// End ends the first file of those that Begin returned; err says why it could not be read. complete says that it was whole,
// and that this version does not come again. Otherwise err is the error of a file that is given up; nil: it comes again
// if it is still there.
func (w *Folder) End(err error) (complete bool, failed error) {
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
		return true, nil
	}
	if err == nil {
		a.changed = now
	}
	if !newest {
		return false, nil
	}
	if err != nil && now.Sub(a.changed) >= w.opts.Patience {
		delete(w.waiting, path)
		w.taken[path] = a.seen
		return false, err
	}
	// Soon at first, then less often, so that a large file that is written slowly is not read in vain all the time.
	pause := max(w.opts.Settle, min(now.Sub(a.changed)/2, w.opts.Patience/8))
	a.due = now.Add(pause)
	return false, nil
}

// Take ends the first file of those that Begin returned as End does of one that is complete, whether it has changed or not:
// what was in it was used.
func (w *Folder) Take() {
	a := w.reading[0]
	w.reading = w.reading[1:]
	a.reading = false
	if w.waiting[a.path] == a {
		delete(w.waiting, a.path)
	}
	w.taken[a.path] = a.seen
}

// changed reports whether a file has changed.
func (w *Folder) changed(path string, was stamp) bool {
	info, err := os.Stat(path)
	return err != nil || stampOf(info) != was
}

// Stopped is closed by Stop.
func (w *Folder) Stopped() <-chan struct{} { return w.stop }

// Stop ends the watching and any Wait. Any goroutine may call it, also twice.
func (w *Folder) Stop() error {
	var err error
	w.once.Do(func() {
		close(w.stop)
		err = w.watcher.Close()
	})
	return err
}
