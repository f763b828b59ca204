package assemble

import (
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"corallite/configs"
	"corallite/delegate"
)

// TestFilesOfAccelerators checks what the isolated process of an accelerator may read: the CPU's file, unless the Edge TPU
// is the only one, which has a compiled file.
func TestFilesOfAccelerators(t *testing.T) {
	madeUp := delegate.Provider{Name: "madeup", Kind: "madeup"}
	delegate.Providers = append(delegate.Providers, &madeUp)
	t.Cleanup(func() { delegate.Providers = delegate.Providers[:len(delegate.Providers)-1] })
	model := filepath.Join(t.TempDir(), "m.tflite")
	if err := os.WriteFile(model, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for choice, want := range map[string]bool{"auto": false, "edgetpu,xnnpack": false, "none": false, "madeup,xnnpack": true, "plugin:libx.so": true} {
		m := configs.Model{Path: model, Delegate: configs.ParseDelegates(choice)}
		o, err := DevicePoolOptions([]configs.Model{m}, configs.EdgeTPU{}, slog.Default())
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Contains(o.Files, model); got != want {
			t.Errorf("%s: readable %t, want %t", choice, got, want)
		}
	}
}
