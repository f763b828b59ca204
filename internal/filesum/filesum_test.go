package filesum

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, path, text string) {
	t.Helper()
	if sum, err := Cache("").Of(path); err != nil || sum != sha256.Sum256([]byte(text)) {
		t.Errorf("%x, %v; want that of %q", sum, err, text)
	}
}

// identity is that of a file now.
func identity(t *testing.T, path string) Identity {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	i, err := Identify(f)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// TestJustChanged sums a file up again as long as a change in the same moment would not show.
func TestJustChanged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	want(t, path, "one")
	i := identity(t, path)
	if _, known := sums[i]; known {
		t.Error("a file that was just written is remembered")
	}
	Learn(i, [sha256.Size]byte{1})
	want(t, path, "one")
	write(t, path, "two")
	want(t, path, "two")
}

// TestReadOnce remembers a file that has been as it is for a while, until it changes.
func TestReadOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f")
	write(t, path, "one")
	settle(t, path)
	want(t, path, "one")
	i := identity(t, path)
	if sum, known := sums[i]; !known || sum != sha256.Sum256([]byte("one")) {
		t.Fatal("it is not remembered")
	}
	Learn(i, [sha256.Size]byte{1}) // tells what is remembered from what is read
	if sum, err := Cache("").Of(path); err != nil || sum != [sha256.Size]byte{1} {
		t.Errorf("%x, %v: it was read again", sum, err)
	}
	write(t, path, "two")
	want(t, path, "two")
	if _, err := Cache("").Of(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}

// settle waits until a change of the file would show.
func settle(t *testing.T, path string) {
	t.Helper()
	for !identity(t, path).IsSettled() {
		time.Sleep(100 * time.Millisecond)
	}
}

// forget is a new process.
func forget() {
	mu.Lock()
	defer mu.Unlock()
	clear(sums)
}

// TestKept remembers sums beyond the process, until the file changes, and passes over what cannot be read.
func TestKept(t *testing.T) {
	path, c := filepath.Join(t.TempDir(), "f"), Cache(filepath.Join(t.TempDir(), "a", "folder"))
	of := func(text string) {
		t.Helper()
		forget()
		if sum, err := c.Of(path); err != nil || sum != sha256.Sum256([]byte(text)) {
			t.Errorf("%x, %v; want that of %q", sum, err, text)
		}
	}
	write(t, path, "one")
	of("one")
	if _, err := os.Stat(string(c)); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file that was just written is remembered: %v", err)
	}
	settle(t, path)
	of("one")
	at := c.place(identity(t, path))
	good, err := os.ReadFile(at)
	if err != nil {
		t.Fatal(err)
	}
	// What the folder says is believed, which tells it from reading the file.
	write(t, at, strings.Replace(string(good), `"sha256":"`, `"sha256":"`+strings.Repeat("0", 64)+`","x":"`, 1))
	forget()
	if sum, err := c.Of(path); err != nil || sum != [sha256.Size]byte{} {
		t.Errorf("%x, %v: the file was read although its sum is kept", sum, err)
	}
	for name, bad := range map[string]string{
		"empty": "", "not JSON": "x", "no sum": strings.Replace(string(good), "sha256", "sha", 1), "short": strings.Replace(string(good), `"sha256":"`, `"sha256":"","y":"`, 1),
		"no hexadecimal": strings.Replace(string(good), `"sha256":"`, `"sha256":"`+strings.Repeat("x", 64)+`","y":"`, 1),
		"other times":    strings.Replace(string(good), `"changed":`, `"changed":1`, 1), "large": strings.Repeat(" ", 5000) + string(good),
	} {
		t.Run(name, func(t *testing.T) {
			write(t, at, bad)
			of("one")
			if now, err := os.ReadFile(at); err != nil || string(now) != string(good) {
				t.Errorf("%q, %v: it is not mended", now, err)
			}
		})
	}
	write(t, path, "two")
	of("two")
	c = Cache("/proc/self/folder")
	of("two")
}
