package main

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"corallite/models"
)

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
			[]string{"m: m.tflite, 250 kB", "m: m.tflite, 500 kB"},
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
			bar := pullBar{status: &status{w: w, terminal: w, parts: map[string]string{}}}
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
