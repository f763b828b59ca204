package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/environ"
	"corallite/internal/isolate"
)

// enumerateKind is the kind of child that asks libedgetpu for its devices.
const enumerateKind = "enumerate"

// enumerateDeadline limits loading libedgetpu and listing its devices, which takes milliseconds unless it hangs.
const enumerateDeadline = 15 * time.Second

// EnumerateOptions of Enumerate.
type EnumerateOptions struct {
	Library  string          // libedgetpu's path; "": as edgetpu.Load finds it
	System   edgetpu.System  // whose Root, if there is one, the child may use
	Access   delegate.Access // what else the child may use
	Deadline time.Duration   // 0: 15 s
	Logger   *slog.Logger    // for the child's messages; nil: dropped
}

// Enumerate is [edgetpu.Enumerate] in a child process: the error of a libedgetpu that crashes or hangs wraps edgetpu.ErrUnanswered.
// When ctx ends, the child is killed and ctx's error returned.
func Enumerate(ctx context.Context, o EnumerateOptions) (edgetpu.Inventory, error) {
	if err := edgetpu.Missing(o.Library); err != nil {
		return edgetpu.Inventory{}, err // a child would start and load all libraries only to find the same
	}
	sandbox := isolate.Sandbox{
		Read: append([]string{"/sys", "/run/udev"}, libraryFiles(o.Library)...), ReadWrite: append([]string{usbNodes}, o.Access.ReadWrite...),
	}
	sandbox.Read = append(sandbox.Read, o.Access.Read...)
	if o.System.Root != "" {
		sandbox.ReadWrite = append(sandbox.ReadWrite, o.System.Root)
	}
	p, err := isolate.Start(ctx, isolate.Options{
		Kind: enumerateKind, Name: "edgetpu list", Logger: o.Logger, Sandbox: sandbox, Env: environ.Pick(o.Access.Env...), Setup: hostSetup{Library: o.Library},
	})
	if err != nil {
		return edgetpu.Inventory{}, unanswered(ctx, err)
	}
	if o.Deadline <= 0 {
		o.Deadline = enumerateDeadline
	}
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(ctx, nil, reply, isolate.CallOptions{Deadline: o.Deadline})
	if err != nil {
		_ = p.Close() // err has the reason already
		return edgetpu.Inventory{}, unanswered(ctx, err)
	}
	if err := p.Close(); err != nil { // it crashed when unloading: its answer stays valid
		if o.Logger != nil {
			o.Logger.Debug("libedgetpu was listed, and its process did not end in order", "error", err)
		}
	}
	status, _, body, err := parseReply(reply[:n])
	if err != nil {
		return edgetpu.Inventory{}, unanswered(ctx, err)
	}
	if status != statusOK {
		return edgetpu.Inventory{}, received(body, o.System)
	}
	var seen edgetpu.Inventory
	if err := json.Unmarshal(body, &seen); err != nil {
		return edgetpu.Inventory{}, unanswered(ctx, err)
	}
	return seen, nil
}

// unanswered is the reason why the devices are unknown; ctx's error if that is the reason.
func unanswered(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if died := (*isolate.DeathError)(nil); errors.As(err, &died) {
		return fmt.Errorf("%w: its process %s", edgetpu.ErrUnanswered, died.Cause())
	}
	return fmt.Errorf("%w: %w", edgetpu.ErrUnanswered, err)
}

// serveEnumerate loads libedgetpu and lists its devices, once for each request.
func serveEnumerate(c *isolate.Child) error {
	var setup hostSetup
	if err := json.Unmarshal(c.Setup, &setup); err != nil {
		return err
	}
	return c.Serve(func(_ []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		seen, err := edgetpu.Enumerate(setup.Library)
		if err != nil {
			return answered(reply, err)
		}
		return replyJSON(reply, statusOK, 0, seen)
	})
}
