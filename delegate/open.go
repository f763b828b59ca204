package delegate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
	"corallite/internal/choice"
	"corallite/tflite/tensor"
)

// Options of Open and Probe. The zero Options are Auto, any device, one thread, no log.
type Options struct {
	Choice         Choice
	Device         string  // as edgetpu.ParseSpec reads it
	Threads        int     // of the CPU; 0: 1
	Shapes         [][]int // of the CPU's inputs, where the file leaves them open, as [tflite.Options] has them
	Observe        bool    // keep what Observe says of the engines
	Profile        bool    // keep the times of operators; see [tflite.Interpreter.Times]
	Signature      string  // for OpenSeveral: the key of the signature that is run, as [Model.Select] takes it
	EdgeTPULibrary string  // libedgetpu's path; "": as edgetpu.Load finds it
	EdgeTPU        edgetpu.Options
	// Logger gets one line for each Open or OpenSeveral: what runs the model and why nothing better does. nil: none.
	// The runtime's own messages go to it at debug level.
	Logger *slog.Logger
	// Queue makes OpenSeveral open all engines on an Edge TPU too, where their runs queue up: while one waits for
	// the device, others can prepare their inputs.
	Queue bool
	// Refused are why nothing better than the CPU can be had, where that is known: those items of the Choice are not
	// tried again.
	Refused []FallbackReason
	Wanted  bool // with Refused: as of Candidates
	// Enumerate asks libedgetpu for its devices where none is to be opened yet (Model.Candidates, Probe); nil: in this process,
	// which a libedgetpu that crashes or hangs takes along. See worker.Enumerate.
	Enumerate func(ctx context.Context, library string) (edgetpu.Inventory, error)
	// Apart is Implementation.Probe in a child process, for those that are not the CPU; nil: in this process. See worker.Probe.
	Apart func(ctx context.Context, item Item) error
}

// ask asks libedgetpu for its devices.
func (o Options) ask(ctx context.Context) (edgetpu.Inventory, error) {
	if o.Enumerate == nil {
		return edgetpu.Enumerate(o.EdgeTPULibrary)
	}
	return o.Enumerate(ctx, o.EdgeTPULibrary)
}

// spec checks what can be checked without looking at the machine.
func (o Options) spec() (Spec, error) {
	if err := o.EdgeTPU.Validate(); err != nil {
		return Spec{}, err
	}
	if err := o.Choice.Validate(); err != nil {
		return Spec{}, fmt.Errorf("delegate: %w", err)
	}
	d, err := edgetpu.ParseSpec(o.Device)
	return Spec{Choice: o.Choice, Device: d}, err
}

// FallbackReason is one reason why a better way to run a model was not taken. There may be several for one delegate.
type FallbackReason struct {
	Delegate string `json:"delegate"` // "edgetpu", "xnnpack"
	Reason   string `json:"reason"`   // "no Edge TPU found"
}

func (r FallbackReason) String() string { return r.Delegate + ": " + r.Reason }

// Engine is an engine that knows why nothing better was chosen.
type Engine interface {
	Runner
	// FallbackReasons are in the order in which they came up; the first is the reason that Device gives.
	FallbackReasons() []FallbackReason
}

// Open makes an engine for a model. Both files are verified, and compared with one another, before the runtime sees
// either. A file that is broken, or two that are not the same model, are errors whatever the choice is. With Auto the engine is
// degraded when it is not an Edge TPU; a compiled model without a CPU model is then an error that wraps ErrNoCPUModel and
// names the file wanted. With EdgeTPU every cause is in the error.
//
// Opening an Edge TPU can take seconds, and native calls cannot be cut short: ctx is looked at between them.
func Open(ctx context.Context, m Files, o Options) (Engine, error) {
	all, err := OpenSeveral(ctx, m, o, 1)
	if err != nil {
		return nil, err
	}
	return all[0], nil
}

// OpenSeveral is [Open] for n engines of one model, to be used side by side, each closed by the caller. The files are
// read, and what runs the model is chosen and logged, once. On the CPU the engines share the model's bytes and
// XNNPACK's packed weights, which are freed with the last engine that is closed. An Edge TPU runs one model at a time
// however many engines ask, so there is one engine on it, unless Options.Queue says otherwise.
func OpenSeveral(ctx context.Context, m Files, o Options, n int) ([]Engine, error) {
	if _, err := o.spec(); err != nil {
		return nil, err
	}
	model, err := Read(m)
	if err != nil {
		return nil, err
	}
	defer model.Close()
	if err := model.Select(o.Signature); err != nil {
		return nil, err
	}
	return model.Open(ctx, o, n)
}

// Open is [OpenSeveral] for files that were read, with the signature that was selected.
func (m *Model) Open(ctx context.Context, o Options, n int) ([]Engine, error) {
	if _, err := o.spec(); err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, fmt.Errorf("delegate: invalid number of engines %d (want at least 1)", n)
	}
	o.Signature = m.signature
	chosen, err := m.choose(ctx, o, n)
	if err != nil {
		return nil, err
	}
	chosen[0].log(m.Path(), o.Logger)
	all := make([]Engine, len(chosen))
	for i, e := range chosen {
		all[i] = e
	}
	return all, nil
}

// engine adds to a runner why it was chosen.
type engine struct {
	Runner
	title    string // of what runs it, in sentences
	device   tensor.Device
	refusals []FallbackReason
}

func (e *engine) Device() tensor.Device { return e.device }

func (e *engine) FallbackReasons() []FallbackReason { return e.refusals }

// choose opens the first of the choice's items that opens.
func (m *Model) choose(ctx context.Context, o Options, n int) ([]*engine, error) {
	refusals, wanted := slices.Clone(o.Refused), o.Wanted
	var causes []error // of the item tried last
	items := o.Choice.Items()
	for _, item := range items {
		p := choice.Of(item)
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if !p.CPU && len(o.Refused) > 0 {
			continue
		}
		if p.CPU && m.cpu == nil {
			return nil, noCPUModel(m.compiled.path, refusals)
		}
		opened, err := implementationOf(item).Open(ctx, m, item, o, n)
		if err != nil {
			return nil, err
		}
		for _, c := range opened.Causes {
			refusals = append(refusals, FallbackReason{item.Device(), c.Error()})
		}
		if opened.Runners != nil {
			return newEngines(item, opened, refusals, wanted), nil
		}
		causes = opened.Causes
		wanted = wanted || opened.Wanted
	}
	return nil, m.cannotRun(items, causes, refusals)
}

// newEngines are degraded where something before the item was refused; other devices of the same provider are as good.
func newEngines(item Item, opened Opened, refusals []FallbackReason, wanted bool) []*engine {
	better := slices.ContainsFunc(refusals, func(r FallbackReason) bool { return r.Delegate != item.Device() })
	p, engines := choice.Of(item), make([]*engine, len(opened.Runners))
	for i, r := range opened.Runners {
		e := &engine{Runner: r, title: runnerOf(item), device: r.Device(), refusals: slices.Clone(refusals)}
		e.device.Kind, e.device.LeavesCPUFree = p.Kind, p.LeavesCPUFree
		if p.External() {
			e.device.Name = item.Device()
		}
		if better {
			e.device.Degraded, e.device.Reason, e.device.Wanted = true, refusals[0].Reason, wanted
		}
		engines[i] = e
	}
	return engines
}

// cannotRun is the error of a model that no item of a choice runs; causes are the last one's.
func (m *Model) cannotRun(items []Item, causes []error, refusals []FallbackReason) error {
	last := items[len(items)-1]
	switch {
	case last.Provider == None[0].Provider: // which runs every valid model: the others did not matter
		return fmt.Errorf("model %s: %w", m.Path(), errors.Join(causes...))
	case len(items) == 1:
		return CannotRun(last, m.Path(), causes)
	}
	return fmt.Errorf("model %s: nothing that may run it can: %s", m.Path(), reasons(refusals))
}

// CannotRun is the error of a model that only one item of a choice may run, and that it cannot.
func CannotRun(item Item, path string, causes []error) error {
	return fmt.Errorf("model %s: %s cannot run it: %w", path, item.Title(), errors.Join(causes...))
}

// noCPUModel names the file that is wanted, and why it is.
func noCPUModel(path string, refusals []FallbackReason) error {
	wanted := "name it beside the model"
	if counterpart := CounterpartPath(path); strings.HasSuffix(path, compiledEnding) && counterpart != "" {
		wanted = "put it at " + counterpart
	}
	why := "it was compiled for the Edge TPU, and the CPU was chosen"
	if len(refusals) > 0 {
		why = fmt.Sprintf("it was compiled for the Edge TPU, which cannot run it (%s)", reasons(refusals))
	}
	return fmt.Errorf("model %s: %w: %s; %s", path, ErrNoCPUModel, why, wanted)
}

func reasons(refusals []FallbackReason) string {
	all := make([]string, len(refusals))
	for i, r := range refusals {
		all[i] = r.Reason
	}
	return strings.Join(all, "; ")
}

// log says once what runs the model: "no Edge TPU found: the CPU (XNNPACK) runs the model".
func (e *engine) log(model string, logger *slog.Logger) {
	if logger == nil {
		return
	}
	message := e.title + " runs the model"
	if e.device.Degraded {
		message = e.device.Reason + ": " + message
	}
	attributes := []any{"model", model, "device", e.device.Name}
	if len(e.refusals) > 1 {
		others := make([]string, len(e.refusals)-1) // the first is in the message
		for i, r := range e.refusals[1:] {
			others[i] = r.Reason
		}
		attributes = append(attributes, "also", strings.Join(others, "; "))
	}
	logger.Info(message, attributes...)
}
