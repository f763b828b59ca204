package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// State is how much of a model is in the cache.
type State string

// The states of a model or a file.
const (
	Absent     State = "absent"     // no files
	Incomplete State = "incomplete" // some files, or files of the wrong size
	Cached     State = "cached"     // all files by size (Verify reads them), or built into the program
	Damaged    State = "damaged"    // a file with the wrong sha256, or unreadable
)

// Status is a model of the catalog and its state in the cache.
type Status struct {
	Entry *Entry
	State State
	Size  int64  // bytes in the cache, or once pulled; 0: unknown before a pull
	Path  string // where the model file is or would be; "" without a cache folder
}

// List returns the state of every model of the catalog, in its order. It checks the sizes of files and does not read
// them.
func (s *Store) List() []Status {
	out := make([]Status, len(s.catalog.entries))
	for i := range s.catalog.entries {
		out[i] = s.status(&s.catalog.entries[i])
	}
	return out
}

func (s *Store) status(e *Entry) Status {
	st := Status{Entry: e, State: Absent, Size: s.size(e)}
	if s.noCache != nil {
		return st
	}
	st.Path = s.place(e, e.Files.Model)
	there, whole := 0, 0
	needed := s.needed(e)
	for _, f := range needed {
		if exists(s.place(e, f)) {
			there++
		}
		if s.whole(e, f) {
			whole++
		}
	}
	switch {
	case whole == len(needed):
		st.State = Cached
	case there > 0:
		st.State = Incomplete
	}
	return st
}

// whole reports whether a file is there with the size that it should have, or is built in.
func (s *Store) whole(e *Entry, f *File) bool {
	p, err := s.pin(e, f)
	return f.Shipped != "" || err == nil && p.known() && hasSize(s.place(e, f), p.size)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// Verdict is Verify's result for one file.
type Verdict struct {
	Model string
	Path  string
	State State // Cached, Absent or Damaged
	Err   error // why it is damaged
	// Verified says that the expected sha256 is the catalog's, or was recorded of a file that had the catalog's git object
	// id; otherwise of one that was accepted unverified.
	Verified bool
}

// Verify reads the files of the named models (none: all that have a file in the cache) and compares their sha256 with
// the catalog's, or the recorded one where the catalog has none. The error is about the names or ctx; damaged files are
// reported in the verdicts.
func (s *Store) Verify(ctx context.Context, names ...string) ([]Verdict, error) {
	if s.noCache != nil {
		return nil, s.noCache
	}
	if len(names) == 0 {
		for _, st := range s.List() {
			if st.State != Absent {
				names = append(names, st.Entry.Name)
			}
		}
	}
	var out []Verdict
	for _, name := range names {
		e, ok := s.Lookup(name)
		if !ok {
			return out, s.unknown(name)
		}
		for _, f := range s.needed(e) {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			if f.Shipped != "" && !exists(s.place(e, f)) {
				continue // it is unpacked on first use
			}
			v, _ := s.verdict(e, f, s.check)
			out = append(out, v)
		}
	}
	return out, nil
}

// verdict checks a file; ok says that it is what it should be.
func (s *Store) verdict(e *Entry, f *File, check func(*Entry, *File) error) (v Verdict, ok bool) {
	v = Verdict{Model: e.Name, Path: s.place(e, f), State: Cached, Verified: f.SHA256 != "" || f.GitBlob != ""}
	switch err := check(e, f); {
	case errors.Is(err, fs.ErrNotExist):
		v.State, v.Err = Absent, err
	case err != nil:
		v.State, v.Err = Damaged, err
	}
	return v, v.Err == nil
}

// Remove removes a model from the cache, including partial downloads. Packages that its files were taken from stay in
// the downloads folder. A model that is not in the cache is an error.
func (s *Store) Remove(ctx context.Context, name string) error {
	e, ok := s.Lookup(name)
	if !ok {
		return s.unknown(name)
	}
	if s.noCache != nil {
		return s.noCache
	}
	if _, err := os.Lstat(s.dir(e)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("model %s is not in the cache (%s)", name, s.dir(e))
	}
	unlock, err := lock(ctx, filepath.Join(s.cache, "locks"), name, func() {})
	if err != nil {
		return fmt.Errorf("remove %s: %w", name, err)
	}
	defer unlock()
	for _, dir := range []string{s.checkedFolder(e), s.dir(e)} {
		if err := os.RemoveAll(dir); err != nil {
			return fmt.Errorf("remove %s: %w", name, storageError(err))
		}
	}
	return nil
}
