package regfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestNotRegular: what would be waited for without end, or has no end, is refused at once, by all ways of reading.
func TestNotRegular(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink(pipe, link)); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{pipe: "not a regular file", link: "not a regular file", "/dev/zero": "not a regular file", dir: "is a folder"} {
		_, err1 := OpenBare(path)
		_, err2 := ReadBare(path, 10)
		_, err3 := Open(path)
		_, err4 := Read(path, 10)
		for i, err := range []error{err1, err2, err3, err4} {
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), path) != (i >= 2) {
				t.Errorf("%s, %d: %v", path, i, err)
			}
		}
	}
	_, err1 := Open(filepath.Join(dir, "nothing"))
	_, err2 := Read(filepath.Join(dir, "nothing"), 10)
	if !errors.Is(err1, fs.ErrNotExist) || !errors.Is(err2, fs.ErrNotExist) {
		t.Errorf("%v, %v", err1, err2)
	}
}

func TestReadAtMost(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte("0123456789"), 0o600); err != nil {
		t.Fatal(err)
	}
	if data, err := Read(path, 10); err != nil || string(data) != "0123456789" {
		t.Errorf("%q, %v", data, err)
	}
	var large *TooLargeError
	if _, err := Read(path, 9); !errors.As(err, &large) || large.Most != 9 || !strings.Contains(err.Error(), path) {
		t.Errorf("%v", err)
	}
	// A file that says that it is empty, and is not: its size cannot be relied on.
	if data, err := Read("/proc/self/status", 1<<16); err != nil || len(data) == 0 {
		t.Errorf("%q, %v", data, err)
	}
}
