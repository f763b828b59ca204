package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"corallite/internal/terminal"
	"corallite/models"
)

// ticking is a clock that goes on by a second with each look.
func ticking() func() time.Time {
	now := time.Unix(1e9, 0)
	return func() time.Time {
		now = now.Add(time.Second)
		return now
	}
}

// TestPullBar shows a pull on a pipe that stands for a terminal, and on none.
func TestPullBar(t *testing.T) {
	for name, c := range map[string]struct {
		steps []models.Progress
		want  []string
	}{
		"size known": {
			[]models.Progress{{Model: "m", File: "m.tflite", Done: 500_000, Total: 1_000_000}},
			[]string{"m.tflite", "50%"},
		},
		"size not known": {
			[]models.Progress{{Model: "m", File: "m.tflite", Done: 250_000, Total: -1}, {Model: "m", File: "m.tflite", Done: 500_000, Total: -1}},
			[]string{"m: m.tflite, 250 kB", "m: m.tflite, 500 kB, 250 kB/s"},
		},
		"two files": {
			[]models.Progress{{Model: "m", File: "m.tflite", Done: 1000, Total: 2000}, {Model: "m", File: "m.txt", Done: 10, Total: 20}},
			[]string{"m.tflite", "m.txt"},
		},
		"waiting": {[]models.Progress{{Model: "m", Note: "waiting for another"}}, []string{"m: waiting for another"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			said := make(chan string, 1)
			go func() {
				out, _ := io.ReadAll(r)
				said <- string(out)
			}()
			bar := pullBar{status: &status{w: w, terminal: w, parts: map[string]string{}}, now: ticking()}
			for _, p := range c.steps {
				bar.show(p)
			}
			bar.clear()
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			out := <-said
			for _, want := range c.want {
				if !strings.Contains(out, want) {
					t.Errorf("%q lacks %q", out, want)
				}
			}
			if last := out[strings.LastIndex(out, "\r")+1:]; strings.Contains(last, "m.t") {
				t.Errorf("left on the terminal: %q", last)
			}

			var plain bytes.Buffer
			none := pullBar{status: newStatus(&plain)}
			for _, p := range c.steps {
				none.show(p)
			}
			if none.clear(); plain.Len() > 0 {
				t.Errorf("without a terminal: %q", plain.String())
			}
		})
	}
}

// TestPullBarFits checks that the line is never wider than the terminal, whatever the file is called.
func TestPullBarFits(t *testing.T) {
	for _, file := range []string{"m.tflite", "mobilenet_v1_1.0_224_quant_embedding_extractor_edgetpu.tflite", strings.Repeat("犬", 60)} {
		for _, total := range []int64{-1, 0, 5_312_345} {
			start := time.Unix(1e9, 0)
			b := pullBar{seen: []bytesAt{{start, 0}, {start.Add(2 * time.Second), 1_234_567}}}
			for _, width := range []int{60, 80, 120} {
				text := b.text(models.Progress{Model: "m", File: file, Done: 1_234_567, Total: total}, width)
				if n := terminal.Columns(text); n >= width {
					t.Errorf("%d columns at width %d: %q", n, width, text)
				}
				if !strings.Contains(text, "617 kB/s") {
					t.Errorf("no rate at width %d: %q", width, text)
				}
			}
		}
	}
}

// TestPullRate checks that the rate is that of bytes that came, not of those that were there: a copy from the disk and
// a download that goes on have no rate until time has passed.
func TestPullRate(t *testing.T) {
	start := time.Unix(1e9, 0)
	at := func(ms int, done int64) bytesAt {
		return bytesAt{start.Add(time.Duration(ms) * time.Millisecond), done}
	}
	for name, c := range map[string]struct {
		seen []bytesAt
		want float64
	}{
		"begins":              {[]bytesAt{at(0, 0)}, 0},
		"all at once":         {[]bytesAt{at(0, 0), at(1, 1<<30)}, 0},
		"goes on at 1 GB":     {[]bytesAt{at(0, 1_000_000_000), at(1000, 1_000_100_000)}, 100_000},
		"nothing comes":       {[]bytesAt{at(0, 500), at(2000, 500)}, 0},
		"begun anew, shorter": {[]bytesAt{at(0, 500), at(2000, 100)}, 0},
	} {
		if got := (&pullBar{seen: c.seen}).rate(); got != c.want {
			t.Errorf("%s: %v bytes a second, want %v", name, got, c.want)
		}
	}
}
