package tflite

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/internal/capi"
)

// answers are the outputs of a streaming wake-word model to a sequence of inputs that leaves its mark on its state.
func answers(t *testing.T, n *Interpreter) (all []byte) {
	t.Helper()
	for i := range 60 {
		in := n.Input(0).Data
		for k := range in {
			in[k] = byte(int8((i*37+k*11)%200 - 128))
		}
		if err := n.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		all = append(all, n.Output(0).Data...)
	}
	return all
}

// TestResetResources resets state that is no tensor: a streaming wake-word model's.
func TestResetResources(t *testing.T) {
	path := testdata.Packaged(t, "pymicro_wakeword/models/okay_nabu.tflite")
	for name, o := range map[string]Options{
		"builtin": {Builtin: true},
		"xnnpack": {Delegates: xnn(t, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			n := open1(t, path, o)
			device, first := n.Device(), answers(t, n)
			if slices.Equal(answers(t, n), first) {
				t.Fatal("the state has no effect")
			}
			for range 3 {
				if err := n.Reset(); err != nil {
					t.Fatal(err)
				}
				if got := answers(t, n); !slices.Equal(got, first) {
					t.Errorf("after the reset the answers are %v, not %v", got, first)
				}
			}
			if n.Device() != device {
				t.Errorf("after the reset %v runs the model, not %v", n.Device(), device)
			}
		})
	}
}

// TestResetMemory resets a model whose tensors lie in memory of the caller's: they stay there.
func TestResetMemory(t *testing.T) {
	n := open1(t, testdata.Packaged(t, "pymicro_wakeword/models/alexa.tflite"), Options{})
	want := answers(t, n)
	if err := n.Reset(); err != nil {
		t.Fatal(err)
	}
	memory := capi.Memory(4096)
	t.Cleanup(func() {
		n.Close()
		capi.Free(memory)
	})
	if err := n.UseMemory([][]byte{memory[:2048]}, nil); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(n.UseMemory(nil, [][]byte{memory[2048:]}), n.Reset()); err != nil {
		t.Fatal(err)
	}
	if got := answers(t, n); !slices.Equal(got, want) {
		t.Errorf("answers %v, not %v", got, want)
	}
	if &n.Input(0).Data[0] != &memory[0] || &n.Output(0).Data[0] != &memory[2048] {
		t.Error("the tensors left their memory")
	}
}

// TestResetRefused asks for resets that cannot be had: the model goes on with the state it has.
func TestResetRefused(t *testing.T) {
	path := testdata.Packaged(t, "pymicro_wakeword/models/alexa.tflite")
	n, twin := open1(t, path, Options{}), open1(t, path, Options{})
	answers(t, n)
	answers(t, twin)
	n.own = []Delegate{unique{}} // as if a delegate ran it of which there is only one
	err := n.Reset()
	n.own = nil
	if err == nil || !strings.Contains(err.Error(), "cannot be recreated") {
		t.Errorf("with another delegate: %v", err)
	}
	if got, want := answers(t, n), answers(t, twin); !slices.Equal(got, want) {
		t.Errorf("after a reset that was refused the answers are %v, not %v", got, want)
	}
	if _, err := n.Signature(n.Signatures()[0]); err != nil {
		t.Fatal(err)
	}
	if err := n.Reset(); err == nil || !strings.Contains(err.Error(), "signature") {
		t.Errorf("with a signature in use: %v", err)
	}
	n.Close()
	if err := n.Reset(); !errors.Is(err, ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

type unique struct{ Delegate }

// TestResetStateless resets a model that keeps nothing, and keeps its shape.
func TestResetStateless(t *testing.T) {
	n := new1(t, modeltest.Addition(1), Options{})
	if err := errors.Join(n.Resize(0, []int{3}), n.Reset()); err != nil {
		t.Fatal(err)
	}
	if got := n.Inputs()[0].Shape; !slices.Equal(got, []int{3}) {
		t.Errorf("shape %v", got)
	}
}
