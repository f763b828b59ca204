package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/environ"
	"corallite/internal/isolate"
)

// openDeadline is how long an engine may take to open: libedgetpu loads a stick's firmware, which takes seconds.
const openDeadline = time.Minute

// HostOptions of StartHost. The zero options are for a child on the CPU that may read no model.
type HostOptions struct {
	Name       string          // for ps and logs; "": "engines"
	Library    string          // libedgetpu's path; "": as edgetpu.Load finds it
	EdgeTPU    edgetpu.Options // of the device
	Device     edgetpu.Device  // that the child may open; zero: none
	Files      []string        // models, or folders of models, that the child may read
	Access     delegate.Access // what else the child may use
	Verbosity  int             // of libedgetpu, 0 to 10
	Unconfined bool            // no sandbox
	Logger     *slog.Logger    // for the child's messages; nil: dropped
}

// Host is a child process with engines. Its methods may be called concurrently.
type Host struct {
	process *isolate.Process
	system  edgetpu.System
}

// StartHost starts a child without engines.
func StartHost(ctx context.Context, o HostOptions) (*Host, error) {
	name := o.Name
	if name == "" {
		name = "engines"
	}
	p, err := isolate.Start(ctx, isolate.Options{
		Kind: Kind, Name: name, Logger: o.Logger, Sandbox: sandbox(o),
		Env:   environ.Pick(o.Access.Env...),
		Setup: hostSetup{Library: o.Library, Verbosity: o.Verbosity, EdgeTPU: sentOptions(o.EdgeTPU)},
	})
	if err != nil {
		return nil, err
	}
	return &Host{process: p, system: o.EdgeTPU.System}, nil
}

// usbNodes is the folder of USB device files.
const usbNodes = "/dev/bus/usb"

// sandbox is what the child may reach; see the package comment.
func sandbox(o HostOptions) isolate.Sandbox {
	s := isolate.Sandbox{Off: o.Unconfined, Read: append([]string(nil), o.Files...), ReadWrite: slices.Clone(o.Access.ReadWrite)}
	s.Read = append(s.Read, o.Access.Read...)
	if o.Device == (edgetpu.Device{}) {
		return s
	}
	s.Read = append(s.Read, "/sys", "/run/udev")
	s.Read = append(s.Read, libraryFiles(o.Library)...)
	if o.Device.Bus == edgetpu.USB {
		s.ReadWrite = append(s.ReadWrite, usbNodes)
	} else {
		s.ReadWrite = append(s.ReadWrite, o.Device.Path)
	}
	if root := o.EdgeTPU.System.Root; root != "" {
		s.ReadWrite = append(s.ReadWrite, root)
	}
	return s
}

// call sends a request other than a run.
func (h *Host) call(ctx context.Context, limit time.Duration, what op, engine uint32, body, answer any, send ...*isolate.Memory) error {
	request, err := newRequest(what, engine, body)
	if err != nil {
		return err
	}
	reply := make([]byte, isolate.MaxMessage)
	n, err := h.process.Call(ctx, request, reply, isolate.CallOptions{Deadline: limit, Send: send})
	if err != nil {
		return err
	}
	s, _, rest, err := parseReply(reply[:n])
	if err != nil {
		return err
	}
	if s != statusOK {
		return h.failure(rest)
	}
	if answer == nil {
		return nil
	}
	return json.Unmarshal(rest, answer)
}

// failure decodes the error that the child sent.
func (h *Host) failure(rest []byte) error { return received(rest, h.system) }

// Request is an engine to open.
type Request struct {
	Files         delegate.Files
	Choice        delegate.Choice
	Device        string                    // as edgetpu.ParseSpec reads it
	Threads       int                       // of the CPU; 0: 1
	Shapes        [][]int                   // as in delegate.Options
	Signature     string                    // likewise
	Refused       []delegate.FallbackReason // as in delegate.Options
	Deadline      DeadlinePolicy            // of a run
	FirstDeadline time.Duration             // of the first run; 0: 10 s
	OpenDeadline  time.Duration             // 0: a minute
	Turn          Turn                      // nil: the device is not shared
}

// Turn lets users of a device take turns. Release is called once after each Acquire that returned nil.
type Turn interface {
	Acquire(ctx context.Context) error
	Release()
}

// Open opens an engine in the child, which can take seconds. When it exceeds the deadline or ctx ends, the child is
// killed.
func (h *Host) Open(ctx context.Context, r Request) (*Engine, error) {
	limit := r.OpenDeadline
	if limit <= 0 {
		limit = openDeadline
	}
	request := openRequest{
		Files: r.Files, Choice: r.Choice, Device: r.Device, Threads: r.Threads, Shapes: r.Shapes, Signature: r.Signature, Refused: r.Refused,
	}
	var reply openReply
	// Nothing runs on the device while it is opened: libedgetpu waits for that anyway, and the deadline would count it.
	if r.Turn != nil {
		if err := r.Turn.Acquire(ctx); err != nil {
			return nil, err
		}
	}
	err := h.call(ctx, limit, opOpen, 0, request, &reply)
	if r.Turn != nil {
		r.Turn.Release()
	}
	if err != nil {
		return nil, opening(r.Files, err)
	}
	e, err := newEngine(h, reply, r)
	if err == nil {
		err = h.call(ctx, limit, opShare, reply.Engine, e.layout, nil, e.memory)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("model %s: %w", e.model, err), e.Close())
	}
	return e, nil
}

// opening adds the model to an error; the child's own errors have it already.
func opening(f delegate.Files, err error) error {
	if own := (*remoteError)(nil); errors.As(err, &own) {
		return err
	}
	return fmt.Errorf("model %s: %w", path(f), err)
}

// Done is closed when the child is dead.
func (h *Host) Done() <-chan struct{} { return h.process.Done() }

// Err is how the child died, once Done is closed; nil when it was closed.
func (h *Host) Err() error { return h.process.Err() }

// PID is the child's process id.
func (h *Host) PID() int { return h.process.PID() }

// Confinement is what really confines the child.
func (h *Host) Confinement() isolate.Confinement { return h.process.Confinement() }

// Kill kills the child and does not wait.
func (h *Host) Kill() { h.process.Kill() }

// Close ends the child. Engines that are still open fail from then on; their tensors stay readable until they are
// closed. Close twice is safe.
func (h *Host) Close() error { return h.process.Close() }

// libraryFiles is libedgetpu if it is given by path; system folders are readable anyway.
func libraryFiles(path string) []string {
	if path = edgetpu.Wanted(path); strings.Contains(path, "/") {
		return []string{path}
	}
	return nil
}
