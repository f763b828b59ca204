package delegate_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
)

// TestXNNPACKRefuses: XNNPACK takes sparse weights beside 8-bit dynamic kernels and fails to prepare them; of a softmax in
// 8 bits it takes nothing. Auto falls back to the built-in kernels and says why; a choice of XNNPACK is an error that
// says so.
func TestXNNPACKRefuses(t *testing.T) {
	softmax := filepath.Join(t.TempDir(), "softmax8.tflite")
	if err := os.WriteFile(softmax, modeltest.Softmax8(4).Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, why := range map[string]string{
		testdata.Case(t, "runtimes/sparse_dynamic.tflite"): "TfLiteInterpreterAllocateTensors",
		softmax: "it takes none of the model's operators",
	} {
		t.Run(filepath.Base(path), func(t *testing.T) {
			files := delegate.Files{CPU: path}
			e, err := delegate.Open(t.Context(), files, delegate.Options{Choice: delegate.Auto})
			if err != nil {
				t.Fatal(err)
			}
			defer e.Close()
			if d := e.Device(); d.Name != "cpu:builtin" {
				t.Errorf("it runs on %q", d.Name)
			}
			var told bool
			for _, r := range e.FallbackReasons() {
				told = told || r.Delegate == delegate.XNNPACK.String() && strings.Contains(r.Reason, why)
			}
			if !told {
				t.Errorf("why not XNNPACK is not told: %v", e.FallbackReasons())
			}
			if err := e.Invoke(t.Context()); err != nil {
				t.Error(err)
			}
			_, err = delegate.Open(t.Context(), files, delegate.Options{Choice: delegate.XNNPACK})
			if err == nil || !strings.Contains(err.Error(), "XNNPACK cannot run it") || !strings.Contains(err.Error(), why) {
				t.Errorf("XNNPACK alone: %v", err)
			}
		})
	}
}
