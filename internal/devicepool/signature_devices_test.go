package devicepool_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/choice"
	"corallite/internal/devicepool"
	"corallite/internal/plugin/plugintest"
	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
)

// weighted is result = (left + right) + right under the signature "add", which names its inputs in another order than its
// graph: who swaps them gets another result. compiled has its first or both operators folded for the Edge TPU.
func weighted(compiled []byte) modeltest.Model {
	m := modeltest.TwoSignatures(4)
	m.Subgraphs, m.Signatures = m.Subgraphs[:1], m.Signatures[:1]
	g := &m.Subgraphs[0]
	g.Tensors = append(g.Tensors, modeltest.Float32("mid", 1, 4))
	first, second := g.Operators[0], g.Operators[0]
	first.Outputs, second.Inputs = []int32{3}, []int32{3, 1}
	g.Operators = []modeltest.Operator{first, second}
	if compiled != nil {
		g.Operators = []modeltest.Operator{{Code: modeltest.Custom, Custom: schema.CompiledOp, CustomData: compiled, Inputs: []int32{0, 1}, Outputs: []int32{2}}}
	}
	return m
}

// compiledPackage is what the compiler put into a model.
func compiledPackage(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(path(t, classifier+"_edgetpu"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Clone(m.Main().Find(schema.CompiledOp).CustomOptions)
}

// TestSignatureOnAccelerators runs a signature by its name on the Edge TPU and on an external delegate: inputs and outputs
// have the signature's names and order there, as on the CPU.
func TestSignatureOnAccelerators(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, m modeltest.Model) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, m.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	cpu := write("m.tflite", weighted(nil))
	compiled := write("m_edgetpu.tflite", weighted(compiledPackage(t)))
	plugin := choice.Plugin(plugintest.Build(t))
	for name, c := range map[string]struct {
		files     delegate.Files
		choice    choice.Choice
		device    string
		cpuModels []string
		devices   []string
	}{
		"the CPU":           {delegate.Files{CPU: cpu}, delegate.None, "cpu:builtin", nil, []string{}},
		"the Edge TPU":      {delegate.Files{CPU: cpu, EdgeTPU: compiled}, delegate.EdgeTPU, "edgetpu:usb:2-1", []string{cpu}, nil},
		"external delegate": {delegate.Files{CPU: cpu}, choice.Choice{plugin}, pluginName, nil, []string{}},
	} {
		for _, isolate := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, isolated %v", name, isolate), func(t *testing.T) {
				b := newBench(t, simtest.Config{Devices: c.devices, CPUModels: c.cpuModels}, func(o *devicepool.Options) { o.Files = []string{cpu, compiled} })
				m, _, err := b.Read(t.Context(), c.files, "add", nil)
				if err != nil {
					t.Fatal(err)
				}
				defer m.Close()
				all, err := b.Open(t.Context(), devicepool.Request{Model: m, Engines: 1, Isolate: &isolate, Choice: c.choice})
				if err != nil {
					t.Fatal(err)
				}
				e := all[0]
				if in := e.Inputs(); len(in) != 2 || in[0].Name != m.Graph().InputInfos()[0].Name || in[0].Name == "a" || e.Outputs()[0].Name != "result" {
					t.Errorf("inputs %v", in)
				}
				for i, info := range e.Inputs() {
					value := map[string]float32{"left": 1, "right": 10}[info.Name]
					if err := tensor.SetReal(e.Input(i), []float32{value, value, value, value}); err != nil {
						t.Error(err)
					}
				}
				got := make([]float32, 4)
				if err := e.Invoke(t.Context()); err != nil {
					t.Error(err)
				} else if err := tensor.Real(got, e.Output(0)); err != nil || !slices.Equal(got, []float32{21, 21, 21, 21}) {
					t.Errorf("%v, %v", got, err)
				}
				if d := e.Device(); d.Name != c.device || d.Degraded {
					t.Errorf("device %+v", d)
				}
				if err := e.Close(); err != nil {
					t.Error(err)
				}
			})
		}
	}
}

// TestSignatureOfSegments: segments have the graph's inputs in the graph's order, which a signature may change; together
// they are refused rather than mixed up.
func TestSignatureOfSegments(t *testing.T) {
	dir := t.TempDir()
	of := compiledPackage(t)
	write := func(name string, m modeltest.Model) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, m.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return file
	}
	whole := weighted(nil)
	first, second := weighted(of), weighted(of)
	first.Signatures, second.Signatures = nil, nil
	first.Subgraphs[0].Operators[0].Outputs, first.Subgraphs[0].Outputs = []int32{3}, []int32{3}
	second.Subgraphs[0].Operators[0].Inputs, second.Subgraphs[0].Inputs = []int32{3}, []int32{3}
	f := delegate.Files{CPU: write("m.tflite", whole)}
	paths := []string{write("s0_edgetpu.tflite", first), write("s1_edgetpu.tflite", second)}
	b := newBench(t, simtest.Config{}, func(o *devicepool.Options) { o.Files = append(paths, f.CPU) })
	m, _, err := b.Read(t.Context(), f, "add", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	all, err := b.Open(t.Context(), devicepool.Request{Model: m, Segments: readAll(t, paths), Engines: 1})
	if err == nil || !strings.Contains(err.Error(), `signature "add" has inputs or outputs in another order than the graph`) {
		t.Errorf("error %v", err)
	}
	for _, e := range all {
		_ = e.Close()
	}
}

// TestSignatureInAnotherOrder: a compiled file that names the inputs of a signature in another order is not run: its inputs
// would be mixed up.
func TestSignatureInAnotherOrder(t *testing.T) {
	dir, compiled := t.TempDir(), weighted(compiledPackage(t))
	in := compiled.Signatures[0].Inputs
	in[0], in[1] = in[1], in[0]
	f := delegate.Files{CPU: filepath.Join(dir, "m.tflite"), EdgeTPU: filepath.Join(dir, "m_edgetpu.tflite")}
	for file, m := range map[string]modeltest.Model{f.CPU: weighted(nil), f.EdgeTPU: compiled} {
		if err := os.WriteFile(file, m.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	b := newBench(t, simtest.Config{CPUModels: []string{f.CPU}}, func(o *devicepool.Options) { o.Files = []string{f.CPU, f.EdgeTPU} })
	m, _, err := b.Read(t.Context(), f, "add", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	all, err := b.Open(t.Context(), devicepool.Request{Model: m, Engines: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer all[0].Close()
	d := all[0].Device()
	if d.Name != "cpu:xnnpack" || !d.Degraded || !strings.Contains(d.Reason, "its inputs are left, right, those of the model for the CPU right, left") {
		t.Errorf("device %+v", d)
	}
}
