package configs

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is one thing that is wrong with a configuration.
type Problem struct {
	File    string // the file, "--set KEY=VALUE" or "environment variable NAME"
	Line    int    // in the file, from 1; 0: not a matter of one line
	Path    string // "pipelines.door.source.video"; "" for the file as a whole
	Message string // what is wrong and what was expected
}

// String is "door.yaml:7: pipelines.door.source.vidoe: unknown key; did you mean \"video\"?".
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.File)
	if p.Line > 0 {
		fmt.Fprintf(&b, ":%d", p.Line)
	}
	if p.Path != "" {
		b.WriteString(": " + p.Path)
	}
	return strings.TrimPrefix(b.String()+": "+p.Message, ": ")
}

// Error is String.
func (p Problem) Error() string { return p.String() }

// Problems is the error of Load: all that is wrong, in the order of the files and lines.
type Problems []Problem

// Error has one problem a line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap gives each problem, which stands in a line of its own.
func (p Problems) Unwrap() []error {
	all := make([]error, len(p))
	for i, one := range p {
		all[i] = one
	}
	return all
}

// sort orders problems by file (as given to Load, then the environment and --set) and line.
func (p Problems) sort(files []string) {
	rank := func(file string) int {
		if i := slices.Index(files, file); i >= 0 {
			return i
		}
		return len(files)
	}
	slices.SortStableFunc(p, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(rank(a.File), rank(b.File)), cmp.Compare(a.Line, b.Line))
	})
}
