package delegate

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
	"corallite/internal/schema"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// ErrNoCPUModel is wrapped by the error of a compiled model that has to run on the CPU and has no model for it.
var ErrNoCPUModel = errors.New("no CPU model")

// file is a model that was read and verified.
type file struct {
	path   string
	loaded *tflite.Model
	model  *schema.Model // what loaded says; valid until its Close
}

func (f *file) close() {
	if f != nil {
		_ = f.loaded.Close() // it has no error to give
	}
}

func readFile(path string) (*file, error) {
	if path == "" {
		return nil, nil
	}
	if err := mustBeFile(path); err != nil {
		return nil, err
	}
	m, err := tflite.Load(path)
	if err != nil {
		if cause := (*fs.PathError)(nil); errors.As(err, &cause) {
			return nil, fmt.Errorf("model: %w", err)
		}
		return nil, fmt.Errorf("model %w", err) // err begins with the path
	}
	return &file{path, m, m.Schema()}, nil
}

// Model is a model's files, read, verified and compared. At least one is there.
type Model struct {
	cpu, compiled *file
	signature     string           // the key of the signature that is run; "": the main graph
	entry         *schema.Subgraph // of signature; nil: the main graph
}

// Close gives the files back; twice is safe. The engines made of them keep what they need.
func (m *Model) Close() {
	m.cpu.close()
	m.compiled.close()
}

// Read reads both files, before the runtime sees either. A file that is broken, or two that are not the same model, are errors. What
// a file is, its contents say: a compiled model alone may have any name.
func Read(files Files) (*Model, error) {
	cpu, err := readFile(files.CPU)
	if err != nil {
		return nil, err
	}
	compiled, err := readFile(files.EdgeTPU)
	if err != nil {
		cpu.close()
		return nil, err
	}
	m, err := match(cpu, compiled)
	if err != nil {
		(&Model{cpu: cpu, compiled: compiled}).Close()
		return nil, err
	}
	return m, nil
}

// ReadBytes is [Read] for one file that is in memory, of which it keeps a copy. The name stands for its path.
func ReadBytes(name string, b []byte) (*Model, error) {
	m, err := tflite.LoadBytes(b)
	if err != nil {
		return nil, fmt.Errorf("model %s: %w", name, err)
	}
	return match(&file{name, m, m.Schema()}, nil)
}

// match finds out which file is which, and that they are the same model.
func match(cpu, compiled *file) (*Model, error) {
	switch {
	case cpu == nil && compiled == nil:
		return nil, errors.New("no model was given")
	case compiled == nil && cpu.model.Compiled():
		return &Model{compiled: cpu}, nil
	case compiled == nil:
		return &Model{cpu: cpu}, nil
	case cpu == nil && !compiled.model.Compiled():
		return &Model{cpu: compiled}, nil
	case cpu == nil:
		return &Model{compiled: compiled}, nil
	case cpu.model.Compiled() && !compiled.model.Compiled():
		cpu, compiled = compiled, cpu
	case cpu.model.Compiled():
		return nil, fmt.Errorf("model %s: it is compiled for the Edge TPU, like %s; the CPU model is wanted", cpu.path, compiled.path)
	case !compiled.model.Compiled():
		return nil, fmt.Errorf("model %s: it is not compiled for the Edge TPU (it has no %s)", compiled.path, schema.CompiledOp)
	}
	if err := compare(cpu.model.Main(), compiled.model.Main(), compiled.model.Main()); err != nil {
		return nil, fmt.Errorf("%s and %s are not the same model: %w", cpu.path, compiled.path, err)
	}
	return &Model{cpu: cpu, compiled: compiled}, nil
}

// one is the file that says more about the model: the CPU's, because the compiled one has its operators folded.
func (m *Model) one() *file {
	if m.cpu != nil {
		return m.cpu
	}
	return m.compiled
}

// Path stands for the model in messages: that of the CPU's file, where there is one.
func (m *Model) Path() string { return m.one().path }

// Select chooses the signature that is run, by its key. "" is the main graph, and an error that wraps
// [tflite.ErrSignature] where several signatures lead to several graphs. What Graph and Describe say is of the
// signature's inputs and outputs, in its order and under its names, as the engines have them.
func (m *Model) Select(signature string) error {
	g, err := m.one().model.Entry(signature)
	if err != nil {
		return fmt.Errorf("model %s: %w", m.Path(), err)
	}
	m.signature, m.entry = signature, g
	return nil
}

// Signature is the key that was selected; "": the main graph.
func (m *Model) Signature() string { return m.signature }

// compiledSignature says why the compiled file has not the signature that was selected. Engines take the place of one
// another by the number of an input, so that the order counts.
func (m *Model) compiledSignature() error {
	if m.signature == "" {
		return nil
	}
	g, err := m.compiled.model.Entry(m.signature)
	if err != nil || m.cpu == nil {
		return err
	}
	return sameNames(m.Graph(), g)
}

// sameNames says where inputs and outputs have other names, or the same in another order.
func sameNames(a, b *schema.Subgraph) error {
	for _, kind := range []struct {
		what string
		a, b []tensor.Info
	}{{"inputs", a.InputInfos(), b.InputInfos()}, {"outputs", a.OutputInfos(), b.OutputInfos()}} {
		if !slices.EqualFunc(kind.a, kind.b, func(x, y tensor.Info) bool { return x.Name == y.Name }) {
			return fmt.Errorf("its %s are %s, those of the model for the CPU %s", kind.what, names(kind.b), names(kind.a))
		}
	}
	return nil
}

func names(infos []tensor.Info) string {
	all := make([]string, len(infos))
	for i, t := range infos {
		all[i] = t.Name
	}
	return strings.Join(all, ", ")
}

// Graph is what the file at Path says of the graph that is run; valid until Close.
func (m *Model) Graph() *tflite.Graph {
	if m.entry != nil {
		return m.entry
	}
	return m.one().model.Main()
}

// Files are the paths that the model was read from, by what they are.
func (m *Model) Files() Files {
	var f Files
	if m.cpu != nil {
		f.CPU = m.cpu.path
	}
	if m.compiled != nil {
		f.EdgeTPU = m.compiled.path
	}
	return f
}

// ForCPU says whether there is a file that the CPU can run.
func (m *Model) ForCPU() bool { return m.cpu != nil }

// Token is the parameter-caching token of the compiled file (see [edgetpu.Executable]); 0 where there is none.
func (m *Model) Token() uint64 {
	if m.compiled == nil {
		return 0
	}
	packages, _ := m.compiled.packages() // one that cannot be read is refused when the model is opened
	for _, p := range packages {
		if t := p.Token(); t != 0 {
			return t
		}
	}
	return 0
}

// SameAs says whether a model that was split, of which these are the first and the last segment, is this one.
func (m *Model) SameAs(first, last *Model) error {
	main := m.one().model.Main()
	if g := m.Graph(); g != main && !(slices.Equal(g.Inputs, main.Inputs) && slices.Equal(g.Outputs, main.Outputs)) {
		return fmt.Errorf("model %s: signature %q has inputs or outputs in another order than the graph, which its segments have: use the model without segments or without a signature", m.Path(), m.signature)
	}
	if err := compare(m.Graph(), first.Graph(), last.Graph()); err != nil {
		return fmt.Errorf("%s and the segments from %s to %s are not the same model: %w", m.Path(), first.Path(), last.Path(), err)
	}
	return nil
}

// compare says which inputs and outputs of a model and its counterpart differ, and how: number, type, shape or quantization. The compiled one
// may be in parts, a first and a last.
func compare(cpu, first, last *schema.Subgraph) error {
	return errors.Join(compareAll("input", cpu.InputInfos(), first.InputInfos()),
		compareAll("output", cpu.OutputInfos(), last.OutputInfos()))
}

func compareAll(what string, a, b []tensor.Info) error {
	if len(a) != len(b) {
		return fmt.Errorf("%d %ss and %d", len(a), what, len(b))
	}
	var errs []error
	for i := range a {
		x, y := a[i], b[i]
		// Some converters leave the shape of a custom operator's outputs (TFLite_Detection_PostProcess) to the
		// runtime: no dimensions in the file.
		if what == "output" && (len(x.Shape) == 0 || len(y.Shape) == 0) {
			y.Shape = x.Shape
		}
		if !x.Same(y) {
			errs = append(errs, fmt.Errorf("%s %d is %v and %v", what, i, a[i], b[i]))
		}
	}
	return errors.Join(errs...)
}

// packages are what the Edge TPU compiler put into the file.
func (f *file) packages() ([]*edgetpu.Package, error) {
	var all []*edgetpu.Package
	for _, g := range f.model.Subgraphs {
		for _, o := range g.Operators {
			if o.Name != schema.CompiledOp {
				continue
			}
			p, err := edgetpu.ParsePackage(o.CustomOptions)
			if err != nil {
				return nil, fmt.Errorf("model %s: %w", f.path, err)
			}
			all = append(all, p)
		}
	}
	return all, nil
}

// leavesToCPU says whether the file has operators that the Edge TPU does not run.
func (f *file) leavesToCPU() bool {
	for _, g := range f.model.Subgraphs {
		for _, o := range g.Operators {
			if o.Name != schema.CompiledOp {
				return true
			}
		}
	}
	return false
}

// sorting are the operators whose outputs stand in an order that depends on how scores are rounded.
var sorting = []string{"TFLite_Detection_PostProcess", "NON_MAX_SUPPRESSION_V4", "NON_MAX_SUPPRESSION_V5", "TOPK_V2"}

// Unordered says whether values of the model's outputs change places when scores are rounded differently: whether it sorts.
func (m *Model) Unordered() bool {
	g := m.Graph()
	return slices.ContainsFunc(sorting, func(name string) bool { return g.Find(name) != nil })
}
