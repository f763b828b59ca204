package devicepool

import (
	"errors"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// errAway is why a device that the kernel has shown cannot be opened. It stands after the device's name.
var errAway = errors.New("is not there any more")

// loss is why a device did not run a model. Package failover makes it the reason in events.
type loss struct {
	device string
	err    error
}

func (l *loss) Error() string { return l.err.Error() }

func (l *loss) Unwrap() error { return l.err }

// Reason names the device and the cause, without the model, which stands beside it in events.
func (l *loss) Reason() string {
	var (
		death *isolate.DeathError
		open  *edgetpu.OpenError
		call  *tflite.Error
	)
	switch {
	case errors.Is(l.err, errAway):
		return l.device + " " + errAway.Error()
	case errors.Is(l.err, edgetpu.ErrGone):
		return l.device + ": " + l.err.Error()
	case errors.As(l.err, &death):
		return l.device + ": its process " + death.Cause()
	case errors.As(l.err, &open):
		return open.Error()
	case errors.As(l.err, &call):
		return l.device + ": " + call.Error()
	default:
		return l.device + ": " + l.err.Error()
	}
}

// reasonOf is an error for people, without the model.
func reasonOf(err error) string {
	var l *loss
	if errors.As(err, &l) {
		return l.Reason()
	}
	return err.Error()
}
