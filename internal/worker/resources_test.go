package worker_test

import (
	"context"
	"slices"
	"testing"

	"corallite/delegate"
	"corallite/internal/testdata"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// stream runs a streaming model on inputs that change its state, and returns its answers.
func stream(t *testing.T, e tensor.Engine) (all []byte) {
	t.Helper()
	for i := range 60 {
		in := e.Input(0).Data
		for k := range in {
			in[k] = byte(int8((i*37+k*11)%200 - 128))
		}
		if err := e.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Output(0).Data...)
	}
	return all
}

// TestResetResources resets state that is no tensor, in the child: its tensors stay in the shared memory.
func TestResetResources(t *testing.T) {
	f := delegate.Files{CPU: testdata.Packaged(t, "pymicro_wakeword/models/okay_nabu.tflite")}
	for _, choice := range []delegate.Choice{delegate.None, delegate.XNNPACK} {
		want := stream(t, here(t, f, delegate.Options{Choice: choice}))
		e := open(t, host(t, f.CPU), worker.Request{Files: f, Choice: choice})
		if got := stream(t, e); !slices.Equal(got, want) {
			t.Errorf("%s: answers %v, here %v", choice, got, want)
		}
		if slices.Equal(stream(t, e), want) {
			t.Fatal("the state has no effect")
		}
		for range 2 {
			if err := e.Reset(); err != nil {
				t.Fatal(err)
			}
			if got := stream(t, e); !slices.Equal(got, want) {
				t.Errorf("%s: after Reset the answers are %v, not %v", choice, got, want)
			}
		}
	}
}
