package isolate_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/isolate"
)

func TestStartFails(t *testing.T) {
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range []struct {
		name string
		ctx  context.Context
		o    isolate.Options
		want []string // in the error
	}{
		{"error", nil, isolate.Options{Kind: "early", Setup: "error"}, []string{"the stick is not there", "exit code 1"}},
		{"ends without serving", nil, isolate.Options{Kind: "early", Setup: "nothing"}, []string{"exit code 0", "before it served"}},
		{"abort", nil, isolate.Options{Kind: "early", Setup: "abort"}, []string{"SIGABRT"}},
		{"never serves", nil, isolate.Options{Kind: "early", Setup: "?", StartLimit: 50 * time.Millisecond},
			[]string{"did not serve within 50ms"}},
		{"unknown kind", nil, isolate.Options{Kind: "ehco"}, []string{`no kind of child "ehco"`, `"echo"`}},
		{"no handler", nil, isolate.Options{Kind: "nobody"}, []string{`no kind of child "nobody"`}},
		{"setup of no JSON", nil, isolate.Options{Kind: "echo", Setup: make(chan int)}, []string{"setup cannot be sent", "chan int"}},
		{"setup too large", nil, isolate.Options{Kind: "echo", Setup: strings.Repeat("x", isolate.MaxMessage)},
			[]string{"bytes of JSON", "65536"}},
		{"ended context", ended, isolate.Options{Kind: "echo"}, []string{"context canceled"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.ctx == nil {
				c.ctx = t.Context()
			}
			c.o.Name = "a stick"
			p, err := isolate.Start(c.ctx, c.o)
			if p != nil || err == nil {
				t.Fatalf("started: %v", err)
			}
			for _, want := range append(c.want, "a stick") {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if c.ctx == ended && !errors.Is(err, context.Canceled) {
				t.Errorf("error %v", err)
			}
		})
	}
}

// TestStartCancelled ends the context before the child serves.
func TestStartCancelled(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := isolate.Start(ctx, isolate.Options{Kind: "early", Setup: "?"}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
}

func TestBinaryGone(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	_, err := isolate.StartBinary(t.Context(), isolate.Options{Kind: "echo"}, gone)
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), gone) {
		t.Errorf("error %v", err)
	}
	// Another program never serves.
	if _, err := isolate.StartBinary(t.Context(), isolate.Options{Kind: "echo"}, "/bin/true"); err == nil ||
		!strings.Contains(err.Error(), "before it served") {
		t.Errorf("error %v", err)
	}
}

// TestBinaryRemoved starts a child although the running binary's file was removed, as by an update.
func TestBinaryRemoved(t *testing.T) {
	self, err := os.ReadFile("/proc/self/exe")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "binary")
	if err := os.WriteFile(path, self, 0o700); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path)
	cmd.Env = append(os.Environ(), helperEnv+"=remove")
	if out, err := cmd.CombinedOutput(); err != nil || string(out) != "echo\n" {
		t.Errorf("%s: %v", out, err)
	}
}

// TestByHand starts a child like a user who found its argument in ps.
func TestByHand(t *testing.T) {
	for _, extra := range []string{"nothing", "a file", "a socket"} {
		cmd := exec.Command("/proc/self/exe", isolate.Marker, "echo")
		switch extra {
		case "a file":
			null, err := os.Open(os.DevNull)
			if err != nil {
				t.Fatal(err)
			}
			defer null.Close()
			cmd.ExtraFiles = []*os.File{null}
		case "a socket":
			pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
			if err != nil {
				t.Fatal(err)
			}
			for i, fd := range pair {
				f := os.NewFile(uintptr(fd), fmt.Sprint("socket ", i))
				defer f.Close()
				cmd.ExtraFiles = []*os.File{f}
			}
		}
		out, err := cmd.CombinedOutput()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "cannot be done by hand") {
			t.Errorf("with %s: %v, %s", extra, err, out)
		}
	}
}

// TestChildProcess checks the properties of a child process.
func TestChildProcess(t *testing.T) {
	// C code opens files that children inherit.
	leaked, err := unix.Open("/etc/passwd", unix.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(leaked)
	log := newRecords()
	p := start(t, isolate.Options{
		Kind: "does", Name: "edgetpu usb:/sys/bus/usb/devices/2-1", Setup: map[string]int{"a": 1},
		Env: append(os.Environ(), "ISOLATE_TEST_VALUE=some"), Logger: slog.New(log),
	})
	for request, want := range map[string]string{
		"setup": `{"a":1}`, "env ISOLATE_TEST_VALUE": "some", "core": "true",
		"signal": "", // it lives on
	} {
		if got := ask(t, p, request); got != want {
			t.Errorf("%s is %q, want %q", request, got, want)
		}
	}
	// Standard input, twice the pipe, the socket, and what Go opens to examine all this.
	if open := strings.Split(ask(t, p, "open"), "\n"); len(open) > 8 || strings.Contains(strings.Join(open, " "), "passwd") {
		t.Errorf("open in the child: %q", open)
	}

	proc := fmt.Sprintf("/proc/%d/", p.PID())
	if b, err := os.ReadFile(proc + "cmdline"); err != nil ||
		!strings.HasSuffix(string(b), "\x00isolated-child\x00edgetpu usb:/sys/bus/usb/devices/2-1\x00") {
		t.Errorf("cmdline %q, %v", b, err)
	}
	if b, err := os.ReadFile(proc + "comm"); err != nil || string(b) != "usb/devices/2-1\n" {
		t.Errorf("comm %q, %v", b, err)
	}
	if group, err := unix.Getpgid(p.PID()); err != nil || group != p.PID() {
		t.Errorf("group %d, %v", group, err)
	}
	if err := p.Close(); err != nil {
		t.Error(err)
	}
	log.wait(t, "ending in order")
}

func TestClose(t *testing.T) {
	p := start(t, isolate.Options{Kind: "echo"})
	if err := p.Err(); err != nil {
		t.Errorf("error of a living child: %v", err)
	}
	for range 2 {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}
	<-p.Done()
	if err := p.Err(); err != nil {
		t.Error(err)
	}
	if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{}); !errors.Is(err, isolate.ErrClosed) {
		t.Errorf("Call after Close: %v", err)
	}
	p.Kill() // does nothing, and nothing to another process that has its number
}

func TestKill(t *testing.T) {
	p := start(t, isolate.Options{Kind: "echo"})
	p.Kill()
	<-p.Done()
	var d *isolate.DeathError
	if err := p.Close(); !errors.As(err, &d) || d.Signal != syscall.SIGKILL || d.Hung != 0 {
		t.Errorf("error %v", err)
	}
	if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{}); !errors.As(err, &d) {
		t.Errorf("Call after its death: %v", err)
	}
}

// TestStartWithoutMain starts a child of a program whose main would run again as that child.
func TestStartWithoutMain(t *testing.T) {
	defer isolate.ForgetMain()()
	p, err := isolate.Start(t.Context(), isolate.Options{Kind: "echo"})
	if p != nil || err == nil || !strings.Contains(err.Error(), "isolate.Main has not run") {
		t.Errorf("started %v: %v", p, err)
	}
}
