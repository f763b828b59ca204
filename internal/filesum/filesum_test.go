package filesum

import (
	"crypto/sha256"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
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
	if sum, err := Of(path); err != nil || sum != sha256.Sum256([]byte(text)) {
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
	for !identity(t, path).IsSettled() {
		time.Sleep(100 * time.Millisecond)
	}
	want(t, path, "one")
	i := identity(t, path)
	if sum, known := sums[i]; !known || sum != sha256.Sum256([]byte("one")) {
		t.Fatal("it is not remembered")
	}
	Learn(i, [sha256.Size]byte{1}) // tells what is remembered from what is read
	if sum, err := Of(path); err != nil || sum != [sha256.Size]byte{1} {
		t.Errorf("%x, %v: it was read again", sum, err)
	}
	write(t, path, "two")
	want(t, path, "two")
	if _, err := Of(path + "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
}
