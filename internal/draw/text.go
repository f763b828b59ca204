package draw

import (
	"strconv"
	"unicode"

	"github.com/mozillazg/go-unidecode"
	"golang.org/x/text/unicode/norm"
)

// maxLabels bounds the labels whose characters are kept ready.
const maxLabels = 4096

const ellipsis = '…'

// texts turns labels into characters that the fonts can draw, and remembers them.
type texts struct {
	fonts *fonts
	known map[string][]rune
}

// label is text as it can be drawn: in composed form, each character that no font has in Latin letters (顔 is "Yan"),
// white space as single blanks. It is empty when nothing of it can be drawn.
func (t *texts) label(text string) []rune {
	if runes, ok := t.known[text]; ok {
		return runes
	}
	var runes []rune
	for _, r := range norm.NFC.String(text) {
		switch {
		case unicode.IsSpace(r) || unicode.IsControl(r):
			runes = appendWord(runes, " ")
		case t.fonts.find(r) >= 0:
			runes = append(runes, r)
		default:
			runes = appendWord(runes, unidecode.Unidecode(string(r)))
		}
	}
	for len(runes) > 0 && runes[len(runes)-1] == ' ' {
		runes = runes[:len(runes)-1]
	}
	if len(t.known) >= maxLabels {
		clear(t.known)
	}
	t.known[text] = runes
	return runes
}

// appendWord appends text, with no blank at the start and no two blanks in a row.
func appendWord(runes []rune, text string) []rune {
	for _, r := range text {
		if r == ' ' && (len(runes) == 0 || runes[len(runes)-1] == ' ') {
			continue
		}
		runes = append(runes, r)
	}
	return runes
}

// appendName appends a label, or "#7" for class 7 when the label is empty or cannot be drawn. A thing without a class
// (pipeline.NoIndex) has no name then.
func (t *texts) appendName(dst []rune, label string, index int) []rune {
	runes := t.label(label)
	if len(runes) > 0 {
		return append(dst, runes...)
	}
	if index < 0 {
		return dst
	}
	return appendInt(append(dst, '#'), index)
}

// appendPercent appends a score from 0 to 1 as "81%".
func appendPercent(dst []rune, score float32) []rune {
	if !(score > 0) {
		score = 0
	}
	return append(appendInt(dst, int(float32(min(score, 1)*100)+0.5)), '%')
}

func appendInt(dst []rune, v int) []rune {
	var digits [20]byte
	for _, d := range strconv.AppendInt(digits[:0], int64(v), 10) {
		dst = append(dst, rune(d))
	}
	return dst
}

// shorten cuts text from its end until it is at most width pixels wide with an ellipsis, in place. It is empty when not
// even the ellipsis fits.
func (c *face) shorten(text []rune, width float32) []rune {
	if c.measure(text) <= width {
		return text
	}
	for n := len(text) - 1; n >= 0; n-- {
		for n > 0 && text[n-1] == ' ' {
			n--
		}
		text[n] = ellipsis
		if c.measure(text[:n+1]) <= width {
			return text[:n+1]
		}
	}
	return text[:0]
}
