package terminal

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Printable is s without what could move a terminal's cursor or change its colours: a file's name may hold anything.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		const joiner = '\u200d' // part of many emoji
		if unicode.IsPrint(r) || r == joiner {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// Escape is text of one line or more in which what could move a terminal's cursor or change its colours is written as
// Go and JSON write it, \u001b; line breaks and tabs stay. Bytes that are no UTF-8 become \x9b. In what is left of a
// character at the end, which the next text may go on with, nothing is changed.
func Escape(text []byte) []byte {
	if !bytes.ContainsFunc(text, harmful) && utf8.Valid(text) {
		return text
	}
	var out []byte
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1 && !utf8.FullRune(text):
			return append(out, text...)
		case r == utf8.RuneError && n == 1:
			out = fmt.Appendf(out, `\x%02x`, text[0])
		case harmful(r) && r > 0xffff:
			out = fmt.Appendf(out, `\U%08x`, r)
		case harmful(r):
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, text[:n]...)
		}
		text = text[n:]
	}
	return out
}

// harmful says whether a character is a command to a terminal, or changes the order in which text is shown.
func harmful(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// Escaped is w, or when it is a terminal a writer to it that escapes what is written.
func Escaped(w io.Writer) io.Writer {
	if Is(w) {
		return escaped{w}
	}
	return w
}

type escaped struct{ to io.Writer }

// Write writes p, escaped.
func (e escaped) Write(p []byte) (int, error) {
	if _, err := e.to.Write(Escape(p)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Under is the writer that e writes to.
func (e escaped) Under() io.Writer { return e.to }

// Columns is how many columns a printable text takes.
func Columns(s string) int { return uniseg.StringWidth(s) }

const ellipsis = "…"

// KeepStart is s, printable, in exactly width columns: filled with spaces, or cut at its end.
func KeepStart(s string, width int) string {
	s = Printable(s)
	if w := Columns(s); w <= width {
		return s + strings.Repeat(" ", width-w)
	}
	head, used := head(s, width-1)
	return head + ellipsis + strings.Repeat(" ", max(0, width-1-used))
}

// KeepEnd is s, printable, in exactly width columns: filled with spaces, or cut at its start, because the end of a path
// tells more.
func KeepEnd(s string, width int) string {
	s = Printable(s)
	w := Columns(s)
	if w <= width {
		return s + strings.Repeat(" ", width-w)
	}
	g := uniseg.NewGraphemes(s)
	at := 0
	for w > width-1 && g.Next() {
		w -= g.Width()
		_, at = g.Positions()
	}
	return ellipsis + s[at:] + strings.Repeat(" ", max(0, width-1-w))
}

// head is as much of the beginning of s as fits, and the columns that it takes.
func head(s string, width int) (text string, used int) {
	g := uniseg.NewGraphemes(s)
	end := 0
	for g.Next() && used+g.Width() <= width {
		used += g.Width()
		_, end = g.Positions()
	}
	return s[:end], used
}

// Wrap breaks s, printable, into lines of at most width columns, between words where it can; width 0: one line. It
// gives at least one line.
func Wrap(s string, width int) []string {
	s = Printable(s)
	if width <= 0 || Columns(s) <= width {
		return []string{s}
	}
	var lines []string
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		w := Columns(word)
		if used > 0 && used+1+w <= width {
			line, used = line+" "+word, used+1+w
			continue
		}
		if used > 0 {
			lines = append(lines, line)
		}
		for w > width {
			part, n := head(word, width)
			if part == "" { // a character that is wider than the line
				break
			}
			lines, word, w = append(lines, part), word[len(part):], w-n
		}
		line, used = word, w
	}
	return append(lines, line)
}
