package delegate_test

import (
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/internal/testdata"
)

// TestXNNPACKRefuses: XNNPACK takes sparse weights beside 8-bit dynamic kernels and fails to prepare them. Auto falls
// back to the built-in kernels and says why; a choice of XNNPACK is an error that says so.
func TestXNNPACKRefuses(t *testing.T) {
	files := delegate.Files{CPU: testdata.Case(t, "runtimes/sparse_dynamic.tflite")}
	e, err := delegate.Open(t.Context(), files, delegate.Options{Choice: delegate.Auto})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if d := e.Device(); d.Name != "cpu:builtin" {
		t.Errorf("it runs on %q", d.Name)
	}
	var told bool
	for _, r := range e.Refusals() {
		told = told || r.Delegate == string(delegate.XNNPACK) && r.Reason != ""
	}
	if !told {
		t.Errorf("why not XNNPACK is not told: %v", e.Refusals())
	}
	if err := e.Invoke(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = delegate.Open(t.Context(), files, delegate.Options{Choice: delegate.XNNPACK})
	if err == nil || !strings.Contains(err.Error(), "XNNPACK cannot run it") {
		t.Errorf("XNNPACK alone: %v", err)
	}
}
