package annotate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"corallite/internal/output"
)

// target is the file that a movie is written to. It is locked for as long as it is open.
type target struct {
	*os.File
	path string // the final name
	live bool   // whether the file has it from the beginning
}

// newTarget opens the file for the video of that name, and empties it.
func newTarget(path string, live bool) (*target, error) {
	// The number of a live video was free a moment ago. Others are written under a temporary name, which ends in .mp4.
	name, create := path, create
	if !live {
		name, create = partName(path), createPart
	}
	f, err := create(name, os.O_RDWR)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, cause(err))
	}
	if err = output.Lock(f, path); err == nil {
		err = f.Truncate(0)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &target{File: f, path: path, live: live}, nil
}

// partName is "DIR/walk.part.mp4" for "DIR/walk.mp4".
func partName(path string) string {
	ext := filepath.Ext(path)
	return strings.TrimSuffix(path, ext) + partSuffix + ext
}

// complete gives the file its name and closes it.
func (t *target) complete() error {
	err := t.Sync() // what a full or broken disk did not tell before, it tells here
	if err == nil && !t.live {
		err = os.Rename(t.Name(), t.path)
	}
	return errors.Join(err, t.Close())
}

// keep closes the file with its first size bytes.
func (t *target) keep(size int64) error {
	return errors.Join(t.Truncate(size), t.Close())
}

// remove removes the file. That it is gone already is no error.
func (t *target) remove() error {
	err := os.Remove(t.Name())
	if errors.Is(err, os.ErrNotExist) {
		err = nil
	}
	if err != nil {
		err = fmt.Errorf("removing %s: %w", t.Name(), cause(err))
	}
	return errors.Join(err, t.Close())
}
