package classes

import (
	"flag"
	"math"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

var update = flag.Bool("update", false, "write the golden values anew, from scikit-learn")

// made makes samples whose scores add up to 1, some of them equal, and classes that are rare or absent.
func made(seed uint64) *Set {
	r := rand.New(rand.NewPCG(seed, 7))
	k := 3 + r.IntN(6)
	s := &Set{}
	for c := range k {
		s.Classes = append(s.Classes, strconv.Itoa(c))
	}
	for range 20 + r.IntN(150) {
		truth := min(r.IntN(k), r.IntN(k))
		s.Truth = append(s.Truth, truth)
		raw, sum := make([]float32, k), float32(0)
		for c := range raw {
			raw[c] = float32(1 + r.IntN(6))
			if c == truth {
				raw[c] += float32(r.IntN(8))
			}
			sum += raw[c]
		}
		for c := range raw {
			raw[c] /= sum
		}
		s.Scores = append(s.Scores, raw)
	}
	return s
}

// said is what scikit-learn says.
type said struct {
	Top                    []float64
	Precision, Recall, F1  []float64
	Samples                []int
	Confusion              [][]int
	LogLoss                float64 `json:"log_loss"`
	Hinge, Squared         float64
	Macro, Weighted, Micro []float64
	AUC, PAUC, AP          []float64
	BestF1                 []float64 `json:"best_f1"`
}

func TestEqualsScikitLearn(t *testing.T) {
	type file struct {
		Truth  []int       `json:"truth"`
		Scores [][]float32 `json:"scores"`
	}
	var sets []*Set
	var files []file
	for seed := range uint64(25) {
		s := made(seed)
		sets, files = append(sets, s), append(files, file{s.Truth, s.Scores})
	}
	var want []said
	testdata.Golden(t, *update, files, &want)
	for i, s := range sets {
		check(t, i, s, want[i])
	}
}

func check(t *testing.T, i int, s *Set, want said) {
	t.Helper()
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 1e-9 {
			t.Errorf("case %d: %s is %.12f, scikit-learn says %.12f", i, what, got, want)
		}
	}
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	for k, v := range want.Top {
		near("top "+strconv.Itoa(k+1), s.TopK(k+1), v)
	}
	confusion := s.Confusion()
	if !reflect.DeepEqual(confusion, want.Confusion) {
		t.Errorf("case %d: confusion %v, want %v", i, confusion, want.Confusion)
	}
	rates, avg := PerClass(confusion)
	for c, r := range rates {
		near("precision", r.Precision, want.Precision[c])
		near("recall", r.Recall, want.Recall[c])
		near("F1", r.F1, want.F1[c])
		if r.Samples != want.Samples[c] {
			t.Errorf("case %d: %d samples, want %d", i, r.Samples, want.Samples[c])
		}
	}
	for name, of := range map[string]struct {
		got  Rates
		want []float64
	}{"macro": {avg.Macro, want.Macro}, "weighted": {avg.Weighted, want.Weighted}, "micro": {avg.Micro, want.Micro}} {
		near(name+" precision", of.got.Precision, of.want[0])
		near(name+" recall", of.got.Recall, of.want[1])
		near(name+" F1", of.got.F1, of.want[2])
	}
	l := s.Losses()
	near("log loss", l.CrossEntropy, want.LogLoss)
	near("hinge loss", l.Hinge, want.Hinge)
	near("squared error", l.SquaredError, want.Squared)
	for c := range s.Classes {
		b := s.Against(c)
		if want.AUC[c] >= 0 {
			near("AUC", b.AUC(), want.AUC[c])
			near("partial AUC", b.PartialAUC(0.1), want.PAUC[c])
		} else if !math.IsNaN(b.AUC()) {
			t.Errorf("case %d: AUC without samples of both kinds: %v", i, b.AUC())
		}
		if want.AP[c] >= 0 {
			near("average precision", b.AveragePrecision(), want.AP[c])
			near("best F1", b.F1(b.BestF1()), want.BestF1[c])
		}
	}
}

func TestCalibration(t *testing.T) {
	s := &Set{Classes: []string{"a", "b"}}
	for i := range 10 { // of those at 0.75, eight in ten are right; those at 0.95 all
		truth := 0
		if i < 2 {
			truth = 1
		}
		s.Truth = append(s.Truth, truth, 1)
		s.Scores = append(s.Scores, []float32{0.75, 0.25}, []float32{0.05, 0.95})
	}
	bins, e := s.Calibration(10)
	if math.Abs(e-0.05) > 1e-7 {
		t.Errorf("error %v, want 0.05", e)
	}
	if b := bins[7]; b.Samples != 10 || b.Right != 0.8 || math.Abs(b.Score-0.75) > 1e-9 {
		t.Errorf("bin %+v", b)
	}
}

func TestInterval(t *testing.T) { // the values of Wilson's interval for 81 of 263, as in the literature on proportions
	low, high := Interval(81.0/263, 263)
	if math.Abs(low-0.2553) > 5e-5 || math.Abs(high-0.3662) > 5e-5 {
		t.Errorf("%v to %v", low, high)
	}
	if low, high := Interval(1, 10); high != 1 || low < 0.7 || low > 0.73 {
		t.Errorf("%v to %v", low, high)
	}
}

func TestMistakesAndRefusals(t *testing.T) {
	s := &Set{Classes: []string{"a", "b"}, Truth: []int{0, 1, 1}, Scores: [][]float32{{0.4, 0.6}, {0.9, 0.1}, {0.2, 0.8}}}
	if m := s.Mistakes(); len(m) != 2 || m[0].Sample != 1 {
		t.Errorf("%v", m)
	}
	nan := float32(math.NaN())
	for want, s := range map[string]*Set{
		"1 samples have scores": {Classes: []string{"a"}, Scores: [][]float32{{1}}},
		"is of class 3":         {Classes: []string{"a"}, Truth: []int{3}, Scores: [][]float32{{1}}},
		"has 2 scores for 1":    {Classes: []string{"a"}, Truth: []int{0}, Scores: [][]float32{{1, 2}}},
		"score of a in":         {Classes: []string{"a"}, Truth: []int{0}, Scores: [][]float32{{nan}}},
	} {
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
