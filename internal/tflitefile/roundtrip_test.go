package tflitefile_test

import (
	"archive/zip"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/testdata"
	"corallite/internal/tflitefile"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// all are the models of the test data, and those that tests bring.
func all(t *testing.T) []string {
	root := filepath.Dir(filepath.Dir(testdata.Path(t, "models/split_concat.tflite")))
	folders := []string{"models", "models/*", "wild", "../learning", "../cases"}
	var paths []string
	for _, f := range folders {
		found, err := filepath.Glob(filepath.Join(root, f, "*.tflite"))
		if err != nil {
			t.Fatal(err)
		}
		paths = append(paths, found...)
	}
	if len(paths) < 30 {
		t.Fatalf("only %d models", len(paths))
	}
	return paths
}

func rewritten(t *testing.T, b []byte) []byte {
	t.Helper()
	m, err := tflitefile.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	out, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	again, err := tflitefile.Read(out)
	if err != nil {
		t.Fatal(err)
	}
	if d := tflitefile.Difference(m, again); d != "" {
		t.Fatal(d)
	}
	twice, err := again.Bytes()
	if err != nil || !bytes.Equal(out, twice) {
		t.Fatalf("writing again gives other bytes (%v)", err)
	}
	return out
}

// TestRoundTrip writes every model again: the reader says the same of it, its packed files are the same, and the runtime
// computes the same.
func TestRoundTrip(t *testing.T) {
	for _, path := range all(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".tflite"), func(t *testing.T) {
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			after := rewritten(t, before)
			t.Logf("%d bytes, %d before", len(after), len(before))
			sameSchema(t, before, after)
			samePacked(t, before, after)
			aligned(t, after)
			sameResults(t, before, after)
		})
	}
}

// sameSchema compares what package schema reads, options of operators among it.
func sameSchema(t *testing.T, before, after []byte) {
	t.Helper()
	a, errA := schema.Read(before)
	b, errB := schema.Read(after)
	if errA != nil || errB != nil {
		if errA == nil || errB == nil || errA.Error() != errB.Error() {
			t.Fatalf("%v\n%v", errA, errB)
		}
		return
	}
	if !slices.EqualFunc(a.Metadata, b.Metadata, func(x, y schema.Metadata) bool { return x.Name == y.Name && bytes.Equal(x.Data, y.Data) }) ||
		a.Description != b.Description || len(a.Subgraphs) != len(b.Subgraphs) || len(a.Signatures) != len(b.Signatures) {
		t.Fatal("metadata, subgraphs or signatures differ")
	}
	for i := range a.Signatures {
		x, y := a.Signatures[i], b.Signatures[i]
		if x.Key != y.Key || x.Subgraph != y.Subgraph || !slices.Equal(x.Inputs, y.Inputs) || !slices.Equal(x.Outputs, y.Outputs) {
			t.Fatalf("%v\n%v", x, y)
		}
	}
	for i := range a.Subgraphs {
		x, y := a.Subgraphs[i], b.Subgraphs[i]
		if x.Name != y.Name || !slices.Equal(x.Inputs, y.Inputs) || !slices.Equal(x.Outputs, y.Outputs) {
			t.Fatal("a subgraph differs")
		}
		if !slices.EqualFunc(x.Tensors, y.Tensors, sameTensor) {
			t.Fatal("tensors differ")
		}
		if !slices.EqualFunc(x.Operators, y.Operators, func(o, p schema.Operator) bool {
			return o.Name == p.Name && o.Version == p.Version && slices.Equal(o.Inputs, p.Inputs) && slices.Equal(o.Outputs, p.Outputs) &&
				bytes.Equal(o.CustomOptions, p.CustomOptions) && o.OptionsString() == p.OptionsString()
		}) {
			t.Fatal("operators differ")
		}
	}
}

func sameTensor(a, b schema.Tensor) bool {
	return a.Name == b.Name && a.Type == b.Type && slices.Equal(a.Shape, b.Shape) && (a.Shape == nil) == (b.Shape == nil) &&
		slices.Equal(a.ShapeSignature, b.ShapeSignature) && a.Buffer == b.Buffer && bytes.Equal(a.Data, b.Data) && a.Variable == b.Variable &&
		a.Sparse == b.Sparse && slices.Equal(a.Quantization.Scales, b.Quantization.Scales) &&
		slices.Equal(a.Quantization.ZeroPoints, b.Quantization.ZeroPoints) && a.Quantization.Axis == b.Quantization.Axis
}

func samePacked(t *testing.T, before, after []byte) {
	t.Helper()
	a, err := zip.NewReader(bytes.NewReader(before), int64(len(before)))
	if errors.Is(err, zip.ErrFormat) {
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	b, err := zip.NewReader(bytes.NewReader(after), int64(len(after)))
	if err != nil || len(a.File) != len(b.File) {
		t.Fatalf("packed files are lost: %v", err)
	}
	for i := range a.File {
		if x, y := unpacked(t, a.File[i]), unpacked(t, b.File[i]); a.File[i].Name != b.File[i].Name || !bytes.Equal(x, y) {
			t.Fatalf("%s differs", a.File[i].Name)
		}
	}
}

func unpacked(t *testing.T, f *zip.File) []byte {
	r, err := f.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// aligned looks for the contents of constants in the file.
func aligned(t *testing.T, file []byte) {
	t.Helper()
	m, err := schema.Read(file)
	if err != nil {
		return
	}
	for _, g := range m.Subgraphs {
		for _, c := range g.Tensors {
			if len(c.Data) == 0 {
				continue
			}
			if at := offsetOf(file, c.Data); at%16 != 0 {
				t.Fatalf("the contents of %s begin at %d", c.Name, at)
			}
		}
	}
}

// sameResults runs both files on the same random inputs, on the built-in kernels and on XNNPACK.
func sameResults(t *testing.T, before, after []byte) {
	for _, builtin := range []bool{true, false} {
		a, ok := run(t, before, builtin)
		if !ok {
			return
		}
		b, ok := run(t, after, builtin)
		if !ok || len(a) != len(b) {
			t.Fatal("only the one before runs")
		}
		for i := range a {
			if !bytes.Equal(a[i], b[i]) {
				t.Fatalf("output %d differs (built-in kernels: %t)", i, builtin)
			}
		}
	}
}

func run(t *testing.T, file []byte, builtin bool) (outputs [][]byte, ok bool) {
	i, err := tflite.New(file, tflite.Options{Builtin: builtin})
	if err != nil {
		t.Logf("not run: %v", err) // compiled for the Edge TPU, sizes open, …: the same for both
		return nil, false
	}
	defer i.Close()
	r := rand.New(rand.NewPCG(1, 2))
	for k, info := range i.Inputs() {
		switch data := i.Input(k).Data; info.Type {
		case tensor.Float32:
			values := make([]float32, info.Elements())
			for n := range values {
				values[n] = r.Float32()
			}
			if err := tensor.SetReal(i.Input(k), values); err != nil {
				t.Fatal(err)
			}
		case tensor.String:
			return nil, false
		default:
			for n := range data {
				data[n] = byte(r.IntN(128))
			}
		}
	}
	if err := i.Invoke(t.Context()); err != nil {
		t.Logf("not run: %v", err)
		return nil, false
	}
	for k := range i.Outputs() {
		outputs = append(outputs, bytes.Clone(i.Output(k).Data))
	}
	return outputs, true
}
