package eval

import (
	"fmt"
	"strings"
)

// Markdown writes the report for people: figures, classes, mistakes.
func (r *Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s, measured on %s\n\n%d files (%s)", r.title(), r.Data, r.Samples, r.Form)
	if r.Missing > 0 {
		fmt.Fprintf(&b, "; **%d without a result are left out**", r.Missing)
	}
	b.WriteString(".\n")
	for _, n := range r.Notes {
		fmt.Fprintf(&b, "\n%s\n", n)
	}
	table(&b, append([]string{"figure"}, r.names()...), r.figureRows())
	if c := r.Compare; c != nil {
		fmt.Fprintf(&b, "\n## %s against %s\n\n%s.\n", c.Second, c.First, upper(c.Verdict))
		var rows [][]string
		if d := c.Difference; d != nil {
			rows = append(rows, []string{"difference in " + c.Measure, fmt.Sprintf("%+.4f (95 %%: %+.4f to %+.4f)", d.Value, d.Low, d.High)})
		}
		for _, f := range c.Figures {
			rows = append(rows, []string{f.Name, f.Text()})
		}
		table(&b, []string{"figure", ""}, rows)
	}
	for _, m := range r.Models {
		if len(m.Classes) > 0 {
			fmt.Fprintf(&b, "\n## %s by class\n", m.Name)
			table(&b, m.classHead(), m.classRows())
		}
		if m.YAML != "" {
			fmt.Fprintf(&b, "\nThresholds with the best F1, for a configuration:\n\n```yaml\n%s```\n", m.YAML)
		}
		if len(m.Mistakes) > 0 {
			fmt.Fprintf(&b, "\n## Worst mistakes of %s\n", m.Name)
			var rows [][]string
			for _, w := range m.Mistakes {
				rows = append(rows, []string{w.Path, orNothing(w.Truth), orNothing(w.Found), fmt.Sprintf("%.3f", w.Score)})
			}
			table(&b, []string{"file", "true", "found", "score"}, rows)
		}
	}
	return b.String()
}

func (r *Report) title() string { return strings.Join(r.names(), " and ") }

func (r *Report) names() []string {
	var names []string
	for _, m := range r.Models {
		names = append(names, m.Name)
	}
	return names
}

// figureRows are the figures of all models, a row a figure.
func (r *Report) figureRows() [][]string {
	var rows [][]string
	for i, f := range r.Models[0].Figures {
		row := []string{f.Name}
		for _, m := range r.Models {
			if i < len(m.Figures) {
				row = append(row, m.Figures[i].Text())
			}
		}
		rows = append(rows, row)
	}
	return rows
}

// Text is the value in words.
func (f Figure) Text() string {
	if f.whole {
		return fmt.Sprint(int(f.Value))
	}
	if f.Low == nil {
		return f.Value.String()
	}
	return f.Value.String() + " (" + f.Range() + ")"
}

// Range is the interval in words; "": there is none.
func (f Figure) Range() string {
	if f.Low == nil {
		return ""
	}
	return fmt.Sprintf("95 %%: %.4f to %.4f", *f.Low, *f.High)
}

func (m *ModelReport) classHead() []string {
	head := []string{"class", "number"}
	for _, f := range m.Classes[0].Figures {
		head = append(head, f.Name)
	}
	return head
}

func (m *ModelReport) classRows() [][]string {
	var rows [][]string
	for _, c := range m.Classes {
		row := []string{c.Label, fmt.Sprint(c.Samples)}
		for _, f := range c.Figures {
			row = append(row, f.Text())
		}
		rows = append(rows, row)
	}
	return rows
}

func orNothing(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

// table writes a table. Bars in cells are escaped.
func table(b *strings.Builder, head []string, rows [][]string) {
	line := func(cells []string) {
		for _, c := range cells {
			b.WriteString("| " + strings.NewReplacer("|", `\|`, "\n", " ").Replace(c) + " ")
		}
		b.WriteString("|\n")
	}
	b.WriteString("\n")
	line(head)
	b.WriteString(strings.Repeat("| --- ", len(head)) + "|\n")
	for _, r := range rows {
		line(r)
	}
}
