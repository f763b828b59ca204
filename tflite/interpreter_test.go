package tflite

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

func TestMain(m *testing.M) {
	if os.Getenv(childEnv) != "" {
		hostileChild()
		return
	}
	goleak.VerifyTestMain(m)
}

func open1(t testing.TB, path string, o Options) *Interpreter {
	t.Helper()
	n, err := Open(path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func new1(t testing.TB, m modeltest.Model, o Options) *Interpreter {
	t.Helper()
	n, err := New(m.Bytes(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func xnn(t testing.TB, threads int) []Delegate {
	t.Helper()
	d, err := NewXNNPACK(threads)
	if err != nil {
		t.Fatal(err)
	}
	return []Delegate{d}
}

// TestModels runs every model of the test data, on the built-in kernels and on XNNPACK, and compares both.
func TestModels(t *testing.T) {
	paths, err := filepath.Glob(filepath.Join(filepath.Dir(testdata.Path(t, "models/split_concat.tflite")), "*.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".tflite")
		t.Run(name, func(t *testing.T) {
			if strings.Contains(name, "_edgetpu") {
				_, err := Open(path, Options{})
				if err == nil || !strings.Contains(err.Error(), "unresolved custom op: edgetpu-custom-op") || !strings.Contains(err.Error(), path) {
					t.Fatalf("a compiled model without its delegate: %v", err)
				}
				return
			}
			if name == "model_invoking_error" {
				unresolved(t, path)
				return
			}
			builtin := open1(t, path, Options{Builtin: true})
			accelerated := open1(t, path, Options{Delegates: xnn(t, 2)})
			if d := builtin.Device().Name; d != "cpu:builtin" {
				t.Errorf("device %q", d)
			}
			if d := accelerated.Device().Name; d != "cpu:xnnpack" {
				t.Errorf("device %q", d)
			}
			for _, n := range []*Interpreter{builtin, accelerated} {
				for i := range n.Inputs() {
					picture(t, n.Input(i), "cat.bmp")
				}
				if err := n.Invoke(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			for i, info := range builtin.Outputs() {
				a, b := builtin.Output(i), accelerated.Output(i)
				if len(a.Data) == 0 || len(a.Data) != info.Elements()*info.Type.Size() || !a.Same(b.Info) {
					t.Fatalf("output %d: %v of %d bytes, %v", i, a.Info, len(a.Data), b.Info)
				}
				if far := furthest(t, a, b); far > 0.2 {
					t.Errorf("output %d differs by %g between the kernels", i, far)
				}
			}
		})
	}
	if live := Live(); live != 0 {
		t.Errorf("%d interpreters are still open", live)
	}
}

// furthest is the greatest difference between two tensors, as a part of the greatest value.
func furthest(t *testing.T, a, b tensor.Tensor) float64 {
	t.Helper()
	if a.Type == tensor.Int64 {
		x, y := must(tensor.Of[int64](a)), must(tensor.Of[int64](b))
		different := 0
		for i := range x {
			if x[i] != y[i] {
				different++
			}
		}
		return float64(different) / float64(len(x))
	}
	x, y := make([]float32, a.Elements()), make([]float32, b.Elements())
	if err := errors.Join(tensor.Real(x, a), tensor.Real(y, b)); err != nil {
		t.Fatal(err)
	}
	far, top := 0.0, 1e-9
	for i := range x {
		far = max(far, float64(x[i]-y[i]), float64(y[i]-x[i]))
		top = max(top, float64(x[i]), float64(-x[i]))
	}
	return far / top
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// TestInvokeError asks GATHER for a row that is not there, which it sees only when it runs.
func TestInvokeError(t *testing.T) {
	n := new1(t, modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			modeltest.Float32("rows", 3, 2),
			{Info: tensor.Info{Name: "which", Type: tensor.Int32, Shape: []int{1}}},
			modeltest.Float32("row", 1, 2),
		},
		Inputs: []int32{0, 1}, Outputs: []int32{2},
		Operators: []modeltest.Operator{{Code: modeltest.Gather, Inputs: []int32{0, 1}, Outputs: []int32{2},
			OptionsType: modeltest.GatherOptions, Options: []any{int32(0), int32(0)}}},
	}}}, Options{})
	which := must(tensor.Of[int32](n.Input(1)))
	for range 2 {
		which[0] = 7
		err := n.Invoke(context.Background())
		var e *Error
		if !errors.As(err, &e) || e.Op != "TfLiteInterpreterInvoke" || e.Status != Failed || !strings.Contains(e.Detail, "out of bounds") {
			t.Fatalf("got %#v", err)
		}
		which[0] = 2
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatalf("after an error: %v", err)
		}
	}
}

// unresolved opens a model whose custom operator the runtime does not know.
func unresolved(t *testing.T, path string) {
	t.Helper()
	_, err := Open(path, Options{})
	var e *Error
	if !errors.As(err, &e) || e.Op != "TfLiteInterpreterAllocateTensors" || e.Status != UnresolvedOps ||
		!strings.Contains(e.Detail, "unresolved custom op: fake-op-double") {
		t.Fatalf("got %#v", err)
	}
}

func TestBadFiles(t *testing.T) {
	dir := t.TempDir()
	whole, err := os.ReadFile(testdata.Path(t, "models/split_concat.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{
		"empty": {}, "text": []byte("this is no model at all, but a text"), "short": whole[:700], "eight": whole[:8],
	} {
		path := filepath.Join(dir, name+".tflite")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path, Options{}); !errors.Is(err, schema.ErrInvalid) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := New(content, Options{}); !errors.Is(err, schema.ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := Open(dir, Options{}); err == nil || !strings.Contains(err.Error(), "is a folder, not a file") {
		t.Errorf("a folder: %v", err)
	}
	if _, err := Open(filepath.Join(dir, "none.tflite"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if _, err := New(whole, Options{Threads: -2}); err == nil {
		t.Error("-2 threads")
	}
	if live := Live(); live != 0 {
		t.Errorf("%d interpreters are still open", live)
	}
}

// counted is XNNPACK under another name, which counts its end.
type counted struct {
	Delegate
	deleted *int
}

func (c counted) Name() string { return "test:counted" }

func (c counted) Delete() {
	c.Delegate.Delete()
	*c.deleted++
}

func TestDelegateOwnership(t *testing.T) {
	deleted := 0
	o := func() Options { return Options{Delegates: []Delegate{counted{xnn(t, 1)[0], &deleted}}} }
	n, err := New(modeltest.Addition(1, 4).Bytes(), o())
	if err != nil {
		t.Fatal(err)
	}
	if deleted != 0 || n.Device().Name != "test:counted" {
		t.Errorf("%d deleted, device %q", deleted, n.Device().Name)
	}
	if err := errors.Join(n.Close(), n.Close()); err != nil || deleted != 1 {
		t.Errorf("after Close twice: %v, %d deleted", err, deleted)
	}
	for i, open := range []func() error{
		func() error { _, err := New([]byte("no model"), o()); return err },
		func() error { _, err := Open("/no/such/file", o()); return err },
		func() error { _, err := Open(testdata.Path(t, "models/split_concat_edgetpu.tflite"), o()); return err },
	} {
		if err := open(); err == nil || deleted != i+2 {
			t.Errorf("open %d: %v, %d deleted", i, err, deleted)
		}
	}
	if _, err := New(modeltest.Addition(1, 4).Bytes(), Options{Delegates: []Delegate{nil}}); err == nil {
		t.Error("a nil delegate was taken")
	}
}

func TestClosed(t *testing.T) {
	n := new1(t, modeltest.Addition(2), Options{})
	n.Close()
	_, err1 := n.Variables()
	_, err2 := n.Signature("x")
	for i, err := range []error{
		n.Invoke(context.Background()), n.Resize(0, []int{1}), n.ResetVariables(), n.SetStrings(0, "a"), err1, err2,
	} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("use %d after Close: %v", i, err)
		}
	}
	if n.Input(0).Data != nil || n.Output(0).Data != nil || n.Input(-1).Data != nil {
		t.Error("a closed interpreter gives views")
	}
	n.Cancel()
}

func TestResize(t *testing.T) {
	n := new1(t, modeltest.Addition(1, 2), Options{})
	for _, shape := range [][]int{{1, 3}, {4, 5, 6}, {7}} {
		if err := errors.Join(n.Resize(0, shape), n.Resize(1, shape)); err != nil && len(shape) < 3 {
			// Between the two the shapes may not fit each other; the second makes good.
			if err := n.Resize(1, shape); err != nil {
				t.Fatal(err)
			}
		}
		a, b := must(tensor.Of[float32](n.Input(0))), must(tensor.Of[float32](n.Input(1)))
		for i := range a {
			a[i], b[i] = float32(i), 0.5
		}
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		sum := must(tensor.Of[float32](n.Output(0)))
		if !slices.Equal(n.Outputs()[0].Shape, shape) || len(sum) != len(a) || sum[len(sum)-1] != float32(len(sum)-1)+0.5 {
			t.Errorf("shape %v: %v %v", shape, n.Outputs()[0], sum)
		}
	}
	for _, bad := range [][]int{nil, {0}, {-1, 2}, {1 << 20, 1 << 20}} {
		if err := n.Resize(0, bad); err == nil {
			t.Errorf("shape %v was taken", bad)
		}
	}
	if err := n.Resize(2, []int{1}); err == nil {
		t.Error("input 2 of 2 was resized")
	}
	if err := n.Invoke(context.Background()); err != nil {
		t.Errorf("after refused shapes: %v", err)
	}
	// Shapes that do not go together: an error, no views into memory that is gone, and all is well after the next.
	if err := n.Resize(0, []int{2, 2}); err == nil {
		t.Error("[2,2] + [7] was taken")
	} else if n.Input(0).Data != nil || n.Invoke(context.Background()) == nil {
		t.Error("an interpreter without memory gives views or runs")
	}
	if err := errors.Join(n.Resize(1, []int{2, 2}), n.Invoke(context.Background())); err != nil {
		t.Error(err)
	}
}
