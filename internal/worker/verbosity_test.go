package worker_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/worker"
)

// TestVerbosity is set in the library once, which the child then keeps loaded: unloading would reset it.
func TestVerbosity(t *testing.T) {
	c := simtest.NewControl(t)
	log := filepath.Join(c.Folder(), "log")
	if err := os.WriteFile(log, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	library := simtest.Use(t, simtest.Config{Control: c, Log: log})
	h := startHost(t, worker.HostOptions{Library: library, Device: stick, Access: delegate.Access{ReadWrite: []string{c.Folder()}}, Verbosity: 7})
	if b, err := os.ReadFile(log); err != nil || !strings.Contains(string(b), "verbosity 7") {
		t.Errorf("the library was told %q, %v", b, err)
	}
	if maps, err := os.ReadFile(fmt.Sprintf("/proc/%d/maps", h.PID())); err != nil || !strings.Contains(string(maps), library) {
		t.Errorf("the library is not loaded any more; %v", err)
	}
}
