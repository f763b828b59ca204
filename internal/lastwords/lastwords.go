// Package lastwords keeps the last lines of a program's output, which say why it failed.
package lastwords

import (
	"bytes"
	"regexp"
	"strings"
	"sync"
	"unicode"
)

// longest limits a line, in bytes.
const longest = 2000

// Words keeps the last non-empty lines written to it. It is safe for concurrent use.
type Words struct {
	keep int

	mu    sync.Mutex
	lines []string
	now   []byte // the unfinished line, or its end if it is long
}

// New returns a Words that keeps the given number of lines, at least one.
func New(lines int) *Words { return &Words{keep: max(1, lines)} }

// Write adds output. It never fails.
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

// end finishes the current line.
func (w *Words) end() {
	line := strings.TrimSpace(strings.Map(shown, strings.ToValidUTF8(string(w.now[max(0, len(w.now)-longest):]), "\uFFFD")))
	w.now = w.now[:0]
	if line == "" {
		return
	}
	if len(w.lines) == w.keep {
		w.lines = append(w.lines[:0], w.lines[1:]...)
	}
	w.lines = append(w.lines, line)
}

// shown keeps what a program says from moving a terminal's cursor or changing its colours.
func shown(r rune) rune {
	switch {
	case r == '\t':
		return ' '
	case unicode.IsPrint(r):
		return r
	}
	return unicode.ReplacementChar
}

// Empty says whether nothing was said.
func (w *Words) Empty() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	return len(w.lines) == 0
}

// part matches ffmpeg's prefix of a line: the component and its address in memory.
var part = regexp.MustCompile(`\[[^\[\]]* @ 0x[0-9a-f]+\] `)

// String returns the lines joined by "; ", or "no output". It removes ffmpeg's component prefixes, and the names in about
// with their colon, because the surrounding message already has them.
func (w *Words) String(about ...string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.end()
	if len(w.lines) == 0 {
		return "no output"
	}
	said := part.ReplaceAllString(strings.Join(w.lines, "; "), "")
	for _, name := range about {
		said = strings.ReplaceAll(said, name+": ", "")
	}
	return said
}
