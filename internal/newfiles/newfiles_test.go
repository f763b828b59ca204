package newfiles

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"corallite/internal/fileglob"
)

var texts = fileglob.Kind{Name: "texts", Endings: []string{".txt"}}

func watch(t *testing.T, dir string, written bool) *Folder {
	t.Helper()
	w, err := New(dir, Options{Kind: texts, Settle: 5 * time.Millisecond, Patience: 50 * time.Millisecond, Written: written})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		for range 2 {
			if err := w.Stop(); err != nil {
				t.Error(err)
			}
		}
	})
	return w
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// begin waits for the next file; only a failing test waits for the end of the limit.
func begin(t *testing.T, w *Folder, limit time.Duration) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	for ctx.Err() == nil {
		if err := w.Poll(); err != nil {
			t.Fatal(err)
		}
		if path, due := w.Begin(); due {
			return path
		}
		w.Wait(ctx)
	}
	return ""
}

func expect(t *testing.T, w *Folder, path string) {
	t.Helper()
	if got := begin(t, w, time.Minute); got != path {
		t.Fatalf("got %q, want %s", got, path)
	}
	if complete, err := w.End(nil); !complete || err != nil {
		t.Fatalf("%s: %v, %v", path, complete, err)
	}
}

// TestOverflow: the folder is looked through when events were lost.
func TestOverflow(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, false)
	expect(t, w, write(t, filepath.Join(dir, "a.txt"), "1"))
	b := write(t, filepath.Join(dir, "b.txt"), "2")
	w.waiting = map[string]*arrival{} // as if the events were lost
	if err := w.rescan(); err != nil {
		t.Fatal(err)
	}
	if len(w.waiting) != 1 || w.waiting[b] == nil {
		t.Errorf("waiting are %v, want %s", w.waiting, b)
	}
	expect(t, w, b)
}

// TestOpenForWriting: a file that a program goes on writing is not given, however long it rests.
func TestOpenForWriting(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.txt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !BeingWritten(path) {
		t.Skip("this file system does not say which files are open for writing")
	}
	w := watch(t, dir, true)
	if _, err := f.WriteString("half"); err != nil {
		t.Fatal(err)
	}
	if got := begin(t, w, 200*time.Millisecond); got != "" {
		t.Fatalf("%s is given while it is written", got)
	}
	if _, err := f.WriteString(" and half"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if BeingWritten(path) {
		t.Error("a closed file counts as being written")
	}
	expect(t, w, path)
	if reader, err := os.Open(path); err != nil || BeingWritten(path) {
		t.Errorf("a file that is read counts as being written, or %v", err)
	} else {
		reader.Close()
	}
}

// TestTaken: what was taken as it was comes again when it changes.
func TestTaken(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, false)
	path := write(t, filepath.Join(dir, "a.txt"), "1")
	if got := begin(t, w, time.Minute); got != path {
		t.Fatal(got)
	}
	w.Take()
	write(t, path, "longer")
	expect(t, w, path)
	bad := errors.New("unreadable")
	write(t, path, "")
	for {
		if got := begin(t, w, time.Minute); got != path {
			t.Fatal(got)
		}
		if complete, err := w.End(bad); complete {
			t.Fatal("what cannot be read is complete")
		} else if err != nil {
			if err != bad {
				t.Error(err)
			}
			break
		}
	}
}
