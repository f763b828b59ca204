package devicepool_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// TestShapes opens a model that runs only with a shape that its file leaves open: it is tried with it in a child, and
// runs with it in this process and in a child, whatever runs it.
func TestShapes(t *testing.T) {
	made := modeltest.Addition(1, 2)
	made.Subgraphs[0].Tensors[1].Shape, made.Subgraphs[0].Tensors[1].Open = []int{1, 3}, []int32{1, -1}
	f := delegate.Files{CPU: filepath.Join(t.TempDir(), "open.tflite")}
	if err := os.WriteFile(f.CPU, made.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, simtest.Config{Devices: []string{}}, func(o *devicepool.Options) {
		o.Files = []string{f.CPU}
		o.Verified = worker.NewVerifiedModels(t.TempDir())
	})
	if _, _, err := b.Read(t.Context(), f, "", nil); err == nil {
		t.Error("without the shape it went well")
	}
	refuse := func(*schema.Subgraph) ([][]int, error) { return nil, errors.New("no size") }
	if _, _, err := b.Read(t.Context(), f, "", refuse); err == nil || err.Error() != "model "+f.CPU+": no size" {
		t.Errorf("without a size: %v", err)
	}
	m, shapes, err := b.Read(t.Context(), f, "", func(g *schema.Subgraph) ([][]int, error) { return [][]int{nil, {1, len(g.Inputs)}}, nil })
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	for _, choice := range []delegate.Choice{delegate.Auto, delegate.XNNPACK, delegate.None} {
		for _, isolate := range []bool{false, true} {
			all, err := b.Open(t.Context(), devicepool.Request{
				Model: m, Choice: choice, Engines: 1, Isolate: &isolate, Shapes: shapes,
			})
			if err != nil {
				t.Errorf("%s, isolated %v: %v", choice, isolate, err)
				continue
			}
			e, sum := all[0], make([]float32, 2)
			for i, values := range [][]float32{{1, 2}, {30, 40}} {
				if err := tensor.SetReal(e.Input(i), values); err != nil {
					t.Error(err)
				}
			}
			if err := e.Invoke(t.Context()); err != nil {
				t.Error(err)
			} else if err := tensor.Real(sum, e.Output(0)); err != nil || sum[0] != 31 || sum[1] != 42 {
				t.Errorf("%s, isolated %v: %v, %v", choice, isolate, sum, err)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestBuiltinKernelsRun: what XNNPACK cannot prepare, or takes nothing of, the built-in kernels run, in this process and in
// a child, and the device says so.
func TestBuiltinKernelsRun(t *testing.T) {
	softmax := filepath.Join(t.TempDir(), "softmax8.tflite")
	if err := os.WriteFile(softmax, modeltest.Softmax8(4).Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	sparse := testdata.Case(t, "runtimes/sparse_dynamic.tflite")
	b := newBench(t, simtest.Config{Devices: []string{}}, func(o *devicepool.Options) { o.Files = []string{softmax, sparse} })
	for _, path := range []string{softmax, sparse} {
		for _, isolate := range []bool{false, true} {
			e := b.open(delegate.Files{CPU: path}, devicepool.Request{Choice: delegate.Auto, Isolate: &isolate, Engines: 1})[0]
			if d := e.Device(); d.Name != "cpu:builtin" || !d.Degraded {
				t.Errorf("%s, isolated %v: device %+v", path, isolate, d)
			}
			if err := e.Invoke(t.Context()); err != nil {
				t.Errorf("%s, isolated %v: %v", path, isolate, err)
			}
		}
	}
}
