package main

import (
	"fmt"
	"io"
	"os"
	"sort"
	"strings"
	"sync"

	"golang.org/x/term"

	"corallite/pipeline"
)

// status is standard error with a line of progress at its end: what others write comes above the line. On anything
// that is not a terminal there is no such line, and writes pass through.
type status struct {
	mu       sync.Mutex
	w        io.Writer
	terminal *os.File // nil: none
	shown    string
	parts    map[string]string
}

func newStatus(w io.Writer) *status {
	s := &status{w: w, parts: map[string]string{}}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.terminal = f
	}
	return s
}

// Write writes above the line of progress.
func (s *status) Write(p []byte) (int, error) { return s.write(s.w, p) }

func (s *status) write(w io.Writer, p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	n, err := w.Write(p)
	s.draw()
	return n, err
}

// above is w for what is written to the same terminal as the line of progress: it comes above the line. On anything
// else it is w itself.
func (s *status) above(w io.Writer) io.Writer {
	if f, ok := w.(*os.File); ok && s.terminal != nil && term.IsTerminal(int(f.Fd())) {
		return lineAbove{s, w}
	}
	return w
}

type lineAbove struct {
	s *status
	w io.Writer
}

func (a lineAbove) Write(p []byte) (int, error) { return a.s.write(a.w, p) }

// progress shows how far a pipeline is; it fits pipeline.Stream.Progress.
func (s *status) progress(p pipeline.Progress) {
	if s.terminal == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	if p.Final {
		delete(s.parts, p.Pipeline)
	} else {
		s.parts[p.Pipeline] = progressText(p)
	}
	s.draw()
}

func progressText(p pipeline.Progress) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d", p.Pipeline, p.Done)
	if p.Total > 0 {
		fmt.Fprintf(&b, "/%d (%d %%)", p.Total, min(100, p.Done*100/uint64(p.Total)))
	}
	fmt.Fprintf(&b, " %.1f/s", p.FPS)
	if p.Dropped > 0 {
		fmt.Fprintf(&b, ", %d dropped", p.Dropped)
	}
	if p.Errors > 0 {
		fmt.Fprintf(&b, ", %d failed", p.Errors)
	}
	return b.String()
}

// note shows a text in place of the pipelines' progress; an empty one takes it away.
func (s *status) note(text string) {
	if s.terminal == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	if text == "" {
		delete(s.parts, "")
	} else {
		s.parts[""] = text
	}
	s.draw()
}

func (s *status) wipe() {
	if s.shown != "" {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.shown = ""
	}
}

func (s *status) draw() {
	if s.terminal == nil || len(s.parts) == 0 {
		return
	}
	names := make([]string, 0, len(s.parts))
	for name := range s.parts {
		names = append(names, name)
	}
	sort.Strings(names)
	texts := make([]string, len(names))
	for i, name := range names {
		texts[i] = s.parts[name]
	}
	line := []rune(strings.Join(texts, " | "))
	// A line longer than the terminal is wide would wrap, and the next wipe would leave a part of it behind.
	if width, _, err := term.GetSize(int(s.terminal.Fd())); err == nil && width > 1 && len(line) >= width {
		line = line[:width-1]
	}
	s.shown = string(line)
	fmt.Fprint(s.w, s.shown)
}
