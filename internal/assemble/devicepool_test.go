package assemble

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"corallite/configs"
	"corallite/internal/choice"
)

// TestFilesOfAccelerators checks what the isolated process of an accelerator may read: the CPU's file, unless the Edge TPU
// is the only one, which has a compiled file.
func TestFilesOfAccelerators(t *testing.T) {
	model := filepath.Join(t.TempDir(), "m.tflite")
	if err := os.WriteFile(model, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for word, want := range map[string]bool{"auto": false, "edgetpu,xnnpack": false, "none": false, "npu,xnnpack": true, "plugin:libx.so": true} {
		chosen, err := choice.Parse(word)
		if err != nil {
			t.Fatal(err)
		}
		m := configs.Model{Path: model, Delegate: chosen}
		o, err := DevicePoolOptions([]configs.Model{m}, configs.EdgeTPU{}, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(o.Files, model); got != want {
			t.Errorf("%s: readable %t, want %t", word, got, want)
		}
	}
}
