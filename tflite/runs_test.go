package tflite

import (
	"testing"

	"corallite/tflite/schema/modeltest"
)

// TestDeviceIsWhatRuns: XNNPACK takes no operator of a softmax in 8 bits, so that the built-in kernels run it, and the
// interpreter says so. A model of which it takes one at least is XNNPACK's.
func TestDeviceIsWhatRuns(t *testing.T) {
	own := "cpu:builtin"
	if defaultDelegate() {
		own = "cpu:default"
	}
	for _, c := range []struct {
		name      string
		model     modeltest.Model
		delegates []Delegate
		want      string
	}{
		{"none taken", modeltest.Softmax8(4), xnn(t, 1), own},
		{"all taken", modeltest.Addition(1, 4), xnn(t, 1), "cpu:xnnpack"},
		{"no delegate", modeltest.Addition(1, 4), nil, own},
	} {
		t.Run(c.name, func(t *testing.T) {
			n, err := New(c.model.Bytes(), Options{Delegates: c.delegates})
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
