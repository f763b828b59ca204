package isolate_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"corallite/internal/isolate"
)

func TestDeadline(t *testing.T) {
	const deadline = 50 * time.Millisecond
	for _, how := range []string{"hang", "stop"} {
		p := start(t, isolate.Options{Kind: "does"})
		// Calls that keep their deadlines move it on.
		for range 3 {
			if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{Deadline: long}); err != nil {
				t.Fatal(err)
			}
		}
		d := died(t, p, how, isolate.CallOptions{Deadline: deadline})
		if d.Signal != syscall.SIGKILL || d.Hung < deadline || !strings.Contains(d.Error(), "did not answer for") {
			t.Errorf("%s: %v", how, d)
		}
	}
}

// TestShorterDeadline has a deadline before the one that is already watched.
func TestShorterDeadline(t *testing.T) {
	p := start(t, isolate.Options{Kind: "does"})
	if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{Deadline: time.Hour}); err != nil {
		t.Fatal(err)
	}
	if d := died(t, p, "hang", isolate.CallOptions{Deadline: time.Millisecond}); d.Hung == 0 || d.Hung > long {
		t.Error(d)
	}
}

func TestContext(t *testing.T) {
	for _, c := range []struct {
		name string
		end  func(context.Context) (context.Context, context.CancelFunc)
		at   bool // cancelled when the child has the request
		want error
	}{
		{"cancelled", context.WithCancel, true, context.Canceled},
		{"timed out", func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, 100*time.Millisecond)
		}, false, context.DeadlineExceeded},
	} {
		t.Run(c.name, func(t *testing.T) {
			log := newRecords()
			p := start(t, isolate.Options{Kind: "does", Logger: slog.New(log)})
			ctx, cancel := c.end(t.Context())
			defer cancel()
			if c.at {
				// The same context was watched by a Call before.
				if _, err := p.Call(ctx, nil, nil, isolate.CallOptions{}); err != nil {
					t.Fatal(err)
				}
				go func() {
					log.wait(t, "hanging")
					cancel()
				}()
			}
			if _, err := p.Call(ctx, []byte("hang"), nil, isolate.CallOptions{Deadline: long}); err != c.want {
				t.Errorf("error %v", err)
			}
			var d *isolate.DeathError
			if err := p.Err(); !errors.As(err, &d) || d.Signal != syscall.SIGKILL || d.Hung != 0 {
				t.Errorf("the child's end: %v", err)
			}
		})
	}
}

// TestContextBetween ends the context while no Call runs: the child survives.
func TestContextBetween(t *testing.T) {
	p := start(t, isolate.Options{Kind: "echo"})
	for range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		if _, err := p.Call(ctx, nil, nil, isolate.CallOptions{}); err != nil {
			t.Fatal(err)
		}
		cancel()
		if _, err := p.Call(ctx, nil, nil, isolate.CallOptions{}); err != context.Canceled {
			t.Errorf("error %v", err)
		}
	}
	if got := ask(t, p, "there?"); got != "there?" {
		t.Errorf("answer %q", got)
	}
}

// TestTurns lets a Call wait for another, give up when its context ends, and leave the child alone.
func TestTurns(t *testing.T) {
	log := newRecords()
	p := start(t, isolate.Options{Kind: "waits", Logger: slog.New(log)})
	m := memory(t, 4)
	var first sync.WaitGroup
	first.Add(1)
	go func() {
		defer first.Done()
		if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{Send: []*isolate.Memory{m}}); err != nil {
			t.Error(err)
		}
	}()
	log.wait(t, "waiting")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	if _, err := p.Call(ctx, nil, nil, isolate.CallOptions{}); err != context.DeadlineExceeded {
		t.Errorf("error %v", err)
	}
	m.Bytes()[0] = 1
	first.Wait()
	if err := p.Err(); err != nil {
		t.Error(err)
	}
}

// TestCloseDuringCall lets the Call finish first.
func TestCloseDuringCall(t *testing.T) {
	log := newRecords()
	p := start(t, isolate.Options{Kind: "waits", Logger: slog.New(log), StopGrace: long})
	m := memory(t, 4)
	var both sync.WaitGroup
	both.Add(2)
	go func() {
		defer both.Done()
		if _, err := p.Call(t.Context(), nil, nil, isolate.CallOptions{Send: []*isolate.Memory{m}}); err != nil {
			t.Error(err)
		}
	}()
	log.wait(t, "waiting")
	go func() {
		defer both.Done()
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	}()
	m.Bytes()[0] = 1
	both.Wait()
}

func TestCloseTakesTooLong(t *testing.T) {
	p := start(t, isolate.Options{Kind: "stays", StopGrace: 20 * time.Millisecond})
	err := p.Close()
	var d *isolate.DeathError
	if !errors.As(err, &d) || d.Signal != syscall.SIGKILL || !strings.Contains(d.Reason, "did not end within 20ms") {
		t.Errorf("error %v", err)
	}
}

// TestUndead is a child that is killed and does not end, as if in a driver: here its tracer holds it.
func TestUndead(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for seconds")
	}
	p := start(t, isolate.Options{Kind: "does"})
	tracer := exec.Command("/proc/self/exe")
	tracer.Env = append(os.Environ(), helperEnv+"=trace", "PID="+strconv.Itoa(p.PID()))
	release, err := tracer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	said, err := tracer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := tracer.Start(); err != nil {
		t.Fatal(err)
	}
	defer tracer.Wait()
	defer release.Close()
	if line := readLine(said); line != "tracing" {
		t.Skipf("processes cannot be traced here: %s", line)
	}

	_, err = p.Call(t.Context(), []byte("hang"), nil, isolate.CallOptions{Deadline: 20 * time.Millisecond})
	var d *isolate.DeathError
	if !errors.As(err, &d) || d.Code != -1 || d.Hung == 0 || !strings.Contains(d.Error(), "has not let it go yet") {
		t.Errorf("error %v", err)
	}
	select {
	case <-p.Done():
		t.Error("the child is gone")
	default:
	}
	if err := p.Close(); !errors.As(err, &d) || d.Code != -1 {
		t.Errorf("Close: %v", err)
	}
	_ = release.Close()
	<-p.Done()
	if err := p.Err(); !errors.As(err, &d) || d.Code != 0 || d.Signal != syscall.SIGKILL || d.Hung == 0 {
		t.Errorf("in the end: %v", err)
	}
}
