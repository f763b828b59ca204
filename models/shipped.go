package models

import (
	"context"
	"fmt"
	"path/filepath"
)

// unpackMissing writes an entry's built-in files to the cache, because the runtime needs them as files. Files that
// another version of the program left there are replaced.
func (s *Store) unpackMissing(e *Entry) error {
	var missing []*File
	for _, f := range e.Files.All() {
		if f.Shipped != "" && s.checkOnce(e, f) != nil {
			missing = append(missing, f)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	// Writing a small file takes no time worth cancelling.
	unlock, err := lock(context.Background(), filepath.Join(s.cache, "locks"), e.Name, func() {})
	if err != nil {
		return fmt.Errorf("model %s: %w", e.Name, err)
	}
	defer unlock()
	for _, f := range missing {
		if s.check(e, f) == nil {
			continue // another process was faster
		}
		if err := s.unpack(e, f); err != nil {
			return fmt.Errorf("model %s: %w", e.Name, err)
		}
	}
	return nil
}

// unpack writes a built-in file to the cache.
func (s *Store) unpack(e *Entry, f *File) error {
	if s.catalog.shipped == nil {
		return fmt.Errorf("%s is not built into this program", f.Shipped)
	}
	r, err := s.catalog.shipped.Open(f.Shipped)
	if err != nil {
		return fmt.Errorf("%s is not built into this program: %w", f.Shipped, err)
	}
	defer r.Close()
	return storageError(install(s.place(e, f), r, f.Size, f.SHA256))
}
