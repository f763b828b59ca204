package delegate

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// Options of Open and Probe. The zero Options are Auto, any device, one thread, no log.
type Options struct {
	Choice         Choice
	Device         string  // as edgetpu.ParseSpec reads it
	Threads        int     // of the CPU; 0: 1
	Shapes         [][]int // of the CPU's inputs, where the file leaves them open, as [tflite.Options] has them
	EdgeTPULibrary string  // libedgetpu's path; "": as edgetpu.Load finds it
	EdgeTPU        edgetpu.Options
	// Logger gets one line for each Open or OpenSeveral: what runs the model and why nothing better does. nil: none.
	// The runtime's own messages go to it at debug level.
	Logger *slog.Logger
	// Queue makes OpenSeveral open all engines on an Edge TPU too, where their runs queue up: while one waits for
	// the device, others can prepare their inputs.
	Queue bool
	// Refused says why no Edge TPU can be had, where that is known (see Model.Candidates): Auto does not look again.
	Refused []error
	Wanted  bool // with Refused: as of Candidates
	// Look asks libedgetpu for its devices where none is to be opened yet (Model.Candidates, Probe); nil: in this process,
	// which a libedgetpu that crashes or hangs takes along. See worker.Look.
	Look func(ctx context.Context, library string) (edgetpu.Seen, error)
}

// ask asks libedgetpu for its devices.
func (o Options) ask(ctx context.Context) (edgetpu.Seen, error) {
	if o.Look == nil {
		return edgetpu.Look(o.EdgeTPULibrary)
	}
	return o.Look(ctx, o.EdgeTPULibrary)
}

// spec checks what can be checked without looking at the machine.
func (o Options) spec() (Spec, error) {
	if err := o.EdgeTPU.Validate(); err != nil {
		return Spec{}, err
	}
	return ParseSpec(string(o.Choice), o.Device)
}

// Refusal is one reason why a better way to run a model was not taken. There may be several for one delegate.
type Refusal struct {
	Delegate string `json:"delegate"` // "edgetpu", "xnnpack"
	Reason   string `json:"reason"`   // "no Edge TPU found"
}

func (r Refusal) String() string { return r.Delegate + ": " + r.Reason }

// Engine is an engine that knows why nothing better was chosen.
type Engine interface {
	tensor.Engine
	// Refusals are in the order in which they came up; the first is the reason that Device gives.
	Refusals() []Refusal
	// Movable, UseMemory and ResetVariables are as of [tflite.Interpreter].
	Movable() (inputs, outputs []bool, err error)
	UseMemory(inputs, outputs [][]byte) error
	ResetVariables() error
}

// Open makes an engine for a model. Both files are verified, and compared with one another, before the runtime sees
// either. A file that is broken, or twins that differ, are errors whatever the choice is. With Auto the engine is
// degraded when it is not an Edge TPU; a compiled model without a CPU twin is then an error that wraps ErrNoTwin and
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
	return model.Open(ctx, o, n)
}

// Open is [OpenSeveral] for files that were read.
func (m *Model) Open(ctx context.Context, o Options, n int) ([]Engine, error) {
	spec, err := o.spec()
	if err != nil {
		return nil, err
	}
	if n < 1 {
		return nil, fmt.Errorf("%d engines", n)
	}
	chosen, err := m.choose(ctx, spec, o, n)
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

// engine adds to an interpreter why it was chosen, and the library that its delegate came from.
type engine struct {
	*tflite.Interpreter
	device   tensor.Device
	refusals []Refusal
	library  *edgetpu.Library // nil on the CPU
}

func (e *engine) Device() tensor.Device { return e.device }

func (e *engine) Refusals() []Refusal { return e.refusals }

// Close frees the interpreter, with it the delegate, and then the library.
func (e *engine) Close() error {
	err := e.Interpreter.Close()
	if e.library != nil {
		err = errors.Join(err, e.library.Close())
	}
	return err
}

func (m *Model) choose(ctx context.Context, spec Spec, o Options, n int) ([]*engine, error) {
	causes := o.Refused
	if spec.Choice == EdgeTPU || spec.Choice == Auto && len(causes) == 0 {
		e, c, err := m.openEdgeTPU(ctx, spec, o)
		causes, o.Wanted = c.Causes, c.Wanted
		if err != nil {
			return nil, err
		}
		if e != nil {
			return m.queue(ctx, e, spec, o, n)
		}
	}
	if spec.Choice == EdgeTPU {
		return nil, CannotRun(m.Path(), causes)
	}
	var refusals []Refusal
	if spec.Choice == Auto {
		for _, c := range causes {
			refusals = append(refusals, Refusal{string(EdgeTPU), c.Error()})
		}
	}
	if m.cpu == nil {
		return nil, noTwin(m.compiled.path, refusals)
	}
	return openCPU(ctx, m.cpu, spec.Choice, refusals, o, n)
}

// CannotRun is the error of a model that only the Edge TPU may run, and that it cannot.
func CannotRun(path string, causes []error) error {
	return fmt.Errorf("model %s: the Edge TPU cannot run it: %w", path, errors.Join(causes...))
}

// queue opens the other engines of an Edge TPU, where they are wanted.
func (m *Model) queue(ctx context.Context, first *engine, spec Spec, o Options, n int) ([]*engine, error) {
	all := []*engine{first}
	for o.Queue && len(all) < n {
		e, c, err := m.openEdgeTPU(ctx, spec, o)
		if e == nil {
			if err == nil {
				err = fmt.Errorf("model %s: engine %d on the Edge TPU: %w", m.Path(), len(all)+1, errors.Join(c.Causes...))
			}
			for _, e := range all {
				err = errors.Join(err, e.Close())
			}
			return nil, err
		}
		all = append(all, e)
	}
	return all, nil
}

// noTwin names the file that is wanted, and why it is.
func noTwin(path string, refusals []Refusal) error {
	wanted := "name it beside the model"
	if twin := TwinName(path); strings.HasSuffix(path, compiledEnding) && twin != "" {
		wanted = "put it at " + twin
	}
	why := "it was compiled for the Edge TPU, and the CPU was chosen"
	if len(refusals) > 0 {
		why = fmt.Sprintf("it was compiled for the Edge TPU, which cannot run it (%s)", reasons(refusals))
	}
	return fmt.Errorf("model %s: %w: %s; %s", path, ErrNoTwin, why, wanted)
}

func reasons(refusals []Refusal) string {
	all := make([]string, len(refusals))
	for i, r := range refusals {
		all[i] = r.Reason
	}
	return strings.Join(all, "; ")
}

// openCPU opens the CPU model n times. After Auto has refused the Edge TPU, XNNPACK may be refused too.
func openCPU(ctx context.Context, f *file, choice Choice, refusals []Refusal, o Options, n int) ([]*engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	options := tflite.Options{Threads: o.Threads, Logger: o.Logger, Shapes: o.Shapes}
	if choice != None {
		all, err := f.loaded.Interpreters(n, options, func(w *tflite.Weights) ([]tflite.Delegate, error) {
			x, err := w.NewXNNPACK(options.Threads)
			return []tflite.Delegate{x}, err
		})
		if err == nil && all[0].Device().Name == cpuXNNPACK {
			return newEngines(all, refusals, o.Wanted), nil
		}
		if err == nil {
			err = errNothingTaken
		}
		if choice == XNNPACK {
			err = fmt.Errorf("model %s: XNNPACK cannot run it: %w", f.path, err)
			for _, n := range all {
				err = errors.Join(err, n.Close())
			}
			return nil, err
		}
		refusals = append(refusals, Refusal{string(XNNPACK), err.Error()})
		if len(all) > 0 { // the built-in kernels run it already
			return newEngines(all, refusals, o.Wanted), nil
		}
	}
	options.Builtin = true
	all, err := f.loaded.Interpreters(n, options, nil)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", f.path, err)
	}
	return newEngines(all, refusals, o.Wanted), nil
}

// cpuXNNPACK is the name of the CPU as a device where XNNPACK runs at least a part of the model.
const cpuXNNPACK = "cpu:xnnpack"

var errNothingTaken = errors.New("it takes none of the model's operators, which the built-in kernels run (delegate: auto or none)")

func newEngines(all []*tflite.Interpreter, refusals []Refusal, wanted bool) []*engine {
	engines := make([]*engine, len(all))
	for i, n := range all {
		engines[i] = newEngine(n, slices.Clone(refusals), wanted)
	}
	return engines
}

func newEngine(n *tflite.Interpreter, refusals []Refusal, wanted bool) *engine {
	e := &engine{Interpreter: n, device: n.Device(), refusals: refusals}
	if len(refusals) > 0 {
		e.device.Degraded, e.device.Reason, e.device.Wanted = true, refusals[0].Reason, wanted
	}
	return e
}

// log says once what runs the model: "no Edge TPU found: the CPU (XNNPACK) runs the model".
func (e *engine) log(model string, logger *slog.Logger) {
	if logger == nil {
		return
	}
	message := describe(e.device.Name) + " runs the model"
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

// describe is a device's name for people.
func describe(name string) string {
	switch {
	case name == cpuXNNPACK:
		return "the CPU (XNNPACK)"
	case strings.HasPrefix(name, "cpu:"):
		return "the CPU (built-in kernels)"
	default:
		return "the Edge TPU"
	}
}
