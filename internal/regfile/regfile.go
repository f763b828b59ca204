// Package regfile opens and reads regular files only, of a bounded size: a named pipe would block for ever, and a device
// such as /dev/zero has no end.
package regfile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"syscall"
)

// OpenRegular opens a file that is one: opening a named pipe waits for ever, and a device has no end. Its errors do not
// have the path.
func OpenRegular(path string) (*os.File, error) {
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
	// What lies there may have changed since. Then at least nothing waits for the other end of a pipe.
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

// ReadRegular reads a file that is one, of at most so many bytes, whole. Its errors do not have the path.
func ReadRegular(path string, most int64) ([]byte, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return ReadAtMost(f, most)
}

// Open is OpenRegular with the path in its errors.
func Open(path string) (*os.File, error) {
	f, err := OpenRegular(path)
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return f, nil
}

// Read is ReadRegular with the path in its errors.
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

// ReadAtMost reads what is left of a file, which must not be more than so many bytes. Its errors do not have the path.
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

// TooLargeError is a file that is larger than what is read of its kind.
type TooLargeError struct{ Most int64 } // bytes

func (e *TooLargeError) Error() string { return fmt.Sprintf("has more than %d bytes", e.Most) }

// Cause is an error of package os without the path, where what is around it names the path.
func Cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
