package draw

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/image/font/gofont/gobold"
)

func TestLabelsAreWrittenWhatever(t *testing.T) {
	p := newPainter(t, Options{})
	for label, want := range map[string]string{
		"person":               "person",
		"Müller":               "Müller",
		"Mu\u0308ller":         "Müller", // decomposed
		"Γειά σου, кошка":      "Γειά σου, кошка",
		"顔":                    "Yan",
		"人の顔":                  "Ren noYan",
		"ế":                    "e",
		" two\t\n words ":      "two words",
		"\x1b[31m":             "[31m",
		"bad \xff bytes":       "bad  bytes",
		"café – naïve … 25 °C": "café – naïve … 25 °C",
		"\u200b":               "",
		"":                     "",
		"smile \U0001F600":     "smile",
	} {
		got := strings.ReplaceAll(string(p.texts.label(label)), "\uFFFD", "")
		if got != want {
			t.Errorf("%q: %q; want %q", label, got, want)
		}
	}
}

func TestLabelsWithoutLettersAreNumbered(t *testing.T) {
	p := newPainter(t, Options{})
	for label, want := range map[string]string{"": "#7", "\U0001F600": "#7", "cat": "cat"} {
		if got := string(p.texts.appendName(nil, label, 7)); got != want {
			t.Errorf("%q: %q; want %q", label, got, want)
		}
	}
}

func TestOwnFontFillsGaps(t *testing.T) {
	path := filepath.Join(t.TempDir(), "own.ttf")
	if err := os.WriteFile(path, gobold.TTF, 0o666); err != nil {
		t.Fatal(err)
	}
	p := newPainter(t, Options{Font: path})
	if len(p.fonts.list) != 2 {
		t.Fatalf("%d fonts; want 2", len(p.fonts.list))
	}
	own := &fonts{list: p.fonts.list[1:]}
	// The built-in font goes first; with the own one alone, letters come from that.
	if p.fonts.find('a') != 0 || own.find('a') != 0 || p.fonts.find('顔') != -1 {
		t.Errorf("a is in font %d, and %d; 顔 in %d", p.fonts.find('a'), own.find('a'), p.fonts.find('顔'))
	}
	swapped := &fonts{list: p.fonts.list[1:], faces: map[int]*face{}}
	bold, err1 := swapped.face(40)
	medium, err2 := p.fonts.face(40)
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	if b, m := bold.measure([]rune("person")), medium.measure([]rune("person")); b == m {
		t.Errorf("both fonts are %g wide: the file's font is not used", b)
	}
}

func TestShorten(t *testing.T) {
	p := newPainter(t, Options{})
	f, err := p.fonts.face(20)
	if err != nil {
		t.Fatal(err)
	}
	whole := f.measure([]rune("traffic light"))
	if got := string(f.shorten([]rune("traffic light"), whole)); got != "traffic light" {
		t.Errorf("what fits became %q", got)
	}
	short := f.shorten([]rune("traffic light"), f.measure([]rune("traffic l…")))
	if string(short) != "traffic l…" {
		t.Errorf("got %q", string(short))
	}
	if got := string(f.shorten([]rune("traffic light"), f.measure([]rune("traffic …")))); got != "traffic…" {
		t.Errorf("got %q; want no blank before the dots", got)
	}
	if got := f.shorten([]rune("traffic light"), 1); len(got) != 0 {
		t.Errorf("in one pixel: %q", string(got))
	}
}

func TestPercent(t *testing.T) {
	for score, want := range map[float32]string{0.814: "81%", 0: "0%", 1: "100%", 7: "100%", -1: "0%", 0.996: "100%"} {
		if got := string(appendPercent(nil, score)); got != want {
			t.Errorf("%g: %s; want %s", score, got, want)
		}
	}
}

func TestTextIsReadable(t *testing.T) {
	for _, c := range palette {
		l := luminance(c)
		contrast := (l + 0.05) / 0.05
		if textColour(c) == white {
			contrast = 1.05 / (l + 0.05)
		}
		if contrast < 4.5 { // WCAG 2.1, level AA
			t.Errorf("text on %v has a contrast of %.1f", c, contrast)
		}
	}
}

func TestColours(t *testing.T) {
	owner := map[colour]string{}
	for _, l := range strings.Fields("person face car dog cat bicycle bus truck bird motorcycle chair bottle") {
		c := labelColour(l)
		if o, taken := owner[c]; taken {
			t.Errorf("%s and %s have the same colour", o, l)
		}
		owner[c] = l
	}
	// The colour of a label never changes: people learn it, and pictures of different days are compared.
	if got := labelColour("person"); got != (colour{0xff, 0x9f, 0x0a}) {
		t.Errorf("person is now %v", got)
	}
}

func TestFacesAreBounded(t *testing.T) {
	p := newPainter(t, Options{})
	for size := 10; size < 60; size++ {
		if _, err := p.fonts.face(size); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(p.fonts.faces); n > maxFaces {
		t.Errorf("%d sizes are kept", n)
	}
}

func TestLettersAreDrawn(t *testing.T) {
	p := newPainter(t, Options{})
	f, err := p.fonts.face(40)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range "aMжé…" {
		pg := page(60, 60)
		f.draw(pg, 5, 45, []rune{r}, white)
		ink := 0
		for _, v := range pg.pix {
			if v != background {
				ink++
			}
		}
		if ink == 0 {
			t.Errorf("%c leaves no trace", r)
		}
	}
}
