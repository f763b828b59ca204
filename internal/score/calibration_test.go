package score

import (
	"math"
	"strings"
	"testing"
)

func TestCalibration(t *testing.T) {
	for _, c := range []struct {
		transformation int
		g              func(float64) float64
	}{{0, func(x float64) float64 { return x }}, {1, math.Log}, {2, func(x float64) float64 { return math.Log(x / (1 - x)) }}} {
		k, err := ParseCalibration("0.9,2,-1\n\n1,3,0.5,0.4\n", c.transformation, 0.25, 4)
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(Options{Calibration: k})
		if err != nil {
			t.Fatal(err)
		}
		got, err := s.Scores([]float32{0.5, 0.75, 0.25, 0.5}, make([]float32, 4))
		want := []float64{0.9 / (1 + math.Exp(-(2*c.g(0.5) - 1))), 0.25, 0.25, 0.25} // not known, below the least, not known
		if err != nil || len(got) != 4 {
			t.Fatal(got, err)
		}
		for i := range want {
			if math.Abs(float64(got[i])-want[i]) > 1e-6 {
				t.Errorf("transformation %d, class %d: %v (want %v)", c.transformation, i, got[i], want[i])
			}
		}
		got, err = s.Scores([]float32{0, 1, 0.5, 0}, make([]float32, 4))
		if err != nil || math.Abs(float64(got[2])-1/(1+math.Exp(-(3*c.g(0.5)+0.5)))) > 1e-6 || got[0] != got[0] {
			t.Errorf("%v %v", got, err)
		}
	}
}

func TestWrongCalibration(t *testing.T) {
	for text, want := range map[string]string{
		"1,2\n":            "line 1: want scale, slope, offset",
		"1,2,3,4,5\n":      "line 1: want scale",
		"1,2,x\n":          "line 1: want scale",
		"1,2,NaN\n":        "line 1: want scale",
		"-1,2,3\n":         "the scale is -1",
		"1,2,3\n\n1,2,3\n": "3 lines for 2 classes",
	} {
		if _, err := ParseCalibration(text, 0, 0, 2); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v (want %q)", text, err, want)
		}
	}
	if _, err := ParseCalibration("", 3, 0, 1); err == nil {
		t.Error("no error")
	}
	if _, err := ParseCalibration("", 0, float32(math.NaN()), 1); err == nil {
		t.Error("no error")
	}
}
