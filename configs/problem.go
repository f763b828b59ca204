package configs

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"corallite/internal/key"
	"corallite/models"
)

// Problem is one mistake in a configuration.
type Problem struct {
	Code    key.Code // the kind of problem, by which programs tell them apart
	File    string   // the file, "--set KEY=VALUE" or "environment variable NAME"
	Line    int      // in the file, from 1; 0: about no single line
	Path    string   // "pipelines.door.source.video"; "" for the file as a whole
	Message string   // what is wrong and what was expected
	Fix     []string // commands that may help
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

// Problems is the error of Load: all problems, ordered by file and line.
type Problems []Problem

// Error lists one problem per line.
func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i, one := range p {
		lines[i] = one.String()
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns each problem separately.
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

// fileCode is the code for an error about a file.
func fileCode(err error) key.Code {
	if errors.As(err, new(*models.NotPulledError)) {
		return key.CodeMissingModel
	}
	if errors.Is(err, fs.ErrNotExist) || errors.As(err, new(*models.DamagedError)) || errors.As(err, new(*models.HashError)) {
		return key.CodeMissingFile
	}
	return key.CodeInvalid
}

// modelFix returns commands that may fix an error about a model's file.
func modelFix(err error) []string {
	var mended interface{ Command() string }
	switch {
	case errors.As(err, &mended):
		return []string{mended.Command()}
	case errors.Is(err, fs.ErrNotExist):
		return []string{"corallite models list"}
	}
	return nil
}
