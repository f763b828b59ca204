package worker_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// TestSameAsHere runs every CPU model of the test data in a child and in this process: descriptions and answers are
// bit-identical, and a model that fails here fails there with the same message.
func TestSameAsHere(t *testing.T) {
	folder := filepath.Dir(path(t, classifier))
	paths, err := filepath.Glob(filepath.Join(folder, "*.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	h := host(t, folder)
	same, failed := 0, 0
	for _, path := range paths {
		name := strings.TrimSuffix(filepath.Base(path), ".tflite")
		if strings.HasSuffix(name, "_edgetpu") {
			continue
		}
		for _, choice := range []delegate.Choice{delegate.XNNPACK, delegate.None} {
			t.Run(name+" "+choice.String(), func(t *testing.T) {
				f, o := delegate.Files{CPU: path}, delegate.Options{Choice: choice}
				r := worker.Request{Files: f, Choice: choice}
				if want := tried(t, func() (tensor.Engine, error) { return delegate.Open(t.Context(), f, o) }); want != nil {
					got := tried(t, func() (tensor.Engine, error) { return h.Open(t.Context(), r) })
					if got == nil || got.Error() != want.Error() {
						t.Errorf("the error is %v, here %v", got, want)
					}
					failed++
					return
				}
				same++
				sameAnswers(t, here(t, f, o), open(t, h, r))
			})
		}
	}
	if same < 20 || failed > 2 { // model_invoking_error, with and without XNNPACK
		t.Errorf("%d models were compared, %d fail here", same, failed)
	}
}

// tried is the error of opening an engine or of its first run.
func tried(t *testing.T, open func() (tensor.Engine, error)) error {
	t.Helper()
	e, err := open()
	if err != nil {
		return err
	}
	defer func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	}()
	return e.Invoke(t.Context())
}

// TestSameAsHereOnDevice does it with all compiled models that have a CPU model, on a simulated device.
func TestSameAsHereOnDevice(t *testing.T) {
	folder := filepath.Join(testdata.Root(), "models")
	h, o := simulated(t, simtest.Config{Compute: simtest.CPUModel, CPUModels: []string{folder}})
	for _, name := range []string{"split_concat", "keras_lstm_mnist_ptq", classifier, "mobilenet_v1_0.5_160_quant",
		"mobilenet_v1_1.0_224_quant_embedding_extractor", "movenet_single_pose_lightning_ptq", "deeplabv3_mnv2_dm05_pascal_quant"} {
		t.Run(name, func(t *testing.T) {
			r := onDevice(t, name)
			options := delegate.Options{Choice: delegate.EdgeTPU, EdgeTPULibrary: o.Library, EdgeTPU: o.EdgeTPU}
			sameAnswers(t, here(t, r.Files, options), open(t, h, r))
		})
	}
}

func sameAnswers(t *testing.T, local, isolated tensor.Engine) {
	t.Helper()
	if local.Device() != isolated.Device() {
		t.Errorf("device %+v, here %+v", isolated.Device(), local.Device())
	}
	if !slices.EqualFunc(local.Inputs(), isolated.Inputs(), equalInfo) {
		t.Errorf("inputs %v, here %v", isolated.Inputs(), local.Inputs())
	}
	for seed := range uint64(3) {
		want, got := run(t, local, seed), run(t, isolated, seed)
		if len(want) == 0 || len(want[0]) == 0 {
			t.Fatal("no answer")
		}
		if !slices.Equal(want, got) {
			t.Errorf("the answers to input %d differ", seed)
		}
	}
	// Afterwards, because the shape of some outputs is known only then.
	if !slices.EqualFunc(local.Outputs(), isolated.Outputs(), equalInfo) {
		t.Errorf("outputs %v, here %v", isolated.Outputs(), local.Outputs())
	}
	for i := range isolated.Outputs() {
		if o := isolated.Output(i); !equalInfo(o.Info, isolated.Outputs()[i]) {
			t.Errorf("output %d is %v and %v", i, o.Info, isolated.Outputs()[i])
		}
	}
}

func equalInfo(a, b tensor.Info) bool { return a.Name == b.Name && a.Same(b) }
