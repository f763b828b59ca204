package delegate_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/schema"
	"corallite/internal/testdata"
)

func TestNoCounterpart(t *testing.T) {
	withoutLibrary(t)
	folder := t.TempDir()
	compiled := copyFile(t, model(t, classifier+"_edgetpu"), filepath.Join(folder, "door_edgetpu.tflite"))
	f, err := delegate.ResolveFiles(compiled, "")
	if err != nil || f != (delegate.Files{EdgeTPU: compiled}) {
		t.Fatalf("files %+v, %v", f, err)
	}
	for _, c := range []struct {
		choice delegate.Choice
		want   []string
	}{
		{delegate.Auto, []string{filepath.Join(folder, "door.tflite"), "no Edge TPU found"}},
		{delegate.XNNPACK, []string{filepath.Join(folder, "door.tflite")}},
		{delegate.None, []string{filepath.Join(folder, "door.tflite")}},
	} {
		o := options(t)
		o.Choice = c.choice
		_, err := delegate.Open(t.Context(), f, o)
		if !errors.Is(err, delegate.ErrNoCPUModel) {
			t.Fatalf("%s: error %v", c.choice, err)
		}
		for _, want := range append(c.want, compiled) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %q does not say %q", c.choice, err, want)
			}
		}
	}
	// The contents count, not the name: here the compiled model is given as the CPU model.
	disguised := copyFile(t, compiled, filepath.Join(folder, "x.tflite"))
	if _, err := delegate.Open(t.Context(), delegate.Files{CPU: disguised}, options(t)); !errors.Is(err, delegate.ErrNoCPUModel) {
		t.Errorf("error %v", err)
	}
	o := simulated(t, simtest.Config{})
	if d := open(t, delegate.Files{CPU: disguised}, o).Device(); d.Degraded || !strings.HasPrefix(d.Name, "edgetpu:") {
		t.Errorf("device %+v", d)
	}
}

func TestCounterpartsDiffer(t *testing.T) {
	o := options(t)
	for _, c := range []struct {
		name     string
		cpu, tpu string
		want     []string
	}{
		{"shape", "mobilenet_v1_0.5_160_quant", classifier + "_edgetpu",
			[]string{"input 0 is input uint8[1,160,160,3]", "and input uint8[1,128,128,3]"}},
		{"number", classifier, "split_concat_edgetpu", []string{"1 inputs and 3", "1 outputs and 5"}},
		{"type", "movenet_single_pose_lightning_ptq", "mobilenet_v1_1.0_224_quant_embedding_extractor_edgetpu",
			[]string{"output 0 is StatefulPartitionedCall:0 float32"}},
		{"both names", "split_concat", classifier + "_edgetpu", []string{"split_concat.tflite"}},
		{"twice compiled", classifier + "_edgetpu", "split_concat_edgetpu", []string{"the CPU model is wanted"}},
		{"not compiled", classifier, "mobilenet_v1_0.5_160_quant", []string{"it is not compiled"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := delegate.Files{CPU: model(t, c.cpu), EdgeTPU: model(t, c.tpu)}
			_, err := delegate.Open(t.Context(), f, o)
			if err == nil {
				t.Fatal("opened")
			}
			for _, want := range append(c.want, filepath.Base(f.EdgeTPU)) {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
	// CPUModels given the wrong way round are told apart by what is in them.
	f := bothFiles(t, classifier)
	o.Choice = delegate.XNNPACK
	if d := open(t, delegate.Files{CPU: f.EdgeTPU, EdgeTPU: f.CPU}, o).Device(); d.Name != "cpu:xnnpack" {
		t.Errorf("device %+v", d)
	}
}

func TestBrokenFiles(t *testing.T) {
	folder := t.TempDir()
	whole, err := os.ReadFile(model(t, classifier))
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		path := filepath.Join(folder, name)
		if err := os.WriteFile(path, b, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for _, path := range []string{
		write("empty.tflite", nil), write("text.tflite", []byte("not a model at all")),
		write("cut.tflite", whole[:len(whole)/2]), filepath.Join(folder, "none.tflite"), folder,
	} {
		for _, f := range []delegate.Files{{CPU: path}, {EdgeTPU: path}, {CPU: model(t, classifier), EdgeTPU: path}} {
			if _, err := delegate.Open(t.Context(), f, options(t)); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%+v: error %v", f, err)
			}
		}
	}
	if _, err := delegate.Open(t.Context(), delegate.Files{}, options(t)); err == nil {
		t.Error("no model is opened")
	}
}

// TestBrokenPackage damages what the compiler put into a model, where the runtime does not look: auto falls back.
func TestBrokenPackage(t *testing.T) {
	b, err := os.ReadFile(model(t, classifier+"_edgetpu"))
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(b, []byte("DWN1"))
	b[i] = 'X'
	path := filepath.Join(t.TempDir(), "x_edgetpu.tflite")
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	e := open(t, delegate.Files{CPU: model(t, classifier), EdgeTPU: path}, simulated(t, simtest.Config{}))
	if d := e.Device(); !d.Degraded || !strings.Contains(d.Reason, path) || !strings.Contains(d.Reason, "identifier") {
		t.Errorf("device %+v", d)
	}
}

// TestReadBytes opens a model that is in memory as the file would be, and names it in errors.
func TestReadBytes(t *testing.T) {
	withoutLibrary(t)
	f := bothFiles(t, classifier)
	want := run(t, open(t, delegate.Files{CPU: f.CPU}, options(t)), 1)
	b, err := os.ReadFile(f.CPU)
	if err != nil {
		t.Fatal(err)
	}
	m, err := delegate.ReadBytes("door", b)
	if err != nil {
		t.Fatal(err)
	}
	clear(b) // it has a copy
	defer m.Close()
	if m.Path() != "door" || !m.ForCPU() {
		t.Errorf("%q, for the CPU: %v", m.Path(), m.ForCPU())
	}
	all, err := m.Open(t.Context(), options(t), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer all[0].Close()
	if got := run(t, all[0], 1); !bytes.Equal(got[0], want[0]) {
		t.Error("its answer is not the file's")
	}
	if _, err := delegate.ReadBytes("window", b); !errors.Is(err, schema.ErrInvalid) || !strings.Contains(err.Error(), "model window: ") {
		t.Errorf("a model of zeros: %v", err)
	}
}

// TestResolve finds each file from the other.
func TestResolve(t *testing.T) {
	f := bothFiles(t, classifier)
	for _, path := range []string{f.CPU, f.EdgeTPU} {
		if got, err := delegate.ResolveFiles(path, ""); err != nil || got != f {
			t.Errorf("%s: %+v, %v", path, got, err)
		}
	}
	alone := model(t, "mobilenet_v2_1.0_224_quant")
	if got, err := delegate.ResolveFiles(alone, ""); err != nil || got != (delegate.Files{CPU: alone}) {
		t.Errorf("%+v, %v", got, err)
	}
	together := testdata.Path(t, "models/cocompiled/"+classifier+"_cocompiled_with_mobilenet_v1_0.5_160_quant_edgetpu.tflite")
	if got, err := delegate.ResolveFiles(together, f.CPU); err != nil || got != (delegate.Files{CPU: f.CPU, EdgeTPU: together}) {
		t.Errorf("%+v, %v", got, err)
	}
	for _, c := range [][2]string{{"", ""}, {"/nonexistent.tflite", ""}, {f.CPU, "/nonexistent.tflite"}, {t.TempDir(), ""}} {
		if got, err := delegate.ResolveFiles(c[0], c[1]); err == nil {
			t.Errorf("%q: %+v", c, got)
		}
	}
	for path, want := range map[string]string{
		"a/x.tflite": "a/x_edgetpu.tflite", "a/x_edgetpu.tflite": "a/x.tflite", "x.onnx": "", "": "",
		"a/x_cocompiled_with_y_edgetpu.tflite": "a/x.tflite", "x_edgetpu.tflite": "x.tflite",
	} {
		if got := delegate.CounterpartPath(path); got != want {
			t.Errorf("the counterpart of %q is %q, want %q", path, got, want)
		}
	}
}
