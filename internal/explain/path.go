package explain

import (
	"errors"
	"io/fs"
)

// Cause leaves out what was done and the path, for an error that stands in a message which names the file already.
func Cause(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}
