package delegate

import (
	"errors"
	"fmt"
	"io/fs"

	"corallite/delegate/edgetpu"
	"corallite/tflite"
	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

// ErrNoTwin is wrapped by the error of a compiled model that has to run on the CPU and has no CPU twin.
var ErrNoTwin = errors.New("no CPU twin")

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

// pair is a model's files, read, verified and compared. At least one is there.
type pair struct {
	cpu, compiled *file
}

// close gives the files back. The engines made of them keep what they need.
func (p pair) close() {
	p.cpu.close()
	p.compiled.close()
}

// read reads both files. What a file is, its contents say: a compiled model alone may have any name.
func read(m Files) (pair, error) {
	cpu, err := readFile(m.CPU)
	if err != nil {
		return pair{}, err
	}
	compiled, err := readFile(m.EdgeTPU)
	if err != nil {
		cpu.close()
		return pair{}, err
	}
	p, err := match(cpu, compiled)
	if err != nil {
		pair{cpu, compiled}.close()
	}
	return p, err
}

// match finds out which file is which, and that they are the same model.
func match(cpu, compiled *file) (pair, error) {
	switch {
	case cpu == nil && compiled == nil:
		return pair{}, errors.New("no model was given")
	case compiled == nil && cpu.model.Compiled():
		return pair{compiled: cpu}, nil
	case compiled == nil:
		return pair{cpu: cpu}, nil
	case cpu == nil && !compiled.model.Compiled():
		return pair{cpu: compiled}, nil
	case cpu == nil:
		return pair{compiled: compiled}, nil
	case cpu.model.Compiled() && !compiled.model.Compiled():
		cpu, compiled = compiled, cpu
	case cpu.model.Compiled():
		return pair{}, fmt.Errorf("model %s: it is compiled for the Edge TPU, like %s; its CPU twin is wanted", cpu.path, compiled.path)
	case !compiled.model.Compiled():
		return pair{}, fmt.Errorf("model %s: it is not compiled for the Edge TPU (it has no %s)", compiled.path, schema.CompiledOp)
	}
	if err := compare(cpu.model, compiled.model); err != nil {
		return pair{}, fmt.Errorf("%s and %s are not the same model: %w", cpu.path, compiled.path, err)
	}
	return pair{cpu, compiled}, nil
}

// name is the path that stands for the model in messages.
func (p pair) name() string {
	if p.cpu != nil {
		return p.cpu.path
	}
	return p.compiled.path
}

// compare says which inputs and outputs of the twins differ, and how: number, type, shape or quantization.
func compare(cpu, compiled *schema.Model) error {
	a, b := cpu.Main(), compiled.Main()
	return errors.Join(compareAll("input", a.InputInfos(), b.InputInfos()),
		compareAll("output", a.OutputInfos(), b.OutputInfos()))
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
