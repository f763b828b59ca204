package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"corallite/internal/terminal"
)

// TestHelpFits checks that on a terminal only examples and the usage line are wider than it, and that no word is lost.
func TestHelpFits(t *testing.T) {
	root := newRoot(&streams{in: strings.NewReader(""), out: &bytes.Buffer{}, err: newStatus(&bytes.Buffer{})})
	words := func(text string) string { // a word that is longer than the terminal is wide is broken
		return strings.Join(strings.Fields(text), "")
	}
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		c.InitDefaultHelpFlag()
		usage := c.UsageString()
		for _, width := range []int{40, 60, 80, 120} {
			long, fitted := reflow(c.Long, width), fitUsage(usage, width)
			if words(long) != words(c.Long) || words(fitted) != words(usage) {
				t.Errorf("%s at width %d: words were lost:\n%s%s", c.CommandPath(), width, long, fitted)
			}
			before, _, _ := strings.Cut(fitted, "Examples:")
			_, after, _ := strings.Cut(fitted, "Flags:")
			for line := range strings.Lines(long + before + after) {
				line = strings.TrimSuffix(line, "\n")
				copied := strings.Contains(line, c.CommandPath()) || strings.Contains(line, "Use \"corallite")
				if terminal.Columns(line) > width && !copied {
					t.Errorf("%s: %d columns at width %d: %q", c.CommandPath(), terminal.Columns(line), width, line)
				}
			}
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	walk(root)
}
