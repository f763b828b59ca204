package hub

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net/http"
	"time"

	"corallite/internal/explain"
	"corallite/pipeline"
	"corallite/pipeline/camera"
)

// Error is why a request is not answered.
type Error struct {
	Status int           // of HTTP
	After  time.Duration // with status 503: when to try again
	Err    error
}

func (e *Error) Error() string { return e.Err.Error() }
func (e *Error) Unwrap() error { return e.Err }

// Bad is a request that is at fault: status 400.
func Bad(format string, args ...any) *Error { return Fault(http.StatusBadRequest, format, args...) }

// BadJSON is a request, or a named part of it, that is not the JSON that is expected, given the error of encoding/json.
func BadJSON(what string, text []byte, err error) *Error {
	return Bad("%s is not the JSON that is expected: %w", what, explain.JSONOf(what, text, err))
}

// Fault is an error with a status.
func Fault(status int, format string, args ...any) *Error {
	return &Error{Status: status, Err: fmt.Errorf(format, args...)}
}

// busy is a request that cannot be answered in time.
func busy(after time.Duration, format string, args ...any) *Error {
	return &Error{Status: http.StatusServiceUnavailable, After: max(after, time.Second), Err: fmt.Errorf(format, args...)}
}

// AsError is an error of any kind as one with a status: what is the fault of the picture 400, what took too long 503, all
// else 500.
func AsError(err error) *Error {
	var e *Error
	var body *http.MaxBytesError
	var large *camera.TooLargeError
	var item *pipeline.ItemError
	switch {
	case errors.As(err, &e):
		return e
	case errors.As(err, &body):
		return Fault(http.StatusRequestEntityTooLarge, "the request has more than %d bytes", body.Limit)
	case errors.As(err, &large):
		return &Error{Status: http.StatusRequestEntityTooLarge, Err: err}
	case errors.Is(err, context.DeadlineExceeded):
		return busy(0, "the models are too busy to answer in time")
	case errors.As(err, &item):
		return &Error{Status: http.StatusBadRequest, Err: err}
	}
	return &Error{Status: http.StatusInternalServerError, Err: err}
}

// RetryAfter is when to try again, in whole seconds.
func (e *Error) RetryAfter() int { return max(1, int(math.Ceil(e.After.Seconds()))) }
