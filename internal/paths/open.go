package paths

import (
	"errors"
	"fmt"
	"os"
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
	f, err := os.Open(path)
	if err != nil {
		return nil, Cause(err)
	}
	return f, nil
}

// Cause is an error of package os without the path, where what is around it names the path.
func Cause(err error) error {
	var path *os.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}
