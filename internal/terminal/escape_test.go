package terminal

import (
	"bytes"
	"encoding/json"
	"io"
	"os"
	"testing"

	"corallite/internal/output"
)

func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"plain ä 猫 \U0001f468\u200d\U0001f469 line\n\tnext\n": "plain ä 猫 \U0001f468\u200d\U0001f469 line\n\tnext\n",
		"\x1b[2J\x07\rx\x7f": `\u001b[2J\u0007\u000dx\u007f`,
		"one\u009b31mred":    `one\u009b31mred`,
		"raw \x9b31m":        `raw \x9b31m`,
		"exe\u202egpj.":      `exe\u202egpj.`,
		"cut off \xe7\x8c":   "cut off \xe7\x8c",
	} {
		if got := string(Escape([]byte(text))); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	line := []byte("{\"source\":\"a\u009b31m\u007f\u202e\"}")
	var v struct{ Source string }
	if err := json.Unmarshal(Escape(line), &v); err != nil || v.Source != "a\u009b31m\u007f\u202e" {
		t.Errorf("a line of JSON means %q, %v", v.Source, err)
	}
}

// TestEscaped: what is no terminal is left alone; through the escaping writer the file behind it is still found.
func TestEscaped(t *testing.T) {
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var buf bytes.Buffer
	if Escaped(&buf) != io.Writer(&buf) || Escaped(f) != io.Writer(f) {
		t.Error("what is no terminal is changed")
	}
	w := escaped{output.For(t.Context(), f)}
	if n, err := io.WriteString(w, "\x1b1"); n != 2 || err != nil {
		t.Error(n, err)
	}
	if got, err := os.ReadFile(f.Name()); err != nil || string(got) != `\u001b1` {
		t.Errorf("%q, %v", got, err)
	}
	if under, ok := output.File(w); !ok || under != f {
		t.Errorf("the file behind it is %v", under)
	}
}
