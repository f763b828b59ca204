package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/tflite"
	"corallite/tflite/schema"
)

// ErrClosed is what every use of a closed engine or host gives.
var ErrClosed = errors.New("the engine is closed")

// kinds are the errors that errors.Is finds again in the parent.
var kinds = []error{
	delegate.ErrNoCPUModel, schema.ErrInvalid, schema.ErrUnsupported, tflite.ErrClosed, fs.ErrNotExist, fs.ErrPermission, context.Canceled,
	edgetpu.ErrNoDevice, edgetpu.ErrNotFound, edgetpu.ErrUnreadable, edgetpu.ErrNotLibrary, edgetpu.ErrWrongArchitecture,
	edgetpu.ErrMissingDependency, edgetpu.ErrMissingSymbol, edgetpu.ErrLoad, edgetpu.ErrTooOld, edgetpu.ErrClosed,
}

// wireError is an error on its way to the parent.
type wireError struct {
	Text   string        `json:"text"`
	Kinds  []string      `json:"kinds,omitempty"`  // texts of those of kinds that it wraps
	Call   *tflite.Error `json:"call,omitempty"`   // the call of the C library that failed
	Device *openError    `json:"device,omitempty"` // the device that did not open
	Reason string        `json:"reason,omitempty"` // in one line, of an error that has a method Reason
}

// openError is an *edgetpu.OpenError, and its text, as it stands in the whole error's.
type openError struct {
	Bus  edgetpu.Bus `json:"bus"`
	Path string      `json:"path"`
	Text string      `json:"text"`
}

// most is the longest text that is sent, in bytes; three of them, escaped, fit a message.
const most = 3 << 10

func sentError(err error) wireError {
	w := wireError{Text: shorten(err.Error())}
	for _, k := range kinds {
		if errors.Is(err, k) {
			w.Kinds = append(w.Kinds, k.Error())
		}
	}
	if call := (*tflite.Error)(nil); errors.As(err, &call) {
		w.Call = &tflite.Error{Op: call.Op, Status: call.Status, Detail: shorten(call.Detail)}
	}
	if open := (*edgetpu.OpenError)(nil); errors.As(err, &open) {
		w.Device = &openError{open.Device.Bus, open.Device.Path, shorten(open.Error())}
	}
	if known := (interface{ Reason() string })(nil); errors.As(err, &known) {
		w.Reason = shorten(known.Reason())
	}
	return w
}

func shorten(s string) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + " …"
}

// remoteError is an error of the child. It wraps what errors.Is and errors.As may be asked for.
type remoteError struct {
	text   string
	reason string // "": none of its own
	causes []error
}

// Reason is the error in one line, without what stands beside it in events; "": it has none.
func (e *remoteError) Reason() string { return e.reason }

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() []error { return e.causes }

// received is the error that the child sent, as JSON.
func received(text []byte, system edgetpu.System) error {
	var w wireError
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("an error that cannot be read: %w", err)
	}
	return w.receive(system)
}

// receive makes the error. What stands in the way of opening a device the child can not see: other processes, and who
// may use what; so the parent's system is asked.
func (w wireError) receive(system edgetpu.System) error {
	e := &remoteError{text: w.Text, reason: w.Reason}
	for _, k := range kinds {
		for _, text := range w.Kinds {
			if k.Error() == text {
				e.causes = append(e.causes, k)
			}
		}
	}
	if w.Call != nil {
		e.causes = append(e.causes, w.Call)
	}
	if w.Device != nil {
		d := edgetpu.Device{Bus: w.Device.Bus, Path: w.Device.Path}
		open := &edgetpu.OpenError{Device: d, Causes: system.Explain(d)}
		e.text = strings.ReplaceAll(e.text, w.Device.Text, open.Error())
		e.causes = append(e.causes, open)
	}
	return e
}
