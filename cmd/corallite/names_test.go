package main

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"corallite/internal/testdata"
)

// forged is a name that tries to pass for a line of the program.
const forged = "a\ncorallite: forged"

// wantNoForgery fails when a name has made a line of its own.
func wantNoForgery(t *testing.T, args []string, said string) {
	t.Helper()
	if strings.Contains(said, "\ncorallite: forged") {
		t.Errorf("corallite %q says\n%s", args, said)
	}
}

// TestNamesMakeNoLines gives each command, in each flag and as its argument, a name with a line break in it, of a file
// that is not there and of one that is not what is wanted: however it fails, the name makes no line of its own.
func TestNamesMakeNoLines(t *testing.T) {
	t.Setenv("CORALLITE_CACHE", t.TempDir())
	picture := testdata.Path(t, "images/cat.bmp")
	for _, there := range []bool{false, true} {
		t.Chdir(t.TempDir())
		if there {
			if err := os.WriteFile(forged, []byte("{damaged: ["), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		try := func(args ...string) {
			_, _, stderr := command(args...)
			wantNoForgery(t, args, stderr)
		}
		var walk func(c *cobra.Command)
		walk = func(c *cobra.Command) {
			for _, sub := range c.Commands() {
				walk(sub)
			}
			words := strings.Fields(c.CommandPath())[1:]
			if c.Name() == "watch" { // which would wait for a camera
				words = append(words, "--no-browser", "--model", forged)
			}
			try(append(words, forged)...)
			if c.Flags().Lookup("model") != nil {
				try(append(words, "--model", forged, picture)...)
			}
			c.Flags().VisitAll(func(f *pflag.Flag) {
				if f.Value.Type() != "bool" {
					try(append(words, "--"+f.Name, forged, forged)...)
					try(append(words, "--"+f.Name+"="+forged)...)
				}
			})
		}
		root := newRoot(&streams{in: strings.NewReader(""), out: &bytes.Buffer{}, err: newStatus(&bytes.Buffer{})})
		walk(root)
	}
}

// TestNamesInTheLog writes names with line breaks in both kinds of lines that people read.
func TestNamesInTheLog(t *testing.T) {
	err := &fs.PathError{Op: "open", Path: forged, Err: errors.New("gone")}
	for kind, handler := range map[string]func(s *status) slog.Handler{
		"text":      func(s *status) slog.Handler { return slog.NewTextHandler(s, nil) },
		"sentences": func(s *status) slog.Handler { return sentences{slog.NewTextHandler(s, nil), s} },
	} {
		var out bytes.Buffer
		slog.New(handler(newStatus(&out))).Warn("lost: "+err.Error(), "model", forged, "cause", err)
		if n := strings.Count(out.String(), "\n"); n != 1 || !strings.Contains(out.String(), "forged") {
			t.Errorf("%s: %d lines:\n%s", kind, n, &out)
		}
	}
}
