package mot_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"corallite/internal/mot"
	"corallite/internal/mot/mottest"
)

func TestReadSaysWhatIsWrong(t *testing.T) {
	for text, want := range map[string]string{
		"1,1,0,0,5":                  "line 1 has 5 numbers",
		"1,1,0,0,5,5,1,-1,-1,-1,0":   "line 1 has 11 numbers",
		"\n1,1,0,zero,5,5":           `line 2: "zero" is not a number`,
		"1,1,0,NaN,5,5":              "is not a number",
		"0,1,0,0,5,5":                "the frame from 1",
		"1.5,1,0,0,5,5":              "want whole numbers",
		"1,-2,0,0,5,5":               "want whole numbers",
		"1,1,0,0,5,0":                "no area",
		"1,1,0,0,5,5\n1,1,9,9,5,5,1": "line 2: object 1 is in frame 1 twice",
	} {
		if _, err := mot.Read(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestReadAndWrite(t *testing.T) {
	text := "1,3,10,20.5,30,40,0.25,-1,-1,-1\n1,-1,1,2,3,4,0.5,-1,-1,-1\n1,-1,1,2,3,4,0.5,-1,-1,-1\n12,3,0,0,1,1,1,-1,-1,-1\n"
	frames, err := mot.Read(strings.NewReader(text + "\n12,4,0,0,1,1,0,-1,-1,-1\n")) // one not to be measured
	if err != nil {
		t.Fatal(err)
	}
	if want := (mot.Box{ID: 3, X: 10, Y: 20.5, W: 30, H: 40, Score: 0.25}); len(frames[1]) != 3 || frames[1][0] != want || len(frames[12]) != 1 {
		t.Errorf("%+v", frames)
	}
	var out bytes.Buffer
	if err := mot.Write(&out, frames); err != nil || out.String() != text {
		t.Errorf("%v\n%s", err, &out)
	}
	short, err := mot.Read(strings.NewReader("2, 7, 1, 2, 3, 4"))
	if err != nil || short[2][0].Score != 1 {
		t.Errorf("%v %+v", err, short)
	}
}

// line is an object of 10 × 10 with a number in each of its frames, at x; 0: it is not there.
func line(frames mot.Frames, x float64, numbers ...int) {
	for i, id := range numbers {
		if id != 0 {
			frames[i+1] = append(frames[i+1], mot.Box{ID: id, X: x, W: 10, H: 10})
		}
	}
}

// TestByHand has cases whose measures were counted by hand.
func TestByHand(t *testing.T) {
	for _, c := range []struct {
		name         string
		truth, found func(mot.Frames)
		want         mot.Measures // without HOTA
	}{
		{"all right", func(f mot.Frames) { line(f, 0, 1, 1, 1, 1) }, func(f mot.Frames) { line(f, 0, 7, 7, 7, 7) },
			mot.Measures{Objects: 4, Boxes: 4, Matches: 4, MOTA: 1, IDF1: 1}},
		{"nothing found", func(f mot.Frames) { line(f, 0, 1, 1) }, func(f mot.Frames) {},
			mot.Measures{Objects: 2, Misses: 2}},
		{"nothing there", func(f mot.Frames) {}, func(f mot.Frames) { line(f, 0, 1, 1) },
			mot.Measures{Boxes: 2, False: 2}},
		{"too far off", func(f mot.Frames) { line(f, 0, 1) }, func(f mot.Frames) { line(f, 4, 1) },
			mot.Measures{Objects: 1, Boxes: 1, Misses: 1, False: 1, MOTA: -1}},
		{"a switch, with a gap", func(f mot.Frames) { line(f, 0, 1, 1, 1, 1) }, func(f mot.Frames) { line(f, 0, 7, 0, 8, 8) },
			mot.Measures{Objects: 4, Boxes: 3, Matches: 3, Misses: 1, Switches: 1, Fragments: 1, MOTA: 0.5, IDF1: 4.0 / 7}},
		{"a gap of the object is none of the track", func(f mot.Frames) { line(f, 0, 1, 0, 1) }, func(f mot.Frames) { line(f, 0, 7, 0, 7) },
			mot.Measures{Objects: 2, Boxes: 2, Matches: 2, MOTA: 1, IDF1: 1}},
		{"a number stays although another fits better", func(f mot.Frames) { line(f, 0, 1, 1) },
			func(f mot.Frames) { line(f, 2, 7, 7); line(f, 0, 0, 8) },
			mot.Measures{Objects: 2, Boxes: 3, Matches: 2, False: 1, MOTA: 0.5, IDF1: 0.8}},
		{"two change numbers", func(f mot.Frames) { line(f, 0, 1, 1); line(f, 100, 2, 2) },
			func(f mot.Frames) { line(f, 0, 7, 8); line(f, 100, 8, 7) },
			mot.Measures{Objects: 4, Boxes: 4, Matches: 4, Switches: 2, MOTA: 0.5, IDF1: 0.5}},
		{"as many pairs as possible", func(f mot.Frames) { line(f, 0, 1); line(f, 3, 2) },
			func(f mot.Frames) { line(f, 1, 7); line(f, -2, 8) },
			mot.Measures{Objects: 2, Boxes: 2, Matches: 2, MOTA: 1, IDF1: 1}},
	} {
		truth, found := mot.Frames{}, mot.Frames{}
		c.truth(truth)
		c.found(found)
		got := mot.Measure(truth, found, 1, 10)
		got.HOTA, got.DetA, got.AssA = 0, 0, 0
		if math.Abs(got.MOTA-c.want.MOTA) > 1e-12 || math.Abs(got.IDF1-c.want.IDF1) > 1e-12 {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
		got.MOTA, got.IDF1 = c.want.MOTA, c.want.IDF1
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", c.name, got, c.want)
		}
	}
}

// degraded is what a bad tracker makes of an annotation: boxes that are off or missing, numbers that change, false ones.
func degraded(truth mot.Frames) mot.Frames {
	found := mot.Frames{}
	for n, boxes := range truth {
		for _, b := range boxes {
			if (7*n+13*b.ID)%11 == 0 {
				continue
			}
			b.X += b.W * (float64((31*n+17*b.ID)%61)/100 - 0.3037)
			b.H *= 0.8013 + float64((3*n+5*b.ID)%40)/100
			b.ID = 100*b.ID + n/(35+b.ID)
			if b.ID%3 == 0 {
				b.ID = 100*(1+(b.ID/100)%17) + 90 // shared with another object, one after the other or at once
			}
			if b.ID%100 == 90 && (n/20)%2 == b.ID/100%2 {
				continue
			}
			used := false
			for _, f := range found[n] {
				used = used || f.ID == b.ID
			}
			if !used {
				b.Score = 1
				found[n] = append(found[n], b)
			}
		}
		if n%5 < 2 {
			found[n] = append(found[n], mot.Box{ID: 9999, X: 50, Y: 50, W: 40, H: 80, Score: 1})
		}
	}
	return found
}

// TestAsOthersMeasure has the values of py-motmetrics 1.4.0 and TrackEval 1.3.0 (HOTA and its parts) for the annotation of vtest.avi
// and tracks that were spoilt. scripts/tracks makes the values.
func TestAsOthersMeasure(t *testing.T) {
	truth := mottest.Read(t, "../../internal/track/testdata/vtest/gt.txt")
	found := degraded(truth)
	var text bytes.Buffer
	if err := mot.Write(&text, found); err != nil {
		t.Fatal(err)
	}
	found, err := mot.Read(bytes.NewReader(text.Bytes())) // with the rounding of the text
	if err != nil {
		t.Fatal(err)
	}
	got := mot.Measure(truth, found, 1, 600)
	mottest.Export(t, "spoilt", truth, found, got)
	want := mot.Measures{Objects: 3498, Boxes: 2896, Matches: 2534, Misses: 964, False: 362, Switches: 85, Fragments: 393,
		MOTA: 0.596627, IDF1: 0.232093, HOTA: 0.233975, DetA: 0.464107, AssA: 0.118543}
	for v, w := range map[*float64]float64{&got.MOTA: want.MOTA, &got.IDF1: want.IDF1, &got.HOTA: want.HOTA, &got.DetA: want.DetA,
		&got.AssA: want.AssA} {
		if math.Abs(*v-w) > 1e-6 {
			t.Errorf("%g, want %g", *v, w)
		}
		*v = w
	}
	if got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
}
