package tflite

import (
	"strings"
	"testing"

	"corallite/tflite/internal/capi"
)

// TestDefaultDelegate: the probe sees a delegate that has taken the graph, and none where there is none.
func TestDefaultDelegate(t *testing.T) {
	memory := capi.Memory(len(probe))
	defer capi.Free(memory)
	copy(memory, probe)
	d := xnn(t, 1)[0]
	defer d.Delete()
	if has, known := capi.DefaultDelegate(memory, d.Ptr()); !has || !known {
		t.Errorf("with XNNPACK: %v, %v", has, known)
	}
	if has, known := capi.DefaultDelegate(memory, nil); !known || RuntimeVersion() == "2.17.1" && has {
		t.Errorf("version %s: %v, %v", RuntimeVersion(), has, known)
	}
	if _, err := New(probe, Options{Builtin: true, Delegates: xnn(t, 1)}); err == nil {
		t.Error("the built-in kernels alone, with XNNPACK")
	}
}

func TestXNNPACKFlagsWord(t *testing.T) {
	for version, want := range map[string]int{"2.9.3": 2, "2.17.1": 2, "2.18.0": 3, "2.20.0-rc1": 3, "3.0": 3, "1.15": 2, "": 3, "x.y": 3} {
		if got := xnnpackFlagsWord(version); got != want {
			t.Errorf("%q: word %d, not %d", version, got, want)
		}
	}
}

func TestXNNPACKErrors(t *testing.T) {
	if _, err := NewXNNPACK(-1); err == nil {
		t.Error("-1 threads")
	}
	if err := need("TfLiteNoSuchFunction"); err == nil || !strings.Contains(err.Error(), "TfLiteNoSuchFunction") || !strings.Contains(err.Error(), RuntimeVersion()) {
		t.Errorf("a missing function: %v", err)
	}
	d := xnn(t, 0)[0]
	d.Delete()
	d.Delete() // the interpreter deletes once, but a caller may too
}
