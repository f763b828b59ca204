package annotate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"corallite/internal/output"
)

// target is the output file of a movie. It is locked while it is open.
type target struct {
	*os.File
	path string // the final name
	live bool   // whether the file has its final name from the beginning
}

// newTarget opens and truncates the file for the video of that name.
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

// complete renames the file to its final name and closes it.
func (t *target) complete() error {
	err := t.Sync() // reports errors of a full or broken disk
	if err == nil && !t.live {
		err = os.Rename(t.Name(), t.path)
	}
	return errors.Join(err, t.Close())
}

// keep truncates the file to size bytes and closes it.
func (t *target) keep(size int64) error {
	return errors.Join(t.Truncate(size), t.Close())
}

// remove removes the file. It is not an error if it no longer exists.
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
