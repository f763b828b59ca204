package worker_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/worker"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// TestErrorsOfOpening have the same text as those of delegate.Open in this process, and wrap the same kinds. The child
// goes on.
func TestErrorsOfOpening(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "text.tflite")
	if err := os.WriteFile(text, []byte(strings.Repeat("not a model ", 20)), 0o644); err != nil {
		t.Fatal(err)
	}
	unknown := modeltest.Addition(1, 4)
	unknown.Subgraphs[0].Operators[0] = modeltest.Operator{Code: modeltest.Custom, Custom: "Unheard", Inputs: []int32{0, 1}, Outputs: []int32{2}}
	strange := written(t, unknown)
	lacks := path(t, "model_invoking_error")
	good := path(t, classifier)
	h, o := simulated(t, simtest.Config{Devices: []string{}})
	readable := startHost(t, worker.HostOptions{Library: o.Library, Device: stick, EdgeTPU: o.EdgeTPU, Access: o.Access,
		Files: []string{folder, filepath.Dir(strange), filepath.Dir(good)}})
	_ = h.Close()
	for _, c := range []struct {
		name string
		worker.Request
		is []error
	}{
		{"no such file", onCPU(filepath.Join(folder, "none.tflite")), []error{fs.ErrNotExist}},
		{"no model", onCPU(text), []error{schema.ErrInvalid}},
		{"no files", worker.Request{}, nil},
		{"unknown operator", worker.Request{Files: delegate.Files{CPU: strange}, Choice: delegate.None}, nil},
		{"unknown operator of the test data", onCPU(lacks), nil},
		{"no CPU model", worker.Request{Files: onDevice(t, classifier).Files, Choice: delegate.Auto}, []error{delegate.ErrNoCPUModel}},
		{"no device", onDevice(t, classifier), []error{edgetpu.ErrNoDevice}},
		{"strange choice", worker.Request{Files: delegate.Files{CPU: good}, Choice: delegate.Choice{{Provider: "gpu"}}}, nil},
		{"strange device", worker.Request{Files: delegate.Files{CPU: good}, Device: "scsi:0"}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, want := delegate.Open(t.Context(), c.Files, delegate.Options{Choice: c.Choice, Device: c.Device, EdgeTPULibrary: o.Library, EdgeTPU: o.EdgeTPU})
			_, err := readable.Open(t.Context(), c.Request)
			if want == nil || err == nil || err.Error() != want.Error() {
				t.Fatalf("the error is %q, here %q", err, want)
			}
			for _, kind := range c.is {
				if !errors.Is(err, kind) {
					t.Errorf("it is no %v: %v", kind, err)
				}
			}
			sameAs[*tflite.Error](t, err, want)
			sameAs[*edgetpu.OpenError](t, err, want)
		})
	}
	run(t, open(t, readable, onCPU(good)), 1)
}

// sameAs compares what errors.As finds.
func sameAs[T error](t *testing.T, err, want error) {
	t.Helper()
	var a, b T
	if x, y := errors.As(err, &a), errors.As(want, &b); x != y || x && a.Error() != b.Error() {
		t.Errorf("as %T it is %v, here %v", a, a, b)
	}
}

// TestDeviceDoesNotOpen: the error has the device, and the causes that the parent sees.
func TestDeviceDoesNotOpen(t *testing.T) {
	h, o := simulated(t, simtest.Config{OpenFails: true})
	_, err := h.Open(t.Context(), onDevice(t, classifier))
	open := (*edgetpu.OpenError)(nil)
	if !errors.As(err, &open) || open.Device != stick {
		t.Fatalf("error %v", err)
	}
	if want := o.EdgeTPU.System.Explain(stick); !reflect.DeepEqual(open.Causes, want) {
		t.Errorf("causes %v, want %v", open.Causes, want)
	}
	if !strings.Contains(err.Error(), open.Error()) {
		t.Errorf("its text is not in %q", err)
	}
}

// TestLibraryErrors checks the errors of an unusable library.
func TestLibraryErrors(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libedgetpu.so.1")
	if err := os.WriteFile(text, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	r := onDevice(t, classifier)
	for library, kind := range map[string]error{text: edgetpu.ErrNotLibrary, text + ".none": edgetpu.ErrNotFound} {
		h := startHost(t, worker.HostOptions{Library: library, Device: stick, Files: []string{r.Files.EdgeTPU}, Verbosity: 3})
		if _, err := h.Open(t.Context(), r); !errors.Is(err, kind) || !strings.Contains(err.Error(), library) {
			t.Errorf("%v: error %v", kind, err)
		}
	}
}

// rowOf is a model that fails in a run when asked for a row that does not exist.
func rowOf() modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{modeltest.Float32("rows", 3, 2),
			{Info: tensor.Info{Name: "which", Type: tensor.Int32, Shape: []int{1}}}, modeltest.Float32("row", 1, 2)},
		Inputs: []int32{0, 1}, Outputs: []int32{2},
		Operators: []modeltest.Operator{{Code: modeltest.Gather, Inputs: []int32{0, 1}, Outputs: []int32{2},
			OptionsType: modeltest.GatherOptions, Options: []any{int32(0), int32(0)}}},
	}}}
}

// TestErrorsOfRunning: the runtime's own errors reach the parent, and the child survives.
func TestErrorsOfRunning(t *testing.T) {
	f := written(t, rowOf())
	h := host(t, f)
	r := worker.Request{Files: delegate.Files{CPU: f}, Choice: delegate.None}
	local, e := here(t, r.Files, delegate.Options{Choice: delegate.None}), open(t, h, r)
	for range 2 {
		for _, engine := range []tensor.Engine{local, e} {
			copy(engine.Input(1).Data, []byte{7, 0, 0, 0})
		}
		want, err := local.Invoke(t.Context()), e.Invoke(t.Context())
		call := (*tflite.Error)(nil)
		if !errors.As(err, &call) || want == nil || call.Error() != want.Error() {
			t.Fatalf("the error is %v, here %v", err, want)
		}
		if call.Op != "TfLiteInterpreterInvoke" || call.Status != tflite.Failed || !strings.Contains(call.Detail, "out of bounds") {
			t.Errorf("error %+v", call)
		}
		if !strings.Contains(err.Error(), "model "+f+" on cpu:builtin: ") {
			t.Errorf("error %v", err)
		}
		e.Input(1).Data[0] = 2
		if err := e.Invoke(t.Context()); err != nil {
			t.Errorf("after an error: %v", err)
		}
	}
	if err := e.Close(); err != nil || h.Err() != nil {
		t.Errorf("the child: %v, %v", err, h.Err())
	}
}

// TestStrings: what the parent cannot write is refused when the model is opened.
func TestStrings(t *testing.T) {
	f := written(t, words())
	h := host(t, f)
	_, err := h.Open(t.Context(), worker.Request{Files: delegate.Files{CPU: f}, Choice: delegate.None})
	if err == nil || !strings.Contains(err.Error(), "model "+f+": input 0 (said) holds strings") {
		t.Errorf("error %v", err)
	}
}

// TestRunFails checks an error of the device's run.
func TestRunFails(t *testing.T) {
	c := simtest.NewControl(t)
	h, _ := simulated(t, simtest.Config{Control: c, Compute: simtest.Fixed})
	e := open(t, h, onDevice(t, classifier))
	want := run(t, e, 1)
	c.Fault(simtest.Fault{Kind: simtest.Error})
	noise(e, 1)
	if err := e.Invoke(t.Context()); !errors.As(err, new(*tflite.Error)) || !strings.Contains(err.Error(), "simulated Edge TPU") {
		t.Errorf("error %v", err)
	}
	if got := run(t, e, 1); !reflect.DeepEqual(got, want) {
		t.Error("after an error the answer is another")
	}
}
