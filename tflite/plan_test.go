package tflite_test

import (
	"os"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

// observed opens a model and says what XNNPACK has taken of it.
func observed(t *testing.T, model []byte, o tflite.Options) ([]tflite.Taken, tflite.MemoryUse, *tflite.Schema) {
	t.Helper()
	m, err := tflite.LoadBytes(model)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	i, err := m.Interpreter(o)
	if err != nil {
		t.Fatal(err)
	}
	defer i.Close()
	use, err := i.MemoryUse()
	if err != nil {
		t.Fatal(err)
	}
	return i.Plan(m.Schema()), use, m.Schema()
}

// TestPlan: an operator is in one piece at most, a piece has an operator, and pieces follow one another with what is left between.
func TestPlan(t *testing.T) {
	for name, want := range map[string]struct{ pieces, left int }{
		"models/mobilenet_v1_0.25_128_quant.tflite":       {2, 2}, // AVERAGE_POOL_2D and SOFTMAX of uint8
		"wild/kws_ref_model.tflite":                       {2, 2},
		"models/ssd_mobilenet_v1_coco_quant.tflite":       {2, 3},
		"models/movenet_single_pose_lightning_ptq.tflite": {7, 28},
	} {
		b, err := os.ReadFile(testdata.Path(t, name))
		if err != nil {
			t.Fatal(err)
		}
		plan, use, m := observed(t, b, tflite.Options{Observe: true})
		seen := map[int]bool{}
		for _, p := range plan {
			if p.Subgraph != 0 || p.Delegate != 0 || len(p.Nodes) == 0 {
				t.Errorf("%s: %+v", name, p)
			}
			for _, n := range p.Nodes {
				if seen[n] {
					t.Errorf("%s: operator %d is in two pieces", name, n)
				}
				seen[n] = true
			}
		}
		if left := len(m.Main().Operators) - len(seen); len(plan) != want.pieces || left != want.left {
			t.Errorf("%s: %d pieces, and %d operators left (want %d and %d)", name, len(plan), left, want.pieces, want.left)
		}
		if use.Arena <= 0 || use.Tensors < use.Arena/2 {
			t.Errorf("%s: %+v", name, use)
		}
		if none, alone, _ := observed(t, b, tflite.Options{Observe: true, Builtin: true}); len(none) != 0 || alone.Arena < use.Arena || alone.Tensors <= alone.Arena {
			t.Errorf("%s: %v, %+v", name, none, alone)
		}
		if none, _, _ := observed(t, b, tflite.Options{}); len(none) != 0 {
			t.Errorf("%s: %v without Observe", name, none)
		}
	}
}

// TestPlanOfLoop has a graph that WHILE calls.
func TestPlanOfLoop(t *testing.T) {
	plan, _, m := observed(t, modeltest.Endless().Bytes(), tflite.Options{Observe: true})
	for _, p := range plan {
		if p.Subgraph < 0 || p.Subgraph >= len(m.Subgraphs) || len(p.Nodes) != 1 || m.Subgraphs[p.Subgraph].Operators[p.Nodes[0]].Name != "ADD" {
			t.Errorf("%+v", p)
		}
	}
}
