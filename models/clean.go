package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Garbage is a file or a folder in the cache that no entry of the catalog uses.
type Garbage struct {
	Path string
	Size int64 // bytes, of all files below it
	Why  string
}

// Garbage returns what Collect would remove, in the order of the paths. Folders that no pull made, packages in the downloads folder, which other
// programs may share, lock files, and what is kept of files elsewhere are not looked at.
func (s *Store) Garbage() ([]Garbage, error) {
	if s.noCache != nil {
		return nil, s.noCache
	}
	var out []Garbage
	for _, root := range []string{"checked", "models"} {
		folders, err := readFolder(filepath.Join(s.cache, root))
		if err != nil {
			return nil, err
		}
		for _, d := range folders {
			found, err := s.garbageIn(root, d)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}

// garbageIn returns what no entry uses of a folder in "models" or "checked".
func (s *Store) garbageIn(root string, d fs.DirEntry) ([]Garbage, error) {
	folder := filepath.Join(s.cache, root, d.Name())
	if !d.IsDir() || !exists(filepath.Join(s.cache, "locks", d.Name())) {
		return nil, nil // no pull made it: it is the user's, of whom the cache's folder may be
	}
	e, ok := s.Lookup(d.Name())
	if !ok {
		return garbage(nil, folder, "no model of the catalog has that name")
	}
	files, err := readFolder(folder)
	if err != nil {
		return nil, err
	}
	used := s.used(e, root)
	var out []Garbage
	for _, f := range files {
		if used[f.Name()] || strings.HasPrefix(f.Name(), ".new-") { // of a process that is writing
			continue
		}
		if out, err = garbage(out, filepath.Join(folder, f.Name()), "no file of "+e.Name+" has that name"); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// used has the names in an entry's folder that are of use: of its files, the records of those that need one, and partial
// downloads of those that are not complete.
func (s *Store) used(e *Entry, root string) map[string]bool {
	names := map[string]bool{}
	for _, f := range e.Files.All() {
		if root == "checked" {
			names[f.Name()+".json"] = true
			continue
		}
		names[f.Name()] = true
		if f.SHA256 == "" {
			names[recordPlace(f.Name())] = true
		}
		if !s.whole(e, f) {
			names[f.Name()+".part"], names[f.Name()+".part.etag"] = true, true
		}
	}
	return names
}

// garbage appends a path with the size of all that is below it. Links are not followed.
func garbage(out []Garbage, path, why string) ([]Garbage, error) {
	g := Garbage{Path: path, Why: why}
	err := filepath.WalkDir(path, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			g.Size += info.Size()
		}
		return err
	})
	if errors.Is(err, fs.ErrNotExist) { // somebody else was faster
		return out, nil
	}
	return append(out, g), err
}

// readFolder is os.ReadDir; a folder that is not there is empty.
func readFolder(path string) ([]fs.DirEntry, error) {
	entries, err := os.ReadDir(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return entries, err
}

// Collect removes what Garbage finds and returns what was removed, also with an error. The files of a model that another
// process is pulling are looked at when it is done.
func (s *Store) Collect(ctx context.Context) ([]Garbage, error) {
	found, err := s.Garbage()
	if err != nil {
		return nil, err
	}
	var removed []Garbage
	for _, g := range found {
		gone, err := s.collect(ctx, g)
		if err != nil {
			return removed, err
		}
		if gone {
			removed = append(removed, g)
		}
	}
	return removed, nil
}

func (s *Store) collect(ctx context.Context, g Garbage) (bool, error) {
	rel, err := filepath.Rel(s.cache, g.Path)
	if err != nil {
		return false, err
	}
	parts := strings.Split(rel, string(filepath.Separator)) // models/NAME or models/NAME/FILE
	unlock, err := lock(ctx, filepath.Join(s.cache, "locks"), parts[1], func() {})
	if err != nil {
		return false, fmt.Errorf("remove %s: %w", g.Path, err)
	}
	defer unlock()
	if e, ok := s.Lookup(parts[1]); ok && len(parts) == 3 && s.used(e, parts[0])[parts[2]] {
		return false, nil
	}
	if err := os.RemoveAll(g.Path); err != nil {
		return false, fmt.Errorf("remove %s: %w", g.Path, storageError(err))
	}
	return true, nil
}

// Outdated returns, for the models of which the cache has files, those that a pull would replace or add: they differ from
// the catalog's sha256 or git object id, or from what was recorded, or the catalog has them and the cache has not. A file
// is read unless it was checked before and has not changed. Built-in files are not among them; using them replaces them.
func (s *Store) Outdated(ctx context.Context) ([]Verdict, error) {
	if s.noCache != nil {
		return nil, s.noCache
	}
	var out []Verdict
	for i := range s.catalog.entries {
		e := &s.catalog.entries[i]
		files, err := readFolder(s.dir(e))
		if err != nil {
			return out, err
		}
		if len(files) == 0 {
			continue
		}
		for _, f := range e.Files.All() {
			if err := ctx.Err(); err != nil {
				return out, err
			}
			if p, err := s.pin(e, f); f.Shipped != "" || err == nil && !p.verifiable() {
				continue
			}
			if v, ok := s.verdict(e, f, s.checkOnce); !ok {
				out = append(out, v)
			}
		}
	}
	return out, nil
}
