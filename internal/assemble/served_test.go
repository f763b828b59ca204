package assemble

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/configs"
	"corallite/internal/testdata"
)

// TestServeFileRefuses: what another program hands over must be a model, and one that the CPU can run; the error says once
// what to do.
func TestServeFileRefuses(t *testing.T) {
	b := NewBuilder(&configs.Config{}, Options{})
	text := filepath.Join(t.TempDir(), "text.tflite")
	if err := os.WriteFile(text, []byte("no model"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		text: "it is no TensorFlow Lite model", filepath.Join(t.TempDir(), "gone.tflite"): "no such file",
		testdata.Path(t, "models/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite"): "it was compiled for the Edge TPU",
	} {
		_, err := b.serveFile(t.Context(), path)
		if err == nil || strings.Count(err.Error(), want) != 1 || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v; want %s, once", path, err, want)
		}
	}
}
