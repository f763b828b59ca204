package explain

import (
	"errors"
	"io/fs"
)

// Cause strips the operation and the path from an error, for messages that already name the file.
func Cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
