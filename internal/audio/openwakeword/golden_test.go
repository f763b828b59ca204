package openwakeword

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/delegate"
)

// writeGolden adds what the Python package says of a recording: a line for each word, with the scores of the rows of
// sound in thousandths.
func writeGolden(b *bytes.Buffer, s said, samples int) {
	n := int(newest(int64(samples))) + 1 + tail
	for _, name := range words {
		fmt.Fprintf(b, "%s %s", s.Name, name)
		for _, score := range s.Scores[name][len(s.Scores[name])-n:] {
			fmt.Fprintf(b, " %d", int(1000*score+0.5))
		}
		b.WriteByte('\n')
	}
}

// TestGolden compares all scores with those that the Python package gave once, to half a thousandth and what kernels
// differ by.
func TestGolden(t *testing.T) {
	b, err := os.ReadFile("testdata/golden.txt")
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{}
	for lines := bufio.NewScanner(bytes.NewReader(b)); lines.Scan(); {
		f := strings.Fields(lines.Text())
		want[f[0]+" "+f[1]] = f[2:]
	}
	paths := recordings(t)
	if len(want) != len(paths)*len(words) {
		t.Errorf("%d lines for %d recordings and %d words", len(want), len(paths), len(words))
	}
	c := newChain(t, delegate.XNNPACK)
	for _, path := range paths {
		chunks := cut(samples(t, path), 0, 8000)
		hear(t, c.stage, chunks)
		for _, name := range words {
			_, scores := told(t, c.words[name], chunks)
			line := want[filepath.Base(path)+" "+name]
			if len(scores) != len(line) {
				t.Errorf("%s, %s: %d scores, want %d", filepath.Base(path), name, len(scores), len(line))
				continue
			}
			for i, text := range line {
				var thousandths float32
				if _, err := fmt.Sscan(text, &thousandths); err != nil {
					t.Fatal(err)
				}
				if d := scores[i] - thousandths/1000; !(d < 0.0005+scoreTolerance && d > -0.0005-scoreTolerance) {
					t.Errorf("%s, %s, row %d: score %g, want %g", filepath.Base(path), name, i, scores[i], thousandths/1000)
				}
			}
		}
	}
}
