package camera

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// TestIsPictureFile: what has a picture's name is meant to be one, whatever is in it.
func TestIsPictureFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("damaged.JPG", "xx")
	write("notes.txt", "notes")
	write("bytes", "\x89PNG\r\n\x1a\n        ")
	for _, name := range []string{"pipe", "pipe.png"} {
		if err := syscall.Mkfifo(filepath.Join(dir, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]bool{"damaged.JPG": true, "notes.txt": false, "bytes": true, "pipe": false, "pipe.png": true} {
		if got, err := IsPictureFile(filepath.Join(dir, name)); err != nil || got != want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}
