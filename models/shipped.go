package models

import (
	"context"
	"fmt"
	"path/filepath"
)

// unpackMissing writes the shipped files of an entry that are not in the cache: nobody has to pull what the program
// has in itself, but the runtime wants it as a file. Another version of the program may have left one of the same size
// there.
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
	// It takes no longer than writing the file, so that there is nothing to cancel.
	unlock, err := lock(context.Background(), filepath.Join(s.cache, "locks"), e.Name, func() {})
	if err != nil {
		return fmt.Errorf("model %s: %w", e.Name, err)
	}
	defer unlock()
	for _, f := range missing {
		if s.check(e, f) == nil {
			continue // another process has just done it
		}
		if err := s.unpack(e, f); err != nil {
			return fmt.Errorf("model %s: %w", e.Name, err)
		}
	}
	return nil
}

// unpack writes a shipped file to its place.
func (s *Store) unpack(e *Entry, f *File) error {
	if s.catalog.shipped == nil {
		return fmt.Errorf("%s is not in this program", f.Shipped)
	}
	r, err := s.catalog.shipped.Open(f.Shipped)
	if err != nil {
		return fmt.Errorf("%s is not in this program: %w", f.Shipped, err)
	}
	defer r.Close()
	return storageError(install(s.place(e, f), r, f.Size, f.SHA256))
}
