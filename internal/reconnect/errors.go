package reconnect

import (
	"errors"
	"fmt"
	"time"
)

// ErrNothing is what a Life's Next returns when nothing came in a moment.
var ErrNothing = errors.New("nothing came yet")

// ErrClosed is what Next returns after Close.
var ErrClosed = errors.New("the source is closed")

// PermanentError is what does not come right by itself.
type PermanentError struct{ Err error }

func (e *PermanentError) Error() string { return e.Err.Error() }

func (e *PermanentError) Unwrap() error { return e.Err }

// Permanent marks an error as a PermanentError; nil stays nil.
func Permanent(err error) error {
	if err == nil {
		return nil
	}
	return &PermanentError{err}
}

// IsPermanent says whether an error, or one in it, is a PermanentError.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}

// StallError is a life that gave nothing for too long.
type StallError struct {
	After time.Duration
	Note  string // what the life said of itself; "": nothing
}

func (e *StallError) Error() string {
	text := fmt.Sprintf("nothing came for %v", e.After)
	if e.Note != "" {
		text += ": " + e.Note
	}
	return text
}
