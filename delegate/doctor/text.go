package doctor

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// Print writes the report for people: the one cause and its fix, then all that was looked at.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	r.writeCause(&b)
	b.WriteString("\nLooked at\n")
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for i := range r.Findings {
		f := &r.Findings[i]
		found := f.Found
		if f == r.Cause {
			found = "see above"
		}
		fmt.Fprintf(t, "  %s\t%s\t%s\t%s\n", f.State, f.Check, f.Subject, found)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	r.writeOthers(&b)
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *Report) writeCause(b *strings.Builder) {
	if r.Cause == nil {
		b.WriteString("Nothing is wrong.\n")
		return
	}
	fmt.Fprintf(b, "Cause: %s%s\n", r.Cause.about(), r.Cause.Found)
	r.Cause.writeFix(b)
	switch {
	case len(r.Stopped) > 0:
		fmt.Fprintf(b, "What is configured cannot run: %s\n", and(r.Stopped))
	case r.configured:
		b.WriteString("All that is configured can run all the same.\n")
	}
}

// writeOthers prints how to mend what is wrong beside the one cause.
func (r *Report) writeOthers(b *strings.Builder) {
	first := true
	for i := range r.Findings {
		f := &r.Findings[i]
		if f == r.Cause || f.State != Problem && f.State != Warning || len(f.Fix) == 0 && f.Advice == "" {
			continue
		}
		if first {
			b.WriteString("\nThen\n")
			first = false
		}
		fmt.Fprintf(b, "  %s%s\n", f.about(), f.ID)
		f.writeFix(b)
	}
}

// about is whom a finding is about, for the beginning of a line.
func (f *Finding) about() string {
	if f.Subject == "" || strings.HasPrefix(f.Found, f.Subject) {
		return ""
	}
	return f.Subject + ": "
}

// writeFix prints what a finding goes by, and what to do.
func (f *Finding) writeFix(b *strings.Builder) {
	if len(f.Looked) > 0 {
		fmt.Fprintf(b, "  Looked at: %s\n", strings.Join(f.Looked, ", "))
	}
	for _, line := range f.Fix {
		fmt.Fprintf(b, "    %s\n", line)
	}
	if f.Advice != "" {
		fmt.Fprintf(b, "  %s\n", f.Advice)
	}
}
