package devicepool_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// TestSignature runs the signature that is named, after a trial of its own, in this process and in a child; without a name
// the model is refused.
func TestSignature(t *testing.T) {
	f := delegate.Files{CPU: filepath.Join(t.TempDir(), "signatures.tflite")}
	if err := os.WriteFile(f.CPU, modeltest.TwoSignatures(2).Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	b := newBench(t, simtest.Config{Devices: []string{}}, func(o *devicepool.Options) {
		o.Files = []string{f.CPU}
		o.Verified = worker.NewVerifiedModels(t.TempDir())
	})
	for _, signature := range []string{"", "train"} {
		if _, _, err := b.Read(t.Context(), f, signature, nil); !errors.Is(err, schema.ErrSignature) {
			t.Errorf("signature %q: %v", signature, err)
		}
	}
	size := func(g *schema.Subgraph) ([][]int, error) {
		if g.InputInfos()[0].Name != "value" {
			return nil, nil
		}
		return [][]int{{1, 2}}, nil
	}
	for signature, want := range map[string][]float32{"add": {6, 6}, "double": {6, 6}} {
		m, shapes, err := b.Read(t.Context(), f, signature, size)
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		for _, isolate := range []bool{false, true} {
			all, err := b.Open(t.Context(), devicepool.Request{Model: m, Engines: 1, Isolate: &isolate, Shapes: shapes})
			if err != nil {
				t.Errorf("%s, isolated %v: %v", signature, isolate, err)
				continue
			}
			e, got := all[0], make([]float32, 2)
			if in, graph := e.Inputs(), m.Graph().InputInfos(); len(in) != len(graph) || in[0].Name != graph[0].Name {
				t.Errorf("%s, isolated %v: inputs %v, the graph's %v", signature, isolate, in, graph)
			}
			for i := range e.Inputs() {
				if err := tensor.SetReal(e.Input(i), []float32{3, 3}); err != nil {
					t.Error(err)
				}
			}
			if err := e.Invoke(t.Context()); err != nil {
				t.Error(err)
			} else if err := tensor.Real(got, e.Output(0)); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s, isolated %v: %v, %v", signature, isolate, got, err)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}
