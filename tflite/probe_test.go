package tflite

import (
	"bytes"
	"os"
	"testing"

	"corallite/internal/schema/modeltest"
)

// TestProbe holds probe.tflite to the model that it is said to be; with CORALLITE_WRITE_PROBE=1 it writes the file.
func TestProbe(t *testing.T) {
	want := modeltest.Addition(1, 4).Bytes()
	if os.Getenv("CORALLITE_WRITE_PROBE") == "1" {
		if err := os.WriteFile("probe.tflite", want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(probe, want) {
		t.Error("probe.tflite is not modeltest.Addition(1, 4)")
	}
}
