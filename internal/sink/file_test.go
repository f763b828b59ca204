package sink

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/internal/output"
	"corallite/pipeline"
)

// TestFileComesBack deletes a file that a sink is writing to: later events go to a new file of that name.
func TestFileComesBack(t *testing.T) {
	openers := map[string]func(path string) (pipeline.Sink, *file, error){
		"jsonl": func(path string) (pipeline.Sink, *file, error) {
			s, err := OpenJSONL(t.Context(), path, FileOptions{})
			return s, s.file, err
		},
		"table": func(path string) (pipeline.Sink, *file, error) {
			s, err := OpenTable(t.Context(), path, TableOptions{}, FileOptions{})
			return s, s.file, err
		},
	}
	for name, open := range openers {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "logs")
			if err := os.Mkdir(dir, 0o755); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join(dir, "found")
			s, f, err := open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			write := func(n int) error {
				f.looked = time.Time{} // as if a second had passed
				return give(s, n)
			}
			if err := write(0); err != nil {
				t.Fatal(err)
			}
			first := read(t, path)

			if err := os.Rename(path, path+".1"); err != nil { // logrotate
				t.Fatal(err)
			}
			if err := write(0); err != nil {
				t.Fatal(err)
			}
			if got := read(t, path); got == "" || read(t, path+".1") != first {
				t.Errorf("after rotation the new file has %q", got)
			}
			if err := os.Remove(path); err != nil {
				t.Fatal(err)
			}
			if err := write(0); err != nil || read(t, path) == "" {
				t.Errorf("after its removal: %v", err)
			}

			if err := os.Rename(dir, dir+".away"); err != nil {
				t.Fatal(err)
			}
			if err := write(0); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "create the folder "+dir) {
				t.Errorf("without its folder: %v", err)
			}
			if err := os.Rename(dir+".away", dir); err != nil {
				t.Fatal(err)
			}
			before := read(t, path)
			if err := write(0); err != nil || !strings.HasPrefix(read(t, path), before) || read(t, path) == before {
				t.Errorf("with its folder again: %v", err)
			}
		})
	}
}

func TestOneWriterAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "found.jsonl")
	if err := os.WriteFile(path, []byte("{\"of\":\"yesterday\"}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := OpenJSONL(t.Context(), path, FileOptions{Append: true})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var locked *output.LockedError
	if _, err := OpenJSONL(t.Context(), path, FileOptions{}); !errors.As(err, &locked) || !strings.Contains(err.Error(), path) {
		t.Errorf("%v: want that somebody writes the file", err)
	}
	if got := read(t, path); got != "{\"of\":\"yesterday\"}\n" {
		t.Errorf("whom the lock kept out left %q", got)
	}
}

// TestPipeWhoseReaderGoesAndComesBack checks that a pipe without a reader is an error, not the end, and not a wait.
func TestPipeWhoseReaderGoesAndComesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	reader := func() *os.File {
		f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	r := reader()
	s, err := OpenJSONL(t.Context(), path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := give(s, 0); err != nil {
		t.Fatal(err)
	}
	r.Close()
	var final *pipeline.FinalError
	if err := give(s, 0); !errors.Is(err, syscall.EPIPE) || errors.As(err, &final) {
		t.Errorf("its reader gone: %v", err)
	}
	if err := give(s, 0); !errors.Is(err, syscall.ENXIO) {
		t.Errorf("without a reader: %v", err)
	}
	r = reader()
	defer r.Close()
	if err := give(s, 0); err != nil {
		t.Errorf("with a reader again: %v", err)
	}
	buf := make([]byte, 1<<16)
	if n, err := r.Read(buf); err != nil || !strings.HasSuffix(string(buf[:n]), "}\n") {
		t.Errorf("it reads %q, %v", buf[:n], err)
	}
}

// TestStalledPipeDoesNotKeepTheEnd checks that a pipe whose reader stands still is given up when the run is to end.
func TestStalledPipeDoesNotKeepTheEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	r, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	ending, end := context.WithCancel(t.Context())
	s, err := OpenJSONL(ending, path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	end()
	for range 1 << 16 { // more than any pipe holds
		if err = give(s, 0); err != nil {
			break
		}
	}
	var stalled *output.StalledError
	if !errors.As(err, &stalled) || stalled.Path != path {
		t.Errorf("%v", err)
	}
}
