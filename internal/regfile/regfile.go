// Package regfile opens and reads only regular files, up to a maximum size: opening a named pipe could block for ever,
// and a device such as /dev/zero has no end.
package regfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// OpenBare opens a regular file; anything else is an error. Its errors are bare: they do not contain the path.
func OpenBare(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, Cause(err)
	}
	switch {
	case info.IsDir():
		return nil, errors.New("is a folder, not a file")
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("is not a regular file (%s)", info.Mode().Type())
	}
	// The file may have been replaced since; O_NONBLOCK keeps a pipe from blocking.
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, Cause(err)
	}
	if info, err = f.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = f.Close()
		return nil, errors.New("is not a regular file")
	}
	return f, nil
}

// ReadBare reads a whole regular file of at most the given number of bytes. Its errors do not contain the path.
func ReadBare(path string, most int64) ([]byte, error) {
	f, err := OpenBare(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAtMost(f, most)
}

// Open is OpenBare with the path in its errors.
func Open(path string) (*os.File, error) {
	f, err := OpenBare(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// Read is ReadBare with the path in its errors.
func Read(path string, most int64) ([]byte, error) {
	f, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := ReadAtMost(f, most)
	if err != nil {
		return nil, &os.PathError{Op: "read", Path: path, Err: err}
	}
	return data, nil
}

// ReadAtMost reads the rest of a file, at most the given number of bytes. Its errors do not contain the path.
func ReadAtMost(f *os.File, most int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(f, most+1))
	switch {
	case err != nil:
		return nil, Cause(err)
	case int64(len(data)) > most:
		return nil, &TooLargeError{Most: most}
	}
	return data, nil
}

// TooLargeError is a file that exceeds the maximum size.
type TooLargeError struct{ Most int64 } // bytes

func (e *TooLargeError) Error() string { return fmt.Sprintf("has more than %d bytes", e.Most) }

// Cause strips the operation and the path from an error of package os, for messages that already name the file.
func Cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
