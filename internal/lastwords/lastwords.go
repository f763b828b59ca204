// Package lastwords keeps the end of what a program prints, which says why it failed.
package lastwords

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
)

// longest bounds what is kept of a line, in bytes.
const longest = 2000

// Words keeps the last lines that are written to it, from whatever goroutine. Lines without anything in them do not
// count.
type Words struct {
	keep int

	mu    sync.Mutex
	lines []string
	now   []byte // the line that is not ended yet, its end only when it is long
}

// New makes a Words that keeps so many lines, at least one.
func New(lines int) *Words { return &Words{keep: max(1, lines)} }

// Write takes what is printed next. It never fails.
func (w *Words) Write(b []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := len(b)
	for {
		i := bytes.IndexAny(b, "\r\n")
		if i < 0 {
			w.now = append(w.now, b...)
			w.now = w.now[max(0, len(w.now)-longest):]
			return n, nil
		}
		w.now = append(w.now, b[:i]...)
		w.end()
		b = b[i+1:]
	}
}

// end ends the line.
func (w *Words) end() {
	line := strings.TrimSpace(strings.ToValidUTF8(string(w.now[max(0, len(w.now)-longest):]), "\uFFFD"))
	w.now = w.now[:0]
	if line == "" {
		return
	}
	if len(w.lines) == w.keep {
		w.lines = append(w.lines[:0], w.lines[1:]...)
	}
	w.lines = append(w.lines, line)
}

// part is what ffmpeg puts before a line: which of its parts speaks, and where that lies in memory.
var part = regexp.MustCompile(`\[[^\[\]]* @ 0x[0-9a-f]+\] `)

// String is the lines, with "; " between them; "it said nothing" without any. What ffmpeg says of its own insides is left
// out, and so are the names in about, with the colon behind them, which the message around this one has already.
func (w *Words) String(about ...string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	if len(w.lines) == 0 {
		return "it said nothing"
	}
	said := part.ReplaceAllString(strings.Join(w.lines, "; "), "")
	for _, name := range about {
		said = strings.ReplaceAll(said, name+": ", "")
	}
	return said
}
