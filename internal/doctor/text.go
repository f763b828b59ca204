package doctor

import (
	"fmt"
	"io"
	"strings"

	"corallite/internal/terminal"
)

// Print writes the report for people: the one cause and its fix, then everything that was checked.
func (r *Report) Print(w io.Writer) error {
	return r.print(w, terminal.Width(w))
}

// print wraps lines at width columns (0: no limit), except commands, which must stay whole.
func (r *Report) print(w io.Writer, width int) error {
	b := &wrapped{width: width}
	r.writeCause(b)
	b.line("")
	b.line("Looked at")
	t := terminal.Table{Width: width, Indent: 2}
	for i := range r.Findings {
		f := &r.Findings[i]
		found := f.Found
		if f == r.Cause {
			found = "see above"
		}
		t.Row(string(f.State), string(f.Check), f.Subject, found)
	}
	if err := t.Print(b); err != nil {
		return err
	}
	r.writeOthers(b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeCause(b *wrapped) {
	if r.Cause == nil {
		b.line("Nothing is wrong.")
		return
	}
	b.line("Cause: %s%s", r.Cause.about(), r.Cause.Found)
	r.Cause.writeFix(b)
	switch {
	case len(r.Stopped) > 0:
		b.line("What is configured cannot run: %s", and(r.Stopped))
	case r.configured:
		b.line("All that is configured can run all the same.")
	}
}

// writeOthers prints the fixes of the problems besides the one cause.
func (r *Report) writeOthers(b *wrapped) {
	first := true
	for i := range r.Findings {
		f := &r.Findings[i]
		if f == r.Cause || f.State != Problem && f.State != Warning || len(f.Fix) == 0 && f.Advice == "" {
			continue
		}
		if first {
			b.line("")
			b.line("Then")
			first = false
		}
		b.line("  %s%s", f.about(), f.ID)
		f.writeFix(b)
	}
}

// about is what a finding is about, for the start of a line.
func (f *Finding) about() string {
	if f.Subject == "" || strings.HasPrefix(f.Found, f.Subject) {
		return ""
	}
	return f.Subject + ": "
}

// writeFix prints what a finding is based on, and what to do.
func (f *Finding) writeFix(b *wrapped) {
	if len(f.Looked) > 0 {
		b.line("  Looked at: %s", strings.Join(f.Looked, ", "))
	}
	for _, line := range f.Fix {
		b.command(line)
	}
	if f.Advice != "" {
		b.line("  %s", f.Advice)
	}
}

// wrapped wraps a text to the terminal's width.
type wrapped struct {
	strings.Builder
	width int
}

// line writes a line of words; the rest of a long line is indented equally.
func (b *wrapped) line(format string, args ...any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "\n", " ")
	words := strings.TrimLeft(text, " ")
	indent := len(text) - len(words)
	lines := []string{terminal.Printable(words)}
	if b.width > 0 {
		lines = terminal.Wrap(words, max(1, b.width-indent))
	}
	for _, l := range lines {
		b.WriteString(strings.TrimRight(strings.Repeat(" ", indent)+l, " ") + "\n")
	}
}

// command writes a command without wrapping: it is to be copied.
func (b *wrapped) command(text string) { b.WriteString("    " + text + "\n") }
