package annotate

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// partSuffix marks a file that is not complete.
const partSuffix = ".part"

// openFolder creates the folder if necessary, and fails if files cannot be created in it, so that a run fails before
// its work rather than after.
func openFolder(dir string) error {
	if dir == "" {
		return errors.New("output folder: no name given")
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return fmt.Errorf("output folder %s: %w", dir, cause(err))
	}
	probe, err := os.CreateTemp(dir, ".corallite-*"+partSuffix)
	if err != nil {
		return fmt.Errorf("output folder %s: cannot put files into it: %w", dir, cause(err))
	}
	return errors.Join(probe.Close(), os.Remove(probe.Name()))
}

// writeFile writes data to path atomically: a partial file is never visible, and a failure keeps the previous file.
func writeFile(path string, data []byte) (err error) {
	part := path + partSuffix
	f, err := createPart(part, os.O_WRONLY|os.O_TRUNC)
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, cause(err))
	}
	defer func() {
		if err != nil {
			os.Remove(part)
			err = fmt.Errorf("writing %s: %w", path, cause(err))
		}
	}()
	if _, err := f.Write(data); err != nil {
		f.Close()
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return os.Rename(part, path)
}

// create opens a file, creating it if necessary, and its folder too, which may have been removed.
func create(path string, flags int) (*os.File, error) {
	f, err := os.OpenFile(path, flags|os.O_CREATE, 0o666)
	if errors.Is(err, os.ErrNotExist) && os.MkdirAll(filepath.Dir(path), 0o777) == nil {
		f, err = os.OpenFile(path, flags|os.O_CREATE, 0o666)
	}
	return f, err
}

// createPart is create for a temporary file. Symbolic links are not followed.
func createPart(path string, flags int) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&os.ModeSymlink != 0 {
		if err := os.Remove(path); err != nil {
			return nil, err
		}
	}
	return create(path, flags|unix.O_NOFOLLOW)
}

// cause removes the function and the path from an error of package os when the message already names the file.
func cause(err error) error {
	var p *os.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	var l *os.LinkError
	if errors.As(err, &l) {
		return l.Err
	}
	return err
}

// isFolder reports whether path is a folder.
func isFolder(path string) bool {
	st, err := os.Stat(filepath.Clean(path))
	return err == nil && st.IsDir()
}
