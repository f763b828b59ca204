package main

import (
	"io"
	"regexp"
	"strings"

	"github.com/spf13/cobra"

	"corallite/internal/terminal"
)

// fitHelp makes help fit a terminal. Elsewhere it is as cobra writes it.
func fitHelp(root *cobra.Command, std *streams) {
	usual := root.HelpFunc()
	root.SetHelpFunc(func(c *cobra.Command, args []string) {
		width := terminal.Width(std.out)
		if width == 0 {
			usual(c, args)
			return
		}
		long := c.Long
		if long == "" {
			long = c.Short
		}
		_, _ = io.WriteString(std.out, reflow(long, width)+"\n"+fitUsage(c.UsageString(), width)) // as cobra, which has no error to give either
	})
}

// reflow breaks paragraphs anew, whose lines end where the source's do. Lines that are indented stay.
func reflow(text string, width int) string {
	var b strings.Builder
	for paragraph := range strings.SplitSeq(strings.TrimSpace(text), "\n\n") {
		if b.Len() > 0 {
			b.WriteByte('\n')
		}
		if !strings.Contains("\n"+paragraph, "\n ") {
			paragraph = strings.Join(terminal.Wrap(strings.ReplaceAll(paragraph, "\n", " "), width), "\n")
		}
		b.WriteString(paragraph + "\n")
	}
	return b.String()
}

// explained is a line of a flag or a command with what it means behind it.
var explained = regexp.MustCompile(`^( +(?:-\w, )?(?:--)?\S+(?: [a-zA-Z]\w*)? {2,})(\S.*)$`)

// fitUsage wraps what flags and commands mean. Examples stay whole: they are to be copied.
func fitUsage(text string, width int) string {
	const leastText = 24
	var b strings.Builder
	examples := false
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, " \n")
		if line != "" && line[0] != ' ' {
			examples = strings.HasPrefix(line, "Examples:")
		}
		m := explained.FindStringSubmatch(line)
		if examples || m == nil || terminal.Columns(line) <= width {
			b.WriteString(line + "\n")
			continue
		}
		before, indent := m[1], terminal.Columns(m[1])
		if width-indent < leastText {
			b.WriteString(strings.TrimRight(before, " ") + "\n")
			indent = 8
			before = strings.Repeat(" ", indent)
		}
		for _, part := range terminal.Wrap(m[2], width-indent) {
			b.WriteString(before + part + "\n")
			before = strings.Repeat(" ", indent)
		}
	}
	return b.String()
}
