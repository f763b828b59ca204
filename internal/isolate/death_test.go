package isolate_test

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"corallite/internal/isolate"
)

// died makes a Call that the child does not survive.
func died(t *testing.T, p *isolate.Process, request string, o isolate.CallOptions) *isolate.DeathError {
	t.Helper()
	if o.Deadline == 0 {
		o.Deadline = long
	}
	_, err := p.Call(t.Context(), []byte(request), make([]byte, 100), o)
	var d *isolate.DeathError
	if !errors.As(err, &d) {
		t.Fatalf("%.20q: error %.200v", request, err)
	}
	if d.PID != p.PID() || d.Name == "" {
		t.Errorf("%.20q: %.200v is not of process %d", request, d, p.PID())
	}
	select {
	case <-p.Done():
	default:
		t.Errorf("%.20q: Call returned before the child was gone", request)
	}
	if p.Err() != err || p.Close() != err || p.Close() != err {
		t.Errorf("%.20q: Err and Close do not say the same", request)
	}
	return d
}

func TestDeath(t *testing.T) {
	for _, c := range []struct {
		request string
		want    isolate.DeathError
		last    string // in the last of LastWords
		text    string // in the error
	}{
		{"abort", isolate.DeathError{Signal: syscall.SIGABRT}, "", "died: signal SIGABRT"},
		{"segv", isolate.DeathError{Signal: syscall.SIGSEGV}, "", "died: signal SIGSEGV"},
		{"kill", isolate.DeathError{Signal: syscall.SIGKILL}, "", "died: signal SIGKILL"},
		{"exit", isolate.DeathError{Code: 7}, "", "ended by itself: exit code 7"},
		{"panic", isolate.DeathError{Code: 2}, "panic: the sky fell", "the sky fell"},
		{"error", isolate.DeathError{Code: 1, Reason: "the stick is gone"}, "", "the stick is gone"},
		{"much", isolate.DeathError{Code: 1, Reason: "an answer of 65537 bytes; 0 to 65536 are possible"}, "", "65537"},
		{"words Loading\nF usb_driver.cc:857] transfer failed", isolate.DeathError{Signal: syscall.SIGABRT},
			"F usb_driver.cc:857] transfer failed", "signal SIGABRT: F usb_driver.cc:857] transfer failed"},
		{"words " + strings.Repeat("x", 60_000), isolate.DeathError{Signal: syscall.SIGABRT}, "xxx", "xxx"},
	} {
		d := died(t, start(t, isolate.Options{Kind: "does", Name: "a stick"}), c.request, isolate.CallOptions{})
		if d.Signal != c.want.Signal || d.Code != c.want.Code || d.Reason != c.want.Reason || d.Hung != 0 {
			t.Errorf("%.20s: %.200v", c.request, d)
		}
		last := ""
		if n := len(d.LastWords); n > 0 {
			last = d.LastWords[n-1]
		}
		if !strings.Contains(last, c.last) || c.last == "" && last != "" || len(last) > 1<<10+len("…") {
			t.Errorf("%.20s: last words %.200q", c.request, d.LastWords)
		}
		if text := d.Error(); !strings.Contains(text, c.text) || !strings.HasPrefix(text, "a stick (process ") ||
			strings.ContainsAny(text, "\n\r") {
			t.Errorf("%.20s: error %.200q", c.request, text)
		}
	}
}

// TestManyLastWords keeps only the newest lines.
func TestManyLastWords(t *testing.T) {
	d := died(t, start(t, isolate.Options{Kind: "does"}), "words "+strings.Repeat("line\n", 100)+"last", isolate.CallOptions{})
	if n := len(d.LastWords); n != 16 || d.LastWords[n-1] != "last" || d.LastWords[0] != "line" {
		t.Errorf("%q", d.LastWords)
	}
}

// TestTrace finds Go's trace in the log, at the lowest level, and nothing of it in the last words.
func TestTrace(t *testing.T) {
	log := newRecords()
	d := died(t, start(t, isolate.Options{Kind: "does", Logger: slog.New(log)}), "segv", isolate.CallOptions{})
	if len(d.LastWords) != 0 {
		t.Errorf("last words %q", d.LastWords)
	}
	for _, text := range []string{"SIGSEGV", "goroutine "} {
		if r := log.wait(t, text); r.Level != slog.LevelDebug {
			t.Errorf("%q has level %v", r.Message, r.Level)
		}
	}
}

// TestNonsense has children with invalid replies: too short, of another kind or request, too large, too many.
func TestNonsense(t *testing.T) {
	reply := isolate.ReplyHeader(1)
	noise := rand.New(rand.NewPCG(1, 2))
	cases := []datagram{
		{Bytes: []byte{1}},
		{Bytes: reply[:isolate.HeaderSize-1]},
		{Bytes: isolate.ReplyHeader(2)},
		{Bytes: append([]byte{'h'}, reply[1:]...)},
		{Bytes: reply, Zeros: isolate.MaxMessage + 1},
		{Zeros: 100_000},
	}
	for range 20 {
		b := make([]byte, 1+noise.IntN(300))
		for i := range b {
			b[i] = byte(noise.Uint32())
		}
		cases = append(cases, datagram{Bytes: b})
	}
	for _, c := range cases {
		d := died(t, start(t, isolate.Options{Kind: "sends", Setup: []datagram{c}}), "", isolate.CallOptions{})
		if d.Signal != syscall.SIGKILL || !strings.Contains(d.Reason, "that are no reply") {
			t.Errorf("%.20v and %d zeros: %v", c.Bytes, c.Zeros, d)
		}
	}

	// One valid reply and then an unexpected one: the next Call detects it.
	p := start(t, isolate.Options{Kind: "sends", Setup: []datagram{{Bytes: reply}, {Bytes: reply}}})
	if got := ask(t, p, "x"); got != "" {
		t.Errorf("reply %q", got)
	}
	if d := died(t, p, "", isolate.CallOptions{}); !strings.Contains(d.Reason, "8 bytes that are no reply") {
		t.Error(d)
	}
}

// TestSocketClosed is a child that closes its socket and lives on.
func TestSocketClosed(t *testing.T) {
	d := died(t, start(t, isolate.Options{Kind: "sends", Setup: []datagram{{}}}), "", isolate.CallOptions{})
	if d.Signal != syscall.SIGKILL || !strings.Contains(d.Error(), "closed its end") {
		t.Error(d)
	}
}
