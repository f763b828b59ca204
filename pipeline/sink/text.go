package sink

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

// printable is s without what could move a terminal's cursor or change its colours: a file's name may hold anything.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		const joiner = '\u200d' // part of many emoji
		if unicode.IsPrint(r) || r == joiner {
			return r
		}
		return unicode.ReplacementChar
	}, strings.ToValidUTF8(s, string(unicode.ReplacementChar)))
}

const ellipsis = "…"

// keepStart is s in exactly width columns: filled with spaces, or cut at its end.
func keepStart(s string, width int) string {
	s = printable(s)
	if w := uniseg.StringWidth(s); w <= width {
		return s + strings.Repeat(" ", width-w)
	}
	var b strings.Builder
	used := 1 // the ellipsis
	for g := uniseg.NewGraphemes(s); g.Next(); {
		if used+g.Width() > width {
			break
		}
		b.WriteString(g.Str())
		used += g.Width()
	}
	return b.String() + ellipsis + strings.Repeat(" ", max(0, width-used))
}

// keepEnd is s in exactly width columns: filled with spaces, or cut at its start, because the end of a path tells more.
func keepEnd(s string, width int) string {
	s = printable(s)
	w := uniseg.StringWidth(s)
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

// clock writes a position in a recording as "1:02.345", or "1:00:02.345" from an hour on.
func clock(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
	h, m, s := int(d.Hours()), int(d.Minutes())%60, (d % time.Minute).Seconds()
	if h > 0 {
		return fmt.Sprintf("%d:%02d:%06.3f", h, m, s)
	}
	return fmt.Sprintf("%d:%06.3f", m, s)
}

// counted is "1 detection", "2 detections", "2 classes".
func counted(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
