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

// Printable replaces unprintable characters in s, which could control a terminal: a file name may contain anything.
func Printable(s string) string {
	return strings.Map(func(r rune) rune {
		const joiner = '\u200d' // part of many emoji
		if unicode.IsPrint(r) || r == joiner {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

// Escape writes characters that could control a terminal as \u001b, like Go and JSON; line breaks and tabs stay. Bytes
// that are not UTF-8 become \x9b. An incomplete character at the end stays as it is, because the next text may
// complete it.
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

// harmful reports whether a character controls a terminal or changes the direction of text.
func harmful(r rune) bool {
	return r != '\n' && r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r))
}

// Escaped returns w, or if w is a terminal, a writer that escapes text.
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

// Under returns the underlying writer.
func (e escaped) Under() io.Writer { return e.to }

// Columns returns the width of printable text in terminal columns.
func Columns(s string) int { return uniseg.StringWidth(s) }

const ellipsis = "…"

// KeepStart makes s printable and exactly width columns wide: padded with spaces, or cut at its end.
func KeepStart(s string, width int) string {
	s = Printable(s)
	if w := Columns(s); w <= width {
		return s + strings.Repeat(" ", width-w)
	}
	head, used := head(s, width-1)
	return head + ellipsis + strings.Repeat(" ", max(0, width-1-used))
}

// KeepEnd is KeepStart that cuts at the start, because the end of a path says more.
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

// head returns the longest prefix of s that fits, and its columns.
func head(s string, width int) (text string, used int) {
	g := uniseg.NewGraphemes(s)
	end := 0
	for g.Next() && used+g.Width() <= width {
		used += g.Width()
		_, end = g.Positions()
	}
	return s[:end], used
}

// Wrap makes s printable and breaks it into lines of at most width columns, between words if possible; width 0: one
// line. It returns at least one line.
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
			if part == "" { // a character wider than the line
				break
			}
			lines, word, w = append(lines, part), word[len(part):], w-n
		}
		line, used = word, w
	}
	return append(lines, line)
}
