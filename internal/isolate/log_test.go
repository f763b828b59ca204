package isolate_test

import (
	"context"
	"log/slog"
	"slices"
	"testing"

	"corallite/internal/isolate"
)

// flat is a record as text, without its time.
func flat(r slog.Record) string {
	text := r.Level.String() + " " + r.Message
	r.Attrs(func(a slog.Attr) bool {
		text += " " + a.String()
		return true
	})
	return text
}

// TestLog lets a child log in all ways; the records arrive in order, complete, with level, attributes and groups.
func TestLog(t *testing.T) {
	log := newRecords()
	p := start(t, isolate.Options{Kind: "does", Logger: slog.New(log)})
	ask(t, p, "say INFO: Created a delegate.\nW0102 03:04:05.678 12 usb.cc:3] slow\nplain")
	ask(t, p, "log")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	close(log) // the child is gone, and all that it said was heard
	var got []string
	for r := range log {
		if r.Time.IsZero() {
			t.Errorf("%q has no time", r.Message)
		}
		got = append(got, flat(r))
	}
	want := []string{
		"INFO INFO: Created a delegate.",
		"WARN W0102 03:04:05.678 12 usb.cc:3] slow",
		"INFO plain",
		"DEBUG looking",
		"WARN slow port=3 usb=[speed=480.5 took=1.5s where=[bus=2 sure=true] path=[a b]]",
		"ERROR lost err=no such device",
		"INFO half a line",
		"INFO between",
		"INFO ending in order",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%q\nis not\n%q", got, want)
	}
}

// TestLogLevel does not send what the parent's logger would drop.
func TestLogLevel(t *testing.T) {
	log := newRecords()
	p := start(t, isolate.Options{Kind: "does", Logger: slog.New(atLeast{log, slog.LevelWarn})})
	ask(t, p, "log")
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	close(log)
	n := 0
	for r := range log {
		if n++; r.Level < slog.LevelWarn {
			t.Error(flat(r))
		}
	}
	if n != 2 {
		t.Errorf("%d records", n)
	}
}

// atLeast drops records below a level.
type atLeast struct {
	records
	level slog.Level
}

func (a atLeast) Enabled(_ context.Context, l slog.Level) bool { return l >= a.level }
func (a atLeast) WithAttrs([]slog.Attr) slog.Handler           { return a }

// TestNoLogger drops the log and nothing else.
func TestNoLogger(t *testing.T) {
	p := start(t, isolate.Options{Kind: "does"})
	ask(t, p, "log")
	if d := died(t, p, "words \nthe end", isolate.CallOptions{}); d.LastWords[len(d.LastWords)-1] != "the end" {
		t.Errorf("last words %q", d.LastWords)
	}
}
