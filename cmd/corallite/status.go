package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"corallite/internal/output"
	"corallite/internal/redact"
	"corallite/internal/terminal"
	"corallite/pipeline"
)

// status is standard error with a line of progress at its end: what others write comes above the line. On anything
// that is not a terminal there is no such line, and writes pass through.
type status struct {
	logFlags

	mu       sync.Mutex
	w        io.Writer
	terminal *os.File // nil: none
	shown    string
	parts    map[string]string
}

func newStatus(w io.Writer) *status {
	s := &status{w: w, parts: map[string]string{}}
	if terminal.Redraws(w) {
		s.terminal, _ = output.File(w)
	}
	return s
}

// Say prints a message of the program itself, which is no result: one line of "corallite: " and the text, or of JSON
// with --log-format json. With --quiet only errors are printed.
func (s *status) Say(level slog.Level, text string) { s.print(level, terminal.OneLine(text)) }

// Fail prints an error, in a line for each of its parts.
func (s *status) Fail(err error) { s.print(slog.LevelError, terminal.Message(err)) }

func (s *status) print(level slog.Level, text string) {
	switch {
	case s.quiet && level < slog.LevelError:
	case s.json():
		_ = slog.NewJSONHandler(s, nil).Handle(context.Background(), slog.NewRecord(time.Now(), level, text, 0)) // nobody could be told
	default:
		fmt.Fprintf(s, "corallite: %s\n", text)
	}
}

// Write writes above the line of progress, without what could steer a terminal and without what is secret in addresses.
// With --log-format json each line that is not JSON becomes a message.
func (s *status) Write(p []byte) (int, error) {
	if s.json() && !bytes.HasPrefix(p, []byte("{")) {
		for line := range strings.Lines(string(p)) {
			s.Say(slog.LevelInfo, strings.TrimPrefix(strings.TrimRight(line, "\n"), "corallite: "))
		}
		return len(p), nil
	}
	if _, err := s.write(s.w, []byte(redact.Addresses(string(terminal.Escape(p))))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Reveal prints a line as Write does, with all that is in its addresses.
func (s *status) Reveal(line string) {
	_, _ = s.write(s.w, append(terminal.Escape([]byte(line)), '\n')) // nobody could be told
}

func (s *status) write(w io.Writer, p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.wipe()
	n, err := w.Write(p)
	s.draw()
	return n, err
}

// Above is w for what is written to the same terminal as the line of progress: it comes above the line. On anything
// else it is w itself.
func (s *status) Above(w io.Writer) io.Writer {
	if s.terminal != nil && terminal.Is(w) {
		return lineAbove{s, w}
	}
	return w
}

type lineAbove struct {
	s *status
	w io.Writer
}

func (a lineAbove) Write(p []byte) (int, error) { return a.s.write(a.w, p) }

// silent says whether no progress is to be shown.
func (s *status) silent() bool { return s.terminal == nil || s.quiet || s.json() }

// Progress shows how far a pipeline is; it fits pipeline.Stream.Progress.
func (s *status) Progress(p pipeline.Progress) {
	if s.silent() {
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
	if left := p.Total - int(p.Done); left > 0 && p.FPS > 0 {
		fmt.Fprintf(&b, ", %s,", timeLeft(time.Duration(float64(left)/p.FPS*float64(time.Second))))
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

// timeLeft is "4 s left", "2 min 5 s left" or "1 h 10 min left", rounded up; nothing is ever said to take 0 s.
func timeLeft(d time.Duration) string {
	s := int((d + time.Second - 1) / time.Second)
	switch {
	case s >= 100*3600:
		return "days left"
	case s >= 3600:
		return fmt.Sprintf("%d h %d min left", s/3600, s/60%60)
	case s >= 60:
		return fmt.Sprintf("%d min %d s left", s/60, s%60)
	}
	return fmt.Sprintf("%d s left", max(1, s))
}

// note shows a text in place of the pipelines' progress; an empty one takes it away.
func (s *status) note(text string) {
	if s.silent() {
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
	line := terminal.Printable(strings.Join(texts, " | "))
	// A line longer than the terminal is wide would wrap, and the next wipe would leave a part of it behind.
	if width := terminal.Width(s.terminal); width > 1 && terminal.Columns(line) >= width {
		line = terminal.KeepStart(line, width-1)
	}
	s.shown = line
	fmt.Fprint(s.w, s.shown)
}
