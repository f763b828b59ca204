package tflite

import (
	"context"
	"math"
	"strings"
	"sync"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// spot fills the inputs of a decoder on 3 × 4 cells: no offsets, and a heat map of −10, or 5 at row 1, column 2.
func spot(t *testing.T, n *Interpreter, there bool) {
	t.Helper()
	heat := make([]float32, 3*4*17)
	for i := range heat {
		if heat[i] = -10; there && i/17 == 1*4+2 {
			heat[i] = 5
		}
	}
	for i, values := range [][]float32{heat, make([]float32, 3*4*34), make([]float32, 3*4*64)} {
		if err := tensor.SetReal(n.Input(i), values); err != nil {
			t.Fatal(err)
		}
	}
}

// TestPosenetOperator: one pose with all key points in one place, which is gone at the next run.
func TestPosenetOperator(t *testing.T) {
	for _, kind := range []tensor.Type{tensor.Float32, tensor.UInt8, tensor.Int8} {
		m := modeltest.Posenet(3, 4, modeltest.PosenetOptions(map[string]any{"max_detections": 2}))
		for i := range 3 {
			if m.Subgraphs[0].Tensors[i].Type = kind; kind != tensor.Float32 {
				zero := int32(128)
				if kind == tensor.Int8 {
					zero = 0
				}
				m.Subgraphs[0].Tensors[i].Quantization = tensor.PerTensor(0.1, zero)
			}
		}
		n, err := New(m.Bytes(), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for i, want := range [][]int{{1, 2, 17, 2}, {1, 2, 17}, {1, 2}, {1}} {
			if got := n.Outputs()[i].Shape; tensor.ShapeString(got) != tensor.ShapeString(want) {
				t.Errorf("%s: output %d has the shape %v", kind, i, got)
			}
		}
		for _, there := range []bool{true, false, true} {
			spot(t, n, there)
			if err := n.Invoke(context.Background()); err != nil {
				t.Fatal(err)
			}
			var out [4][]float32
			for i := range out {
				if out[i], err = tensor.Of[float32](n.Output(i)); err != nil {
					t.Fatal(err)
				}
			}
			count, score := float32(0), 0.0
			if there {
				count, score = 1, 1/(1+math.Exp(-5))
			}
			if out[3][0] != count || math.Abs(float64(out[2][0])-score) > 1e-3 || out[2][1] != 0 {
				t.Errorf("%s: %v poses with %v", kind, out[3], out[2])
			}
			for k := range 2 * 17 { // the second pose is never there
				y, x, s := float32(0), float32(0), 0.0
				if k < 17 && there {
					y, x, s = 16, 32, score
				}
				if out[0][2*k] != y || out[0][2*k+1] != x || math.Abs(float64(out[1][k])-s) > 1e-3 {
					t.Fatalf("%s: key point %d at %v with %v", kind, k, out[0][2*k:2*k+2], out[1][k])
				}
			}
		}
		if capi.Nodes() != 1 {
			t.Errorf("%d nodes", capi.Nodes())
		}
		n.Close()
	}
	if capi.Nodes() != 0 {
		t.Errorf("%d nodes are left", capi.Nodes())
	}
}

// TestPosenetAllocates: a run costs no memory of Go's.
func TestPosenetAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	n, err := New(modeltest.Posenet(3, 4, modeltest.PosenetOptions(nil)).Bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	spot(t, n, true)
	if a := testing.AllocsPerRun(100, func() {
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
	}); a != 0 {
		t.Errorf("%v allocations a run", a)
	}
}

// TestPosenetModel runs Coral's model side by side, as two engines of a pipeline do. What it finds is checked in
// pipeline/vision.
func TestPosenetModel(t *testing.T) {
	path := testdata.Path(t, "models/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite")
	var wg sync.WaitGroup
	for range 2 {
		n := open1(t, path, Options{Delegates: xnn(t, 1)})
		picture(t, n.Input(0), "squat.bmp")
		wg.Go(func() {
			for range 3 {
				if err := n.Invoke(context.Background()); err != nil {
					t.Error(err)
				}
				if count, err := tensor.Of[float32](n.Output(3)); err != nil || count[0] != 1 {
					t.Errorf("%v people, %v", count, err)
				}
			}
		})
	}
	wg.Wait()
}

// TestPosenetPrepareFails: what the verifier cannot know is refused when the runtime knows it.
func TestPosenetPrepareFails(t *testing.T) {
	resizable := modeltest.Posenet(3, 4, modeltest.PosenetOptions(nil))
	for i, channels := range []int32{17, 34, 64} {
		resizable.Subgraphs[0].Tensors[i].Open = []int32{1, -1, -1, channels}
	}
	n, err := New(resizable.Bytes(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	err = n.Resize(0, []int{1, 5, 4, 17})
	if err == nil || !strings.Contains(err.Error(), "PosenetDecoderOp: heat map of shape [1,5,4,17], short offsets [1,3,4,34]") {
		t.Errorf("resized to shapes that do not fit: %v", err)
	}
	for i, channels := range []int{17, 34, 64} { // only the last makes them fit
		err = n.Resize(i, []int{1, 5, 4, channels})
	}
	if err == nil {
		err = n.Invoke(context.Background())
	}
	if err != nil {
		t.Errorf("resized to shapes that fit: %v", err)
	}
	for i, channels := range []int{17, 34, 64} {
		err = n.Resize(i, []int{1, 300, 300, channels})
	}
	if err == nil || !strings.Contains(err.Error(), "300 × 300 cells") {
		t.Errorf("resized to a huge heat map: %v", err)
	}

	masks := modeltest.Posenet(3, 4, modeltest.PosenetOptions(nil))
	g := &masks.Subgraphs[0]
	g.Tensors = append(g.Tensors, modeltest.Float32("long", 1, 3, 4, 34), modeltest.Float32("masks"))
	g.Inputs, g.Outputs = append(g.Inputs, 7), append(g.Outputs, 8)
	g.Operators[0].Inputs, g.Operators[0].Outputs = g.Inputs, g.Outputs
	if _, err := New(masks.Bytes(), Options{}); err == nil || !strings.Contains(err.Error(), "PosenetDecoderOp: long offsets and masks (BodyPix)") {
		t.Errorf("BodyPix: %v", err)
	}
	if capi.Nodes() != 1 {
		t.Errorf("%d nodes beside the one that is open", capi.Nodes()-1)
	}
}

// TestPosenetBrokenOptions opens what the verifier lets through of options with a changed byte.
func TestPosenetBrokenOptions(t *testing.T) {
	options := modeltest.PosenetOptions(nil)
	opened, refused := 0, 0
	for i, old := range options {
		for _, v := range []byte{0, 1, 0x7f, 0x80, 0xff, old + 1, old ^ 0x40} {
			options[i] = v
			n, err := New(modeltest.Posenet(3, 4, options).Bytes(), Options{})
			if err != nil {
				refused++
				continue
			}
			opened++
			spot(t, n, true)
			if err := n.Invoke(context.Background()); err != nil {
				t.Errorf("byte %d is %d: %v", i, v, err)
			}
			n.Close()
		}
		options[i] = old
	}
	if opened == 0 || refused == 0 || capi.Nodes() != 0 {
		t.Errorf("%d opened, %d refused, %d nodes left", opened, refused, capi.Nodes())
	}
}
