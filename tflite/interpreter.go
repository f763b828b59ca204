package tflite

import (
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"

	tfl "github.com/mattn/go-tflite"

	"corallite/internal/schema"
	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// Options say how a model is run. The zero value runs it with XNNPACK on one thread.
type Options struct {
	Threads int // of XNNPACK and of the built-in kernels, at least 0; 0: 1. Delegates have a number of their own
	// Delegates are applied in order; each takes the operators that it can, and the built-in kernels run the rest. None:
	// XNNPACK with Threads threads, or the built-in kernels alone where XNNPACK cannot run the model (Device says which).
	// Delegates belong to the interpreter from the call of Open or New on, and are freed after it, also when that call
	// fails.
	Delegates []Delegate
	Logger    *slog.Logger // gets the runtime's messages at debug level; nil: none
	// Builtin asks for the built-in kernels alone, so it cannot be combined with Delegates. The C interface has no way to
	// keep a runtime from applying a delegate of its own; none of the builds that were tried has one (see the package's
	// description), and Device says so where one has.
	Builtin bool
	// Signature is the key of the signature whose graph the interpreter runs: its inputs and outputs are then the
	// signature's, in its order and under its names. "": the main graph. See [Interpreter.Signature] for several.
	Signature string
	// Shapes are those of inputs that the file leaves open, by the input's index; nil: as the file says. A model that
	// cannot be prepared with the file's shape, often 1 for what is open, needs one here: Resize would come too late.
	Shapes [][]int
	// Observe keeps what [Interpreter.Plan] says.
	Observe bool
	// Profile keeps what [Interpreter.Times] says. Runs take longer then, by a fraction of a microsecond an operator.
	Profile bool
}

// Interpreter runs one model. It implements [tensor.Engine]. It owns the delegates and its C objects,
// and shares in the model's bytes; Close frees them. One goroutine at a time uses it; Cancel and Close may be called from others.
type Interpreter struct {
	mu     sync.Mutex // held while the runtime works
	closed bool

	shared  *shared // the model
	log     *capi.Log
	logger  *slog.Logger
	options *tfl.InterpreterOptions
	interp  *tfl.Interpreter
	own     []Delegate
	profile *capi.Profile // nil: nobody asks

	signature string       // the key of what it runs; "": the main graph
	entry     *capi.Runner // of signature; nil: the main graph

	rebuildWith *rebuildInfo // how Reset makes interp again; nil where it need not

	graph      []tensor.Info // the tensors of the graph that is run, as the file has them
	inputs     []int         // indices into graph, as are outputs and variables
	outputs    []int
	variables  []int
	sized      [2][]bool // which inputs and outputs had memory before any run: their sizes are not found in one
	signatures []signature
	io         ports
	watch      *watch
	cancel     func()
	runners    []*SignatureRunner
	device     tensor.Device
	idle       bool // see Idle
	cleanup    runtime.Cleanup
}

var _ tensor.Engine = (*Interpreter)(nil)

// Open is [Load], and [Model.Interpreter] of what it read.
func Open(path string, o Options) (*Interpreter, error) {
	m, err := Load(path)
	if err != nil {
		release(o.Delegates)
		return nil, err
	}
	defer m.Close()
	n, err := m.Interpreter(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return n, nil
}

// New is [Open] for a model in memory, of which it keeps a copy.
func New(model []byte, o Options) (*Interpreter, error) {
	m, err := LoadBytes(model)
	if err != nil {
		release(o.Delegates)
		return nil, err
	}
	defer m.Close()
	return m.Interpreter(o)
}

// release frees delegates.
func release(ds []Delegate) {
	for _, d := range ds {
		if d != nil {
			d.Delete()
		}
	}
}

// open takes ownership of the delegates.
func open(m *Model, o Options) (*Interpreter, error) {
	if len(o.Delegates) > 0 || o.Builtin {
		return openWith(m, o)
	}
	x, err := NewXNNPACK(o.Threads)
	if err == nil {
		accelerated := o
		accelerated.Delegates = []Delegate{x}
		var n *Interpreter
		if n, err = openWith(m, accelerated); err == nil {
			return n, nil
		}
	}
	// XNNPACK fails for some valid models (sparse weights) that the built-in kernels run. What else is wrong, they say too.
	if o.Logger != nil {
		o.Logger.Debug("tflite: XNNPACK cannot run the model; trying the built-in kernels", "reason", err)
	}
	o.Builtin = true
	return openWith(m, o)
}

func openWith(m *Model, o Options) (*Interpreter, error) {
	n := &Interpreter{shared: m.shared.hold(), logger: o.Logger, own: slices.Clone(o.Delegates)}
	if err := n.start(m.schema, o); err != nil {
		n.free()
		return nil, err
	}
	live.Add(1)
	// The argument must not reach n, or n would never be collected.
	n.cleanup = runtime.AddCleanup(n, func(struct{}) { leaked.Add(1) }, struct{}{})
	return n, nil
}

func (i *Interpreter) start(m *schema.Model, o Options) error {
	if o.Threads < 0 {
		return fmt.Errorf("tflite: invalid thread count %d (want 0 for one thread, or more)", o.Threads)
	}
	if slices.Contains(o.Delegates, nil) {
		return errors.New("tflite: one of Options.Delegates is nil")
	}
	if o.Builtin && len(o.Delegates) > 0 {
		return errors.New("tflite: Options.Builtin and Options.Delegates exclude each other")
	}
	g, err := entryGraph(m, o.Signature)
	if err != nil {
		return err
	}
	if err := openShapes(g, o.Shapes); err != nil {
		return err
	}
	i.signature = o.Signature
	if o.Profile {
		if i.profile = capi.NewProfile(); i.profile == nil {
			return errNoMemory
		}
	}
	i.describe(m, g)
	i.watch = new(watch)
	if i.log = capi.NewLog(); i.log == nil {
		return errNoMemory
	}
	if len(i.own) > 0 && mayBeIdle(i.own[0], len(i.own)) {
		c, err := newCounter(false)
		if err != nil {
			return err
		}
		i.own = slices.Insert(i.own, 1, Delegate(c))
	}
	if o.Observe && len(i.own) > 0 {
		c, err := newCounter(true)
		if err != nil {
			return err
		}
		i.own = append(i.own, c)
	}
	if hasResources(m) || !runsMain(m, o.Signature) { // neither of which the C API resets
		i.rebuildWith = &rebuildInfo{schema: m, threads: o.Threads}
	}
	if err := i.create(m, o.Threads); err != nil {
		return err
	}
	i.device.Name = i.runs()
	i.idle = i.firstIsIdle()
	if err := i.reshape(o.Shapes); err != nil {
		return err
	}
	if err := i.allocate(); err != nil && len(o.Shapes) > 0 {
		return fmt.Errorf("it cannot run with input shapes %s: %w", shapeStrings(o.Shapes), err)
	} else if err != nil {
		return err
	}
	i.sized = [2][]bool{withMemory(i.io.inputs), withMemory(i.io.outputs)}
	return nil
}

// runs is what runs the graph as it was made.
func (i *Interpreter) runs() string {
	switch {
	case len(i.own) > 0 && !i.firstIsIdle():
		return i.own[0].Name()
	case defaultDelegate():
		return "cpu:default"
	default:
		return "cpu:builtin"
	}
}

// firstIsIdle says whether the first delegate took no operator of the graph.
func (i *Interpreter) firstIsIdle() bool {
	if len(i.own) < 2 {
		return false
	}
	c, ok := i.own[1].(counter)
	return ok && c.Delegated() == 0
}

// Idle says whether the first delegate takes none of the model's operators, which then run on the CPU. It is known of
// XNNPACK alone, and of delegates with a method MayBeIdle.
func (i *Interpreter) Idle() bool { return i.idle }

// create makes the options and the interpreter, with the delegates that are in own.
func (i *Interpreter) create(m *schema.Model, threads int) error {
	if i.options = tfl.NewInterpreterOptions(); i.options == nil {
		return i.failed("TfLiteInterpreterOptionsCreate", Failed)
	}
	i.options.SetNumThread(max(threads, 1))
	capi.SetLog(i.options, i.log)
	capi.EnableCancellation(i.options)
	if i.profile != nil && !i.profile.Watch(i.options) {
		return errors.New("tflite: the runtime does not tell the times of operators: its library has no TfLiteInterpreterOptionsSetTelemetryProfiler")
	}
	if err := addOperators(i.options, m); err != nil {
		return err
	}
	for _, d := range i.own {
		i.options.AddDelegate(d)
	}
	made := tfl.NewInterpreter(i.shared.model, i.options)
	if made == nil {
		return i.failed("TfLiteInterpreterCreate", Failed)
	}
	i.interp, i.cancel = made, func() { capi.Cancel(made) }
	return i.createEntry()
}

// reshape gives inputs their first shapes, before they have memory.
func (i *Interpreter) reshape(shapes [][]int) error {
	if len(shapes) > len(i.io.inInfos) {
		return fmt.Errorf("tflite: %d shapes for a model with %d inputs (want at most one each)", len(shapes), len(i.io.inInfos))
	}
	for k, shape := range shapes {
		if shape == nil {
			continue
		}
		if err := i.resize(k, shape); err != nil {
			return err
		}
	}
	return nil
}

// shapeStrings is "[1,32,64,3], [1,4]".
func shapeStrings(shapes [][]int) string {
	var all []string
	for _, s := range shapes {
		all = append(all, tensor.ShapeString(s))
	}
	return strings.Join(all, ", ")
}

// openShapes is an error where the file leaves more of an input's shape open than the number of items (the first dimension
// of several), and has the 1 in its place that converters write there, and no shape was given: the model would run at that
// size without a word.
func openShapes(g *schema.Subgraph, given [][]int) error {
	for i, index := range g.Inputs {
		t := &g.Tensors[index]
		if i < len(given) && given[i] != nil || len(t.ShapeSignature) != len(t.Shape) {
			continue
		}
		for d, size := range t.ShapeSignature {
			if size == -1 && t.Shape[d] == 1 && (d > 0 || len(t.Shape) == 1) {
				return fmt.Errorf("input %d %q has the dynamic shape %s: a fixed one must be given (Options.Shapes)",
					i, t.Name, tensor.ShapeString(t.ShapeSignature))
			}
		}
	}
	return nil
}

// allocate gives the tensors memory, after the start and after each change of shape.
func (i *Interpreter) allocate() error {
	if err := i.io.init(i.entryNames()); err != nil {
		return err
	}
	op, s := "TfLiteInterpreterAllocateTensors", OK
	if i.entry != nil {
		op, s = "TfLiteSignatureRunnerAllocateTensors", Status(i.entry.Allocate())
	} else {
		s = Status(i.interp.AllocateTensors())
	}
	if s != OK {
		i.dropViews()
		return i.failed(op, s)
	}
	i.drainLog()
	return i.refresh()
}

// refresh looks at the tensors again, those of the runners too: they may share a graph with the interpreter, or have
// one that a control-flow operator calls and resizes.
func (i *Interpreter) refresh() error {
	err := i.io.refresh(i.interp, i.entry)
	for _, r := range i.runners {
		if e := r.io.refresh(i.interp, r.runner); err == nil {
			err = e
		}
	}
	return err
}

// refreshAfterRun is refresh after a run, unless the tensors have no memory: then an allocate has failed, and what the runtime
// says of them is not so.
func (i *Interpreter) refreshAfterRun() error {
	if i.io.inputs == nil {
		return nil
	}
	return i.refresh()
}

// dropViews forgets all views, whose memory may be gone.
func (i *Interpreter) dropViews() {
	i.io.dropViews()
	for _, r := range i.runners {
		r.io.dropViews()
	}
}

// describe copies from the model's description what is needed later; the rest of it points into C memory.
func (i *Interpreter) describe(m *schema.Model, g *schema.Subgraph) {
	i.graph = make([]tensor.Info, len(g.Tensors))
	for k, t := range g.Tensors {
		i.graph[k] = t.Info
		if t.Variable && runsMain(m, i.signature) {
			i.variables = append(i.variables, k)
		}
	}
	i.inputs, i.outputs = slices.Clone(g.Inputs), slices.Clone(g.Outputs)
	i.io.inInfos, i.io.outInfos = g.InputInfos(), g.OutputInfos()
	for _, s := range m.Signatures {
		i.signatures = append(i.signatures, signatureOf(s, &m.Subgraphs[s.Subgraph]))
	}
}

// failed is the error of a C call, with what the runtime said since the last call.
func (i *Interpreter) failed(op string, s Status) error {
	return &Error{Op: op, Status: s, Detail: i.drainLog()}
}

// Close frees everything, in order: runners, interpreter, delegates, options, and the
// model and its bytes where nobody else uses them. A run that is under
// way is cancelled and waited for. Twice is safe.
func (i *Interpreter) Close() error {
	i.watch.close()
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil
	}
	i.cleanup.Stop()
	i.free()
	live.Add(-1)
	return nil
}

func (i *Interpreter) free() {
	i.closed = true
	if i.watch != nil && i.watch.leave != nil {
		i.watch.leave()
	}
	for _, r := range i.runners {
		r.free()
	}
	i.io.free()
	deleteEntry(i.entry)
	i.interp.Delete() // nil is safe for these
	release(i.own)
	i.options.Delete()
	if i.log != nil {
		i.drainLog()
		i.log.Delete()
	}
	if i.profile != nil {
		i.profile.Free()
	}
	i.shared.release()
	i.interp, i.options, i.shared, i.log, i.profile, i.own, i.runners = nil, nil, nil, nil, nil, nil, nil
}

// Device says what runs the model: the name of its first delegate; "cpu:builtin" for the runtime's own kernels, also
// where XNNPACK was to run it and takes none of its operators;
// "cpu:default" when this build of the runtime may apply a delegate of its own (see Options.Builtin).
func (i *Interpreter) Device() tensor.Device { return i.device }
