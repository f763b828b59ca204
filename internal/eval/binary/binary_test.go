package binary

import (
	"math"
	"testing"
)

func TestRates(t *testing.T) {
	s := Scores{Positive: []float64{0.9, 0.8, 0.8, 0.3}, Negative: []float64{0.8, 0.4, 0.2, 0.1, 0}}
	if got := len(s.Points()); got != 8 { // +Inf and seven different scores
		t.Errorf("%d points", got)
	}
	if p := s.BestF1(); p.Threshold != 0.3 || p.True != 4 || p.False != 2 {
		t.Errorf("best F1 at %+v", p)
	}
	if p := s.AtFalse(0); p.Threshold != 0.9 || p.True != 1 {
		t.Errorf("without a false one: %+v", p)
	}
	if p := s.AtFalse(0.2); p.Threshold != 0.8 || p.True != 3 {
		t.Errorf("with one in five: %+v", p)
	}
	// Misses fall from 3/4 to 1/4 while false ones rise from 0 to 1/5, to 2/5 at the next: they meet on that line.
	if got := s.EqualError(); math.Abs(got-0.25) > 1e-12 {
		t.Errorf("equal error %v", got)
	}
	if got := (Scores{Positive: []float64{3, 5}, Negative: []float64{0, 2}}).DPrime(); math.Abs(got-3/math.Sqrt2) > 1e-12 {
		t.Errorf("d' %v", got)
	}
	for _, v := range []float64{(Scores{}).AUC(), (Scores{}).AveragePrecision(), (Scores{}).EqualError(), (Scores{}).DPrime()} {
		if !math.IsNaN(v) {
			t.Errorf("of nothing: %v", v)
		}
	}
	if (Scores{Positive: []float64{math.NaN()}}).Check() == nil || s.Check() != nil {
		t.Error("Check")
	}
}
