package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

func TestProgressText(t *testing.T) {
	for want, p := range map[string]pipeline.Progress{
		"p 7 12.5/s":                            {Done: 7, FPS: 12.5},
		"p 0/40 (0 %) 0.0/s":                    {Total: 40},
		"p 10/40 (25 %), 3 s left, 10.0/s":      {Done: 10, Total: 40, FPS: 10},
		"p 39/40 (97 %), 1 s left, 500.0/s":     {Done: 39, Total: 40, FPS: 500},
		"p 50/40 (100 %) 10.0/s":                {Done: 50, Total: 40, FPS: 10}, // the file said too few
		"p 1/2 (50 %) 0.0/s, 3 failed":          {Done: 1, Total: 2, Errors: 3},
		"p 4 1.0/s, 2 dropped":                  {Done: 4, FPS: 1, Dropped: 2},
		"p 1/601 (0 %), 10 min 0 s left, 1.0/s": {Done: 1, Total: 601, FPS: 1},
	} {
		p.Pipeline = "p"
		if got := progressText(p); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	for d, want := range map[time.Duration]string{
		time.Millisecond: "1 s left", 59*time.Second + 1: "1 min 0 s left", 3725 * time.Second: "1 h 2 min left", 1000 * time.Hour: "days left",
	} {
		if got := timeLeft(d); got != want {
			t.Errorf("%v: %q, want %q", d, got, want)
		}
	}
}

// TestSay checks what reaches standard error: text, JSON, and with --quiet errors only.
func TestSay(t *testing.T) {
	for _, c := range []struct {
		flags logFlags
		want  string
	}{
		{logFlags{}, "corallite: a\ncorallite: b\nplain\n"},
		{logFlags{quiet: true}, "corallite: b\nplain\n"},
	} {
		var out bytes.Buffer
		s := newStatus(&out)
		s.logFlags = c.flags
		s.Say(slog.LevelInfo, "a")
		s.Say(slog.LevelError, "b")
		_, _ = s.Write([]byte("plain\n"))
		if out.String() != c.want {
			t.Errorf("%+v: %q, want %q", c.flags, &out, c.want)
		}
	}
	var out bytes.Buffer
	s := newStatus(&out)
	s.format = "json"
	s.Fail(errors.Join(errors.New("two"), errors.New("lines")))
	s.Say(slog.LevelWarn, "a\nname")
	_, _ = s.Write([]byte("corallite: one\npreview: two\n"))
	var got []string
	for line := range strings.Lines(out.String()) {
		var m struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &m); err != nil || m.Time == "" {
			t.Fatalf("%v: %q", err, line)
		}
		got = append(got, m.Level+" "+m.Msg)
	}
	if want := "ERROR two\nlines|WARN a\\nname|INFO one|INFO preview: two"; strings.Join(got, "|") != want {
		t.Errorf("%q, want %s", got, want)
	}
}
