package tflite

import (
	"testing"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
)

// TestDeviceIsWhatRuns: XNNPACK takes no operator of a softmax in 8 bits, so that the built-in kernels run it, and the
// interpreter says so. A model of which it takes one at least is XNNPACK's, which is what an interpreter has that was
// told nothing.
func TestDeviceIsWhatRuns(t *testing.T) {
	own := "cpu:builtin"
	if defaultDelegate() {
		own = "cpu:default"
	}
	for _, c := range []struct {
		name    string
		model   modeltest.Model
		options Options
		want    string
	}{
		{"none taken", modeltest.Softmax8(4), Options{Delegates: xnn(t, 1)}, own},
		{"all taken", modeltest.Addition(1, 4), Options{Delegates: xnn(t, 1)}, "cpu:xnnpack"},
		{"nothing said", modeltest.Addition(1, 4), Options{}, "cpu:xnnpack"},
		{"nothing said, none taken", modeltest.Softmax8(4), Options{}, own},
		{"built-in kernels alone", modeltest.Addition(1, 4), Options{Builtin: true}, own},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := New(c.model.Bytes(), c.options)
			if err != nil {
				t.Fatal(err)
			}
			defer n.Close()
			if got := n.Device().Name; got != c.want {
				t.Errorf("it runs on %q, want %q", got, c.want)
			}
			if err := n.Invoke(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestFallsBackToBuiltin opens a model that XNNPACK fails to prepare, with nothing said: the built-in kernels run it, one
// interpreter or several.
func TestFallsBackToBuiltin(t *testing.T) {
	path := testdata.Case(t, "runtimes/sparse_dynamic.tflite")
	if _, err := Open(path, Options{Delegates: xnn(t, 1)}); err == nil {
		t.Fatal("XNNPACK prepares it")
	}
	n, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	m, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	all, err := m.Interpreters(2, Options{}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range append(all, n) {
		if d := n.Device().Name; d == "cpu:xnnpack" {
			t.Errorf("it runs on %s", d)
		}
		if err := n.Invoke(t.Context()); err != nil {
			t.Error(err)
		}
		n.Close()
	}
}
