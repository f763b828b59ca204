package newfiles

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"corallite/internal/regfile"
)

// maxDepth is how far below the watched folder folders are watched. It ends what the check for loops cannot see.
const maxDepth = 64

// follow watches a folder, if there is a watcher yet, and, if Options.Recursive, those below it, and calls f with the files in them. Folders that
// are watched already, also under another name (a link to a folder above), are passed over, and so are hidden ones.
func (w *Folder) follow(dir string, f func(path string, s stamp)) error {
	real, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return fmt.Errorf("watching %s: %w", dir, regfile.Cause(err))
	}
	switch known, ok := w.reals[real]; {
	case ok && known != dir:
		return nil
	case !ok:
		// Before it is listed: files that appear in between are in the list, or get an event, or both.
		if w.watcher != nil {
			if err := w.watcher.Add(dir); err != nil {
				return fmt.Errorf("watching %s: %w", dir, tooMany(err))
			}
		}
		w.folders[dir], w.reals[real] = real, dir
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("watching %s: %w", dir, regfile.Cause(err))
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		info, err := os.Stat(path)
		switch {
		case err != nil: // gone, or a link to nothing
		case info.IsDir():
			if err := w.below(path, f); err != nil {
				return err
			}
		case w.opts.Kind.Has(path) && info.Mode().IsRegular():
			f(path, stampOf(info))
		}
	}
	return nil
}

// below is follow for a folder that is not the watched one: it may be gone, or not be readable, which is told once.
func (w *Folder) below(dir string, f func(path string, s stamp)) error {
	if !w.opts.Recursive || strings.HasPrefix(filepath.Base(dir), ".") || w.depth(dir) > maxDepth {
		return nil
	}
	err := w.follow(dir, f)
	switch {
	case err == nil || errors.Is(err, fs.ErrNotExist) || !isDir(dir):
		return nil
	case errors.Is(err, fs.ErrPermission):
		if !w.told[dir] && w.opts.Warn != nil {
			w.opts.Warn(err.Error() + ": what is in it is not seen")
		}
		w.told[dir] = true
		return nil
	}
	return err
}

// depth is how many folders below the watched one a folder is.
func (w *Folder) depth(dir string) int {
	below := strings.TrimPrefix(dir, filepath.Clean(w.dir))
	return strings.Count(below, string(filepath.Separator))
}

// forget ends watching a folder that was removed or moved away, and those below it.
func (w *Folder) forget(dir string) {
	inside := func(path string) bool {
		return path == dir || strings.HasPrefix(path, dir+string(filepath.Separator))
	}
	for known, real := range w.folders {
		if inside(known) {
			// A folder that was moved is still watched, under its old name. What was removed is not: that error is none.
			_ = w.watcher.Remove(known)
			delete(w.folders, known)
			delete(w.reals, real)
		}
	}
	for path := range w.taken {
		if inside(path) {
			delete(w.taken, path)
		}
	}
	for path := range w.waiting {
		if inside(path) {
			delete(w.waiting, path)
		}
	}
}

// isFolder reports whether a path is that of a watched folder.
func (w *Folder) isFolder(path string) bool {
	_, ok := w.folders[path]
	return ok
}

// appeared handles a folder that was made or moved into one that is watched: with all that is already in it.
func (w *Folder) appeared(dir string) {
	w.forget(dir) // another one had the name
	if err := w.below(dir, w.queue); err != nil && w.lost == nil {
		w.lost = err
	}
}

// queue queues a file that was not taken in its present version.
func (w *Folder) queue(path string, s stamp) {
	if old, ok := w.taken[path]; !ok || old != s {
		now := time.Now()
		w.waiting[path] = &arrival{path: path, due: now.Add(w.opts.Settle), changed: now}
	}
}

// tooMany says what is meant where Linux has no more watches for a user, and reports a full disk.
func tooMany(err error) error {
	if errors.Is(err, syscall.ENOSPC) {
		return errors.New("there are too many folders to watch: raise fs.inotify.max_user_watches (sysctl)")
	}
	return regfile.Cause(err)
}
