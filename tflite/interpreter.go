package tflite

import (
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"

	tfl "github.com/mattn/go-tflite"

	"corallite/tflite/internal/capi"
	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

// Options say how a model is run. The zero value runs it on one thread.
type Options struct {
	Threads int // for the built-in kernels; 0: 1. A delegate has a number of its own
	// Delegates are applied in order; each takes the operators that it can. They belong to the interpreter from the
	// call of Open or New on, and are freed after it, also when that call fails.
	Delegates []Delegate
	Logger    *slog.Logger // gets the runtime's messages at debug level; nil: none
	// Builtin asks for the built-in kernels alone, so it can not go with Delegates. The C interface has no way to keep
	// a runtime from applying a delegate of its own; none of the builds that were tried has one (see the package's
	// description), and Device says so where one has.
	Builtin bool
	// Shapes are those of inputs that the file leaves open, by the input's index; nil: as the file says. A model that
	// cannot be prepared with the file's shape, often 1 for what is open, needs one here: Resize would come too late.
	Shapes [][]int
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

	anew *anew // how to make interp again; nil where a reset does not need it

	graph      []tensor.Info // the main subgraph's tensors as the file has them
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

// open owns the delegates from here on.
func open(m *Model, o Options) (*Interpreter, error) {
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

func (n *Interpreter) start(m *schema.Model, o Options) error {
	if o.Threads < 0 {
		return fmt.Errorf("%d threads", o.Threads)
	}
	if slices.Contains(o.Delegates, nil) {
		return fmt.Errorf("a delegate is nil")
	}
	if o.Builtin && len(o.Delegates) > 0 {
		return fmt.Errorf("delegates beside the built-in kernels alone")
	}
	if err := openShapes(m, o.Shapes); err != nil {
		return err
	}
	n.describe(m)
	n.watch = new(watch)
	if n.log = capi.NewLog(); n.log == nil {
		return fmt.Errorf("no memory")
	}
	if len(n.own) == 1 && isXNNPACK(n.own[0]) {
		c, err := newCounter()
		if err != nil {
			return err
		}
		n.own = append(n.own, c)
	}
	if hasResources(m) {
		n.anew = &anew{schema: m, threads: o.Threads}
	}
	if err := n.create(m, o.Threads); err != nil {
		return err
	}
	n.device.Name = n.runs()
	if err := n.reshape(o.Shapes); err != nil {
		return err
	}
	if err := n.allocate(); err != nil && len(o.Shapes) > 0 {
		return fmt.Errorf("it cannot run with inputs of %s: %w", shapeStrings(o.Shapes), err)
	} else if err != nil {
		return err
	}
	n.sized = [2][]bool{haveMemory(n.io.inputs), haveMemory(n.io.outputs)}
	return nil
}

// runs is what runs the graph as it was made.
func (n *Interpreter) runs() string {
	idle := false // XNNPACK was given the graph and took nothing of it
	if len(n.own) == 2 {
		c, ok := n.own[1].(counter)
		idle = ok && c.Delegated() == 0
	}
	switch {
	case len(n.own) > 0 && !idle:
		return n.own[0].Name()
	case defaultDelegate():
		return "cpu:default"
	default:
		return "cpu:builtin"
	}
}

// create makes the options and the interpreter, with the delegates that are in own.
func (n *Interpreter) create(m *schema.Model, threads int) error {
	if n.options = tfl.NewInterpreterOptions(); n.options == nil {
		return n.failed("TfLiteInterpreterOptionsCreate", Failed)
	}
	n.options.SetNumThread(max(threads, 1))
	capi.SetLog(n.options, n.log)
	capi.EnableCancellation(n.options)
	if err := addOperators(n.options, m); err != nil {
		return err
	}
	for _, d := range n.own {
		n.options.AddDelegate(d)
	}
	i := tfl.NewInterpreter(n.shared.model, n.options)
	if i == nil {
		return n.failed("TfLiteInterpreterCreate", Failed)
	}
	n.interp, n.cancel = i, func() { capi.Cancel(i) }
	return nil
}

// reshape gives inputs their first shapes, before they have memory.
func (n *Interpreter) reshape(shapes [][]int) error {
	if len(shapes) > len(n.io.inInfos) {
		return fmt.Errorf("%d shapes for %d inputs", len(shapes), len(n.io.inInfos))
	}
	for i, shape := range shapes {
		if shape == nil {
			continue
		}
		if err := n.resize(i, shape); err != nil {
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
func openShapes(m *schema.Model, given [][]int) error {
	g := m.Main()
	for i, index := range g.Inputs {
		t := &g.Tensors[index]
		if i < len(given) && given[i] != nil || len(t.ShapeSignature) != len(t.Shape) {
			continue
		}
		for d, size := range t.ShapeSignature {
			if size == -1 && t.Shape[d] == 1 && (d > 0 || len(t.Shape) == 1) {
				return fmt.Errorf("input %d %q has the shape %s, in which -1 is for whoever runs the model to choose: its shape must be given",
					i, t.Name, tensor.ShapeString(t.ShapeSignature))
			}
		}
	}
	return nil
}

// allocate gives the tensors memory, after the start and after each change of shape.
func (n *Interpreter) allocate() error {
	if err := n.io.init(nil); err != nil {
		return err
	}
	if s := Status(n.interp.AllocateTensors()); s != OK {
		n.drop()
		return n.failed("TfLiteInterpreterAllocateTensors", s)
	}
	n.drain()
	return n.refresh()
}

// refresh looks at the tensors again, those of the runners too: they may share a graph with the interpreter, or have
// one that a control-flow operator calls and resizes.
func (n *Interpreter) refresh() error {
	err := n.io.refresh(n.interp, nil)
	for _, r := range n.runners {
		if e := r.io.refresh(n.interp, r.runner); err == nil {
			err = e
		}
	}
	return err
}

// look is refresh after a run, unless the tensors have no memory: then an allocate has failed, and what the runtime
// says of them is not so.
func (n *Interpreter) look() error {
	if n.io.inputs == nil {
		return nil
	}
	return n.refresh()
}

// drop forgets all views, whose memory may be gone.
func (n *Interpreter) drop() {
	n.io.drop()
	for _, r := range n.runners {
		r.io.drop()
	}
}

// describe copies from the model's description what is needed later; the rest of it points into C memory.
func (n *Interpreter) describe(m *schema.Model) {
	g := m.Main()
	n.graph = make([]tensor.Info, len(g.Tensors))
	for i, t := range g.Tensors {
		n.graph[i] = t.Info
		if t.Variable {
			n.variables = append(n.variables, i)
		}
	}
	n.inputs, n.outputs = slices.Clone(g.Inputs), slices.Clone(g.Outputs)
	n.io.inInfos, n.io.outInfos = g.InputInfos(), g.OutputInfos()
	for _, s := range m.Signatures {
		n.signatures = append(n.signatures, signatureOf(s, &m.Subgraphs[s.Subgraph]))
	}
}

// failed is the error of a C call, with what the runtime said since the last call.
func (n *Interpreter) failed(op string, s Status) error {
	return &Error{Op: op, Status: s, Detail: n.drain()}
}

// Close frees everything, in order: runners, interpreter, delegates, options, and the
// model and its bytes where nobody else uses them. A run that is under
// way is cancelled and waited for. Twice is safe.
func (n *Interpreter) Close() error {
	n.watch.close()
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.cleanup.Stop()
	n.free()
	live.Add(-1)
	return nil
}

func (n *Interpreter) free() {
	n.closed = true
	if n.watch != nil && n.watch.leave != nil {
		n.watch.leave()
	}
	for _, r := range n.runners {
		r.free()
	}
	n.io.free()
	n.interp.Delete() // nil is safe for these
	release(n.own)
	n.options.Delete()
	if n.log != nil {
		n.drain()
		n.log.Delete()
	}
	n.shared.release()
	n.interp, n.options, n.shared, n.log, n.own, n.runners = nil, nil, nil, nil, nil, nil
}

// Device says what runs the model: the name of its first delegate; "cpu:builtin" for the runtime's own kernels, also
// where XNNPACK was to run it and takes none of its operators;
// "cpu:default" when this build of the runtime may apply a delegate of its own (see Options.Builtin).
func (n *Interpreter) Device() tensor.Device { return n.device }
