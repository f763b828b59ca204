// Package panicerr turns panics into errors.
package panicerr

import (
	"errors"
	"fmt"
	"runtime/debug"
)

// Error is a recovered panic.
type Error struct {
	Where string // what panicked: "prepare", "the source"
	Value any    // the argument of panic
	Stack []byte
}

func (e *Error) Error() string { return fmt.Sprintf("%s panicked: %v", e.Where, e.Value) }

// Unwrap returns the panic's value if it is an error.
func (e *Error) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}

// Recover turns a panic into an *Error. It must be deferred itself:
//
//	defer panicerr.Recover(&err, "the engine")
func Recover(err *error, where string) {
	if v := recover(); v != nil {
		*err = &Error{Where: where, Value: v, Stack: debug.Stack()}
	}
}

// Is reports whether err wraps an *Error.
func Is(err error) bool {
	var p *Error
	return errors.As(err, &p)
}
