package devicepool

import (
	"errors"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// errAway is why a device that the kernel has shown cannot be opened. It stands after the device's name.
var errAway = errors.New("is not there any more")

// deviceError is why a device did not run a model. Package failover makes it the reason in events.
type deviceError struct {
	device string
	err    error
}

func (e *deviceError) Error() string { return e.err.Error() }

func (e *deviceError) Unwrap() error { return e.err }

// Reason names the device and the cause, without the model, which stands beside it in events.
func (e *deviceError) Reason() string {
	var (
		death *isolate.DeathError
		open  *edgetpu.OpenError
		call  *tflite.Error
		known interface{ Reason() string }
	)
	switch {
	case errors.Is(e.err, errAway):
		return e.device + " " + errAway.Error()
	case errors.Is(e.err, edgetpu.ErrGone):
		return e.device + ": " + e.err.Error()
	case errors.As(e.err, &death):
		return e.device + ": its process " + death.Cause()
	case errors.As(e.err, &open):
		return open.Error()
	case errors.As(e.err, &call):
		return e.device + ": " + call.Error()
	case errors.As(e.err, &known) && known.Reason() != "":
		return e.device + ": " + known.Reason()
	default:
		return e.device + ": " + e.err.Error()
	}
}

// reasonOf is an error for people, without the model.
func reasonOf(err error) string {
	var e *deviceError
	if errors.As(err, &e) {
		return e.Reason()
	}
	return err.Error()
}
