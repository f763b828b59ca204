package edgetpu

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestLoaderExplains has a file of the right name where libraries are kept, which the system's loader passes over.
func TestLoaderExplains(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("ELF files are Linux's")
	}
	folder := filepath.Join(t.TempDir(), "x86_64-linux-gnu")
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv(LibraryEnv, "")
	const name = "libcorallite-nowhere.so.1"
	l := loader{names: []string{name}, folders: []string{filepath.Join(filepath.Dir(folder), "*-linux-*")}}
	_, err := l.load("")
	if !errors.Is(err, ErrNotFound) {
		t.Fatalf("error %v", err)
	}
	for _, part := range []string{name, LibraryEnv, "built for this program's TensorFlow Lite", "corallite doctor"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("error %q does not say %q", err, part)
		}
	}
	if missing := l.missing(); missing == nil || missing.Error() != err.Error() {
		t.Errorf("without loading anything: %v; want %v", missing, err)
	}
	path := filepath.Join(folder, name)
	if err := os.WriteFile(path, []byte("hello"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := l.load(""); !errors.Is(err, ErrNotLibrary) || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v", err)
	}
	if err := l.missing(); err != nil {
		t.Errorf("a file that may be it: %v", err)
	}
}

func TestSystemLoaderNames(t *testing.T) {
	t.Setenv("LD_LIBRARY_PATH", "/opt/a:/opt/b")
	l := systemLoader()
	if runtime.GOOS == "linux" && (l.names[0] != "libedgetpu.so.1" || l.names[1] != "libedgetpu.so.1.0" || l.folders[1] != "/opt/b") {
		t.Errorf("loader %+v", l)
	}
}
