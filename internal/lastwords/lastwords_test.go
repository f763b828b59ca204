package lastwords_test

import (
	"fmt"
	"strings"
	"testing"

	"corallite/internal/lastwords"
)

func TestWords(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, c := range []struct {
		name   string
		keep   int
		writes []string
		about  []string
		want   string
	}{
		{"nothing", 3, nil, nil, "no output"},
		{"blank lines", 3, []string{"\n \r\n"}, nil, "no output"},
		{"in pieces", 3, []string{"no su", "ch file\nand ", "now"}, nil, "no such file; and now"},
		{"the last ones", 2, []string{"a\nb\nc\n", "d\r"}, nil, "c; d"},
		{"one at least", 0, []string{"a\nb"}, nil, "b"},
		{"a long one", 1, []string{"y" + long + "z\n"}, nil, long[:1999] + "z"},
		{"ffmpeg", 3, []string{"[wav @ 0x563147c029c0] Invalid sample rate: -1\nfile:/tmp/r.wav: Invalid data found when processing input\n"},
			[]string{"file:/tmp/r.wav"}, "Invalid sample rate: -1; Invalid data found when processing input"},
		{"colours", 1, []string{"\x1b[31mred\tand\x07"}, nil, "\uFFFD[31mred and\uFFFD"},
		{"progress", 1, []string{"50%\r100%\r"}, nil, "100%"},
		{"no text", 1, []string{"a\xffb"}, nil, "a\uFFFDb"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := lastwords.New(c.keep)
			for _, s := range c.writes {
				if n, err := fmt.Fprint(w, s); n != len(s) || err != nil {
					t.Fatal(n, err)
				}
			}
			if got := w.String(c.about...); got != c.want {
				t.Errorf("%.200q, want %.200q", got, c.want)
			}
		})
	}
}
