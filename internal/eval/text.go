package eval

import (
	"fmt"
	"strings"
	"text/tabwriter"
)

// mostRows is how many classes a terminal is given: report.md has all.
const mostRows = 40

// Text is the report for a terminal.
func (r *Report) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s on %s: %d files", r.title(), r.Data, r.Samples)
	if r.Missing > 0 {
		fmt.Fprintf(&b, " (%d without a result are left out)", r.Missing)
	}
	b.WriteString("\n\n")
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "%s\n\n", n)
	}
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	if len(r.Models) > 1 {
		fmt.Fprintln(w, "\t"+strings.Join(r.names(), "\t"))
	}
	for _, row := range r.figureRows() {
		fmt.Fprintln(w, strings.Join(row, "\t"))
	}
	for _, m := range r.Models {
		if len(m.Classes) == 0 {
			continue
		}
		_ = w.Flush() // to memory
		fmt.Fprintf(&b, "\n%s by class\n\n", m.Name)
		head := m.classHead()
		for i := range head {
			head[i] = strings.ToUpper(head[i])
		}
		fmt.Fprintln(w, strings.Join(head, "\t"))
		rows := m.classRows()
		for _, row := range rows[:min(len(rows), mostRows)] {
			fmt.Fprintln(w, strings.Join(row, "\t"))
		}
		if more := len(rows) - mostRows; more > 0 {
			fmt.Fprintf(w, "… and %d more (--out writes all, --json prints them)\n", more)
		}
	}
	_ = w.Flush()
	if c := r.Compare; c != nil {
		fmt.Fprintf(&b, "\n%s against %s: %s\n", c.Second, c.First, c.Verdict)
		if d := c.Difference; d != nil {
			fmt.Fprintf(w, "difference in %s\t%+.4f (95 %%: %+.4f to %+.4f)\n", c.Measure, d.Value, d.Low, d.High)
		}
		for _, f := range c.Figures {
			fmt.Fprintf(w, "%s\t%s\n", f.Name, f.Text())
		}
		_ = w.Flush()
	}
	return b.String()
}
