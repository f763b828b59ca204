package output

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

const lockedFile = "CORALLITE_TEST_LOCKED"

func TestMain(m *testing.M) {
	if path := os.Getenv(lockedFile); path != "" { // the other process of TestLockNamesTheOtherProcess
		f, err := os.Open(path)
		if err == nil {
			err = Lock(f, path)
		}
		if err != nil {
			os.Stdout.WriteString(err.Error() + "\n")
		} else {
			os.Stdout.WriteString("mine\n")
		}
		io.Copy(io.Discard, os.Stdin) // until the test closes it
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// otherProcess is a process that has tried to take the lock of path, and what it said.
func otherProcess(t *testing.T, path string) (pid int, said string, end func()) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), lockedFile+"="+path)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, err := out.Read(line)
	if err != nil {
		t.Fatal(err)
	}
	return cmd.Process.Pid, strings.TrimSpace(string(line[:n])), func() {
		in.Close()
		if err := cmd.Wait(); err != nil {
			t.Error(err)
		}
	}
}

func TestLockNamesTheOtherProcess(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "found.jsonl")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, dir} {
		pid, said, end := otherProcess(t, path)
		if said != "mine" {
			t.Fatalf("the first process got %q", said)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		err = Lock(f, path)
		var locked *LockedError
		if !errors.As(err, &locked) || locked.PID != pid || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), strconv.Itoa(pid)) {
			t.Errorf("%v: want the path and process %d", err, pid)
		}
		end()
		if err := Lock(f, path); err != nil {
			t.Errorf("after its end: %v", err)
		}
		if _, said, end := otherProcess(t, path); !strings.Contains(said, strconv.Itoa(os.Getpid())) {
			t.Errorf("the other process got %q", said)
		} else {
			end()
		}
		f.Close()
	}
}

// stuck is a pipe of one page whose reader takes nothing.
func stuck(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, chunk); err != nil {
		t.Fatal(err)
	}
	return r, w
}

func TestWriterGivesUpOnlyAfterTheEnd(t *testing.T) {
	_, pipe := stuck(t)
	ctx, cancel := context.WithCancel(t.Context())
	w := NewWriter(ctx, pipe)
	w.patience = time.Millisecond
	done := make(chan error, 1)
	go func() {
		_, err := w.Write(make([]byte, 3*chunk))
		done <- err
	}()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(3 * pollInterval):
	}
	cancel()
	var stalled *StalledError
	if err := <-done; !errors.As(err, &stalled) || !strings.Contains(err.Error(), pipe.Name()) {
		t.Errorf("%v", err)
	}
	w.patience = time.Hour // given up once, it does not wait again
	if _, err := w.Write([]byte("x")); !errors.As(err, &stalled) {
		t.Errorf("%v", err)
	}
}

func TestWriterWritesAllToASlowReader(t *testing.T) {
	r, pipe := stuck(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel() // a reader that goes on is waited for after the end as well
	want := bytes.Repeat([]byte("0123456789"), 5000)
	go func() {
		if n, err := NewWriter(ctx, pipe).Write(want); err != nil || n != len(want) {
			t.Errorf("%d bytes, %v", n, err)
		}
		pipe.Close()
	}()
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
}

func TestOpenPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := TryPipe(path); !errors.Is(err, unix.ENXIO) {
		t.Errorf("%v: want ENXIO without a reader", err)
	}
	opened := make(chan error, 1)
	go func() {
		f, err := OpenPipe(t.Context(), path)
		if err == nil {
			err = f.Close()
		}
		opened <- err
	}()
	r, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := <-opened; err != nil {
		t.Error(err)
	}
}
