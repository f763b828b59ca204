// Package terminal fits text to a terminal: how wide it is, how many columns a text takes, words wrapped, and tables
// that lose nothing on a narrow one. What is not written to a terminal is never cut or wrapped, so that programs that
// read it get the same text everywhere.
package terminal

import (
	"io"
	"os"
	"strconv"

	"golang.org/x/term"

	"corallite/internal/output"
)

// leastWidth is the narrowest terminal that is fitted to: on a narrower one lines wrap by themselves.
const leastWidth = 20

// Is says whether w is a terminal.
func Is(w io.Writer) bool {
	f, ok := output.File(w)
	return ok && term.IsTerminal(int(f.Fd()))
}

// Redraws says whether a line on w can be taken back and written anew: w is a terminal, and not one without such
// commands (TERM=dumb), as editors and build servers offer.
func Redraws(w io.Writer) bool { return Is(w) && os.Getenv("TERM") != "dumb" }

// Width is how many columns w has when it is a terminal: what COLUMNS says, else what the terminal says. 0 means
// that there is no limit: w is no terminal, or nobody knows its width.
func Width(w io.Writer) int {
	if !Is(w) {
		return 0
	}
	if columns, err := strconv.Atoi(os.Getenv("COLUMNS")); err == nil && columns > 0 {
		return max(columns, leastWidth)
	}
	f, _ := output.File(w)
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil || width <= 0 {
		return 0
	}
	return max(width, leastWidth)
}
