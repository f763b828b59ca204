package configs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"corallite/models"
)

// finder finds a model's files.
type resolver struct {
	dirs  []string // folders to search for relative paths, in this order
	store *models.Store
}

// finder returns the finder for the model at p: it searches the folder of the file that defines it, models/ in there,
// the working directory and models/ in there.
func (s *layers) resolver(p path, store *models.Store) resolver {
	beside := filepath.Dir(s.files[p.folded()].file)
	f := resolver{store: store}
	for _, dir := range []string{beside, filepath.Join(beside, "models"), ".", "models"} {
		if !slices.Contains(f.dirs, dir) {
			f.dirs = append(f.dirs, dir)
		}
	}
	return f
}

// model finds a model by its catalog name or its path; a file that is nowhere else may be in the cache.
func (f resolver) model(ref string) (models.Found, error) {
	if _, ok := f.store.Lookup(ref); ok {
		return f.store.Find(ref)
	}
	file, err := f.file(ref)
	if err == nil {
		return f.store.Find(file)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return models.Found{}, err
	}
	found, storeErr := f.store.Find(ref)
	var unknown *models.UnknownError
	switch {
	case storeErr == nil:
		return found, nil
	case !errors.As(storeErr, &unknown):
		return models.Found{}, storeErr
	case unknown.Near != "":
		return models.Found{}, fmt.Errorf("%w; did you mean %q of the catalog?", err, unknown.Near)
	case len(unknown.Like) > 0:
		return models.Found{}, fmt.Errorf("%w%s", err, unknown.Hint())
	}
	return models.Found{}, fmt.Errorf("%w; `corallite models list` has the names of those that can be pulled", err)
}

// file finds a file in the finder's folders, and then in further ones. A file in the cache must match its checksum.
func (f resolver) file(ref string, further ...string) (string, error) {
	dirs := append(slices.Clone(f.dirs), further...)
	if filepath.IsAbs(ref) {
		dirs = []string{""}
	}
	for _, dir := range dirs {
		place := filepath.Join(dir, ref)
		switch info, err := os.Stat(place); {
		case err == nil && info.Mode().IsRegular():
			return place, f.store.Check(place)
		case err == nil:
			return "", fmt.Errorf("%s is not a file", place)
		case !errors.Is(err, fs.ErrNotExist):
			return "", err
		}
	}
	return "", missingFileError{ref, dirs}
}

// missingFileError is for a file that is in none of the folders.
type missingFileError struct {
	ref  string
	dirs []string
}

func (e missingFileError) Error() string {
	if filepath.IsAbs(e.ref) {
		return "there is no file " + e.ref
	}
	var words []string
	for _, dir := range e.dirs {
		if dir == "." {
			dir = "the working directory"
		}
		if !slices.Contains(words, dir) {
			words = append(words, dir)
		}
	}
	return fmt.Sprintf("there is no file %s in %s", e.ref, joinWords(words))
}

func (e missingFileError) Is(target error) bool { return target == fs.ErrNotExist }

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
