package reconnect

import (
	"errors"
	"fmt"
	"time"
)

// ErrNothing is returned by Session.Next when no item came within its short wait.
var ErrNothing = errors.New("nothing received yet")

// ErrEarly is returned by Session.Next when items came within its short wait, all too early to be wanted: the session is well.
var ErrEarly = errors.New("nothing wanted received yet")

// ErrClosed is returned by Next after Close.
var ErrClosed = errors.New("the source is closed")

// PermanentError is an error that retrying cannot mend.
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

// IsPermanent reports whether err is or wraps a PermanentError.
func IsPermanent(err error) bool {
	var p *PermanentError
	return errors.As(err, &p)
}

// StallError is the loss of a session that gave nothing for too long.
type StallError struct {
	After time.Duration
	Note  string // Session.Note; empty if unknown
}

func (e *StallError) Error() string {
	text := fmt.Sprintf("no data for %v", e.After)
	if e.Note != "" {
		text += ": " + e.Note
	}
	return text
}
