package models

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
)

// fromMirror puts a file into dest from the mirror, by its sha256 or its name. It returns errAbsent when there is no
// mirror or when the mirror has neither.
func (s *Store) fromMirror(ctx context.Context, dest, name string, size int64, sum string, onBytes func(int64)) error {
	if s.mirror == "" {
		return errAbsent
	}
	fetch := s.copyFrom
	if isAddress(s.mirror) {
		fetch = func(ctx context.Context, name, dest string, size int64, sum string, onBytes func(int64)) error {
			return s.download(ctx, strings.TrimSuffix(s.mirror, "/")+"/"+url.PathEscape(name), dest, size, sum, onBytes)
		}
	} else if info, err := os.Stat(s.mirrorFolder()); err != nil || !info.IsDir() {
		return fmt.Errorf("CORALLITE_MODEL_MIRROR: %s is no folder and no http(s) address", s.mirror)
	}
	for _, word := range []string{sum, name} {
		err := fetch(ctx, word, dest, size, sum, onBytes)
		if err == nil {
			return nil
		}
		if !errors.Is(err, errAbsent) {
			return fmt.Errorf("mirror: %w", err)
		}
	}
	return errAbsent
}

func isAddress(mirror string) bool {
	lower := strings.ToLower(mirror)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

func (s *Store) mirrorFolder() string { return strings.TrimPrefix(s.mirror, "file://") }

func (s *Store) copyFrom(_ context.Context, name, dest string, size int64, sum string, onBytes func(int64)) error {
	path := filepath.Join(s.mirrorFolder(), name)
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return errAbsent
	}
	if err != nil {
		return err
	}
	defer f.Close()
	err = install(dest, f, size, sum)
	var wrong *HashError
	if errors.As(err, &wrong) {
		wrong.Path = path
		return wrong
	}
	if err != nil {
		return storageError(err)
	}
	onBytes(size)
	return nil
}
