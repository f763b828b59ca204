package edgetpu

import (
	"errors"
	"fmt"
	"strings"
)

// Kinds of failure, for errors.Is.
var (
	ErrNoDevice          = errors.New("no Edge TPU found")
	ErrNotFound          = errors.New("libedgetpu not found")
	ErrUnreadable        = errors.New("libedgetpu cannot be read")
	ErrNotLibrary        = errors.New("libedgetpu is no shared library")
	ErrWrongArchitecture = errors.New("libedgetpu is for another processor")
	ErrMissingDependency = errors.New("libedgetpu needs a library that is not there")
	ErrMissingSymbol     = errors.New("libedgetpu lacks a function")
	ErrLoad              = errors.New("libedgetpu does not load")
	ErrTooOld            = errors.New("libedgetpu is too old")
	ErrClosed            = errors.New("libedgetpu was closed")
)

// LoadError is a libedgetpu that could not be loaded.
type LoadError struct {
	Kind   error  // one of the Err… above
	Path   string // the file, or the names tried
	Detail string // what was seen, in the loader's words where it had any
}

func (e *LoadError) Error() string { return fmt.Sprintf("%v: %s: %s", e.Kind, e.Path, e.Detail) }

func (e *LoadError) Unwrap() error { return e.Kind }

// OpenError is a device that could not be opened. libedgetpu gives no reason (edgetpu_create_delegate returns
// NULL), so that the causes are what the machine's files show.
type OpenError struct {
	Device Device
	Causes []string // likely causes, none when nothing was seen
}

func (e *OpenError) Error() string {
	const call = "edgetpu_create_delegate failed for"
	if len(e.Causes) == 0 {
		return fmt.Sprintf("%s %s: libedgetpu gives no reason, and neither permission nor another process is in the "+
			"way; plugging it in again may help", call, e.Device)
	}
	return fmt.Sprintf("%s %s: %s", call, e.Device, strings.Join(e.Causes, "; "))
}

// CheckRuntime says whether a libedgetpu can run a compiled package; the error wraps ErrTooOld and has both numbers.
func CheckRuntime(v Version, p *Package) error {
	if v.RuntimeVersion < p.MinRuntimeVersion {
		return fmt.Errorf("%w: its runtime version is %d and the model needs at least %d", ErrTooOld,
			v.RuntimeVersion, p.MinRuntimeVersion)
	}
	return nil
}
