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
	"corallite/internal/schema"
	"corallite/tflite"
)

// ErrClosed is returned by every use of a closed engine or host.
var ErrClosed = errors.New("the engine is closed")

// kinds are the errors that errors.Is recognizes in the parent.
var kinds = []error{
	delegate.ErrNoCPUModel, schema.ErrInvalid, schema.ErrUnsupported, tflite.ErrClosed, fs.ErrNotExist, fs.ErrPermission, context.Canceled,
	edgetpu.ErrNoDevice, edgetpu.ErrNotFound, edgetpu.ErrUnreadable, edgetpu.ErrNotLibrary, edgetpu.ErrWrongArchitecture,
	edgetpu.ErrMissingDependency, edgetpu.ErrMissingSymbol, edgetpu.ErrLoad, edgetpu.ErrTooOld, edgetpu.ErrClosed,
}

// wireError is an error as sent to the parent.
type wireError struct {
	Text   string        `json:"text"`
	Kinds  []string      `json:"kinds,omitempty"`  // texts of those of kinds that it wraps
	Call   *tflite.Error `json:"call,omitempty"`   // the failed call of the C library
	Device *openError    `json:"device,omitempty"` // the device that could not be opened
	Reason string        `json:"reason,omitempty"` // one line, if the error has a method Reason
}

// openError is an *edgetpu.OpenError and its text within the whole error's text.
type openError struct {
	Bus  edgetpu.Bus `json:"bus"`
	Path string      `json:"path"`
	Text string      `json:"text"`
}

// most is the maximum length of a text in bytes; three of them, escaped, fit into a message.
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

// remoteError is an error of the child. It wraps the errors that errors.Is and errors.As may look for.
type remoteError struct {
	text   string
	reason string // "": none
	causes []error
}

// Reason is the error in one line, without what events contain elsewhere; "": none.
func (e *remoteError) Reason() string { return e.reason }

func (e *remoteError) Error() string { return e.text }

func (e *remoteError) Unwrap() []error { return e.causes }

// received decodes an error that the child sent as JSON.
func received(text []byte, system edgetpu.System) error {
	var w wireError
	if err := json.Unmarshal(text, &w); err != nil {
		return fmt.Errorf("an error that cannot be read: %w", err)
	}
	return w.receive(system)
}

// receive makes the error. The child cannot see why a device does not open (other processes, permissions), so the
// parent looks it up.
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
