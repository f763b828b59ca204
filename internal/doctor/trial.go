package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/environ"
	"corallite/internal/isolate"
)

// Stage is a step of a trial.
type Stage string

const (
	Starting  Stage = "start"     // the child process
	Loading   Stage = "load"      // libedgetpu
	Listing   Stage = "list"      // its devices
	Opening   Stage = "open"      // a device: a delegate is made
	Preparing Stage = "interpret" // an interpreter is made with the delegate
	Ending    Stage = "end"       // everything is closed
	Done      Stage = ""
)

// doing describes a stage, after "while".
func (s Stage) doing() string {
	switch s {
	case Loading:
		return "the library was loaded"
	case Listing:
		return "it listed its devices"
	case Opening:
		return "it opened the device"
	case Preparing:
		return "the runtime took its delegate"
	default:
		return "it let go of the device"
	}
}

// Attempt is what to try.
type Attempt struct {
	Library string          `json:"library"`          // libedgetpu's path; "": as edgetpu.Load finds it
	Device  *edgetpu.Device `json:"device,omitempty"` // nil: the library is only loaded and asked for its devices
	Model   string          `json:"model,omitempty"`  // path of a compiled model; "": a model of one addition
}

// Trial is the outcome of an Attempt.
type Trial struct {
	At      Stage // where it ended; Done: it succeeded
	Err     error // of that stage: an *isolate.DeathError when the child died, a *edgetpu.LoadError from loading
	Path    string
	Version edgetpu.Version
	Listed  []edgetpu.Device
}

// limits are how long a stage may take before it counts as hung. Opening a stick loads its firmware, which takes
// seconds; the rest takes milliseconds on an idle machine.
var limits = map[Stage]time.Duration{Loading: 30 * time.Second, Listing: 15 * time.Second, Opening: 60 * time.Second, Preparing: 30 * time.Second}

// Kind is the kind of child that Isolated starts.
const Kind = "doctor"

// Isolated returns a function for Options.Try that makes an attempt in a child process of the same binary, which must
// pass Handlers to isolate.Main. The child may use what an engine's child may (package worker), so that what works here
// works there; access is what else it may use.
func Isolated(access delegate.Access) func(context.Context, Attempt) Trial {
	return func(ctx context.Context, a Attempt) Trial {
		sandbox := a.sandbox()
		sandbox.Read = append(sandbox.Read, access.Read...)
		sandbox.ReadWrite = append(sandbox.ReadWrite, access.ReadWrite...)
		p, err := isolate.Start(ctx, isolate.Options{Kind: Kind, Name: "doctor", Setup: a, Sandbox: sandbox, Env: environ.Pick(access.Env...)})
		if err != nil {
			return Trial{At: Starting, Err: err}
		}
		var t Trial
		for _, s := range a.stages() {
			t.At = s
			if t.Err = t.stage(ctx, p, s); t.Err != nil {
				_ = p.Close() // how it ends no longer matters
				return t
			}
		}
		t.At = Ending
		if t.Err = p.Close(); t.Err == nil {
			t.At = Done
		}
		return t
	}
}

func (a Attempt) stages() []Stage {
	if a.Device == nil {
		return []Stage{Loading, Listing}
	}
	return []Stage{Loading, Listing, Opening, Preparing}
}

func (a Attempt) sandbox() isolate.Sandbox {
	s := isolate.Sandbox{Read: []string{"/sys", "/run/udev"}, ReadWrite: []string{usbFolder}}
	if a.Model != "" {
		s.Read = append(s.Read, a.Model)
	}
	if library := edgetpu.Wanted(a.Library); strings.Contains(library, "/") {
		s.Read = append(s.Read, library)
	}
	if a.Device != nil && a.Device.Bus == edgetpu.PCI {
		s.ReadWrite = append(s.ReadWrite, a.Device.Path)
	}
	return s
}

// answer is the child's reply for a stage.
type answer struct {
	Error   string           `json:"error,omitempty"`
	Load    *loadError       `json:"load,omitempty"`
	Path    string           `json:"path,omitempty"`
	Version *edgetpu.Version `json:"version,omitempty"`
	Listed  []edgetpu.Device `json:"listed,omitempty"`
}

// loadError is a *edgetpu.LoadError as sent to the parent.
type loadError struct {
	Kind   string `json:"kind"`
	Path   string `json:"path"`
	Detail string `json:"detail"`
}

// stage lets the child do one step.
func (t *Trial) stage(ctx context.Context, p *isolate.Process, s Stage) error {
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(ctx, []byte(s), reply, isolate.CallOptions{Deadline: limits[s]})
	if err != nil {
		return err
	}
	var a answer
	if err := json.Unmarshal(reply[:n], &a); err != nil {
		return fmt.Errorf("the child's answer: %w", err)
	}
	if a.Version != nil {
		t.Version = *a.Version
	}
	if a.Path != "" {
		t.Path = a.Path
	}
	if a.Listed != nil {
		t.Listed = a.Listed
	}
	switch {
	case a.Load != nil:
		return a.Load.error()
	case a.Error != "":
		return errors.New(a.Error)
	default:
		return nil
	}
}

func (l *loadError) error() error {
	e := &edgetpu.LoadError{Kind: edgetpu.ErrLoad, Path: l.Path, Detail: l.Detail}
	for kind := range libraryIDs {
		if kind.Error() == l.Kind {
			e.Kind = kind
		}
	}
	return e
}
