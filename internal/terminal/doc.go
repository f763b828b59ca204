// Package terminal fits text to a terminal: its width, the width of text, word wrap, and tables that lose nothing on a
// narrow terminal. Output to anything else is never cut or wrapped, so that programs read the same text everywhere.
package terminal

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"corallite/internal/output"
)

// minWidth is the narrowest width that text is fitted to; narrower terminals wrap lines themselves.
const minWidth = 20

// Is reports whether w is a terminal.
func Is(w io.Writer) bool {
	f, ok := output.File(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Redraws reports whether a line on w can be erased and redrawn: w is a terminal with cursor control, unlike those of
// editors and build servers (TERM=dumb).
func Redraws(w io.Writer) bool { return Is(w) && os.Getenv("TERM") != "dumb" }

// Width returns the number of columns of the terminal w, from COLUMNS or else from the terminal. 0 means no limit: w is
// not a terminal, or its width is unknown.
func Width(w io.Writer) int {
	if !Is(w) {
		return 0
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return max(columns, minWidth)
	}
	f, _ := output.File(w)
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 0
	}
	return max(width, minWidth)
}
