// Package classes measures classifiers and keyword models: accuracy, precision, recall and F1 by class, confusions, curves,
// calibration, and the losses that such models are trained with.
package classes

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"corallite/internal/eval/binary"
)

// Set is the outcome of a model on samples with known classes.
type Set struct {
	Classes []string
	Truth   []int       // the class of each sample, an index in Classes
	Scores  [][]float32 // [sample][class], the higher the likelier; probabilities for losses and calibration
}

// Check refuses sets that don't fit together, and scores that are no numbers.
func (s *Set) Check() error {
	if len(s.Truth) != len(s.Scores) {
		return fmt.Errorf("%d samples have scores, but %d a class", len(s.Scores), len(s.Truth))
	}
	for i, scores := range s.Scores {
		if s.Truth[i] < 0 || s.Truth[i] >= len(s.Classes) {
			return fmt.Errorf("sample %d is of class %d, there are %d", i+1, s.Truth[i], len(s.Classes))
		}
		if len(scores) != len(s.Classes) {
			return fmt.Errorf("sample %d has %d scores for %d classes", i+1, len(scores), len(s.Classes))
		}
		for c, v := range scores {
			if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
				return fmt.Errorf("the score of %s in sample %d is %v", s.Classes[c], i+1, v)
			}
		}
	}
	return nil
}

// Best is the class with the highest score of a sample, the first of several.
func (s *Set) Best(sample int) int {
	best := 0
	for c, v := range s.Scores[sample] {
		if v > s.Scores[sample][best] {
			best = c
		}
	}
	return best
}

// TopK is the share of samples whose class is among the k with the highest scores; of equal scores the first classes count
// as higher. TopK(1) is the accuracy.
func (s *Set) TopK(k int) float64 {
	right := 0
	for i, scores := range s.Scores {
		above := 0
		for c, v := range scores {
			if v > scores[s.Truth[i]] || v == scores[s.Truth[i]] && c < s.Truth[i] {
				above++
			}
		}
		if above < k {
			right++
		}
	}
	return share(right, len(s.Truth))
}

// Confusion counts samples by [class][class with the highest score].
func (s *Set) Confusion() [][]int {
	m := make([][]int, len(s.Classes))
	for i := range m {
		m[i] = make([]int, len(s.Classes))
	}
	for i, truth := range s.Truth {
		m[truth][s.Best(i)]++
	}
	return m
}

// Rates are of one class, or averages over classes, 0 to 1. Where nothing was found (or is there), the rate is 0.
type Rates struct {
	Precision, Recall, F1 float64
	Samples               int
}

// Averages are the three means of Rates that are in use.
type Averages struct {
	Macro    Rates // each class alike
	Weighted Rates // each class by its number of samples
	Micro    Rates // each sample alike: all three are the accuracy
}

// PerClass gives the rates of each class, and their means over the classes that occur, in truth or as the best.
func PerClass(confusion [][]int) ([]Rates, Averages) {
	rates := make([]Rates, len(confusion))
	var avg Averages
	occur, total, right := 0, 0, 0
	for c, row := range confusion {
		there, found := 0, 0
		for o := range confusion {
			there, found = there+row[o], found+confusion[o][c]
		}
		r := Rates{Precision: share(row[c], found), Recall: share(row[c], there), F1: share(2*row[c], there+found), Samples: there}
		rates[c] = r
		if there+found > 0 {
			occur++
		}
		total, right = total+there, right+row[c]
		avg.Macro.add(r, 1)
		avg.Weighted.add(r, float64(there))
	}
	avg.Macro.divide(float64(occur), total)
	avg.Weighted.divide(float64(total), total)
	a := share(right, total)
	avg.Micro = Rates{a, a, a, total}
	return rates, avg
}

func (r *Rates) add(o Rates, weight float64) {
	r.Precision += float64(weight * o.Precision)
	r.Recall += float64(weight * o.Recall)
	r.F1 += float64(weight * o.F1)
}

func (r *Rates) divide(by float64, samples int) {
	r.Samples = samples
	if by > 0 {
		r.Precision, r.Recall, r.F1 = r.Precision/by, r.Recall/by, r.F1/by
	}
}

// Against gives a class's scores in its own samples, and in all others.
func (s *Set) Against(class int) binary.Scores {
	var b binary.Scores
	for i, scores := range s.Scores {
		if s.Truth[i] == class {
			b.Positive = append(b.Positive, float64(scores[class]))
		} else {
			b.Negative = append(b.Negative, float64(scores[class]))
		}
	}
	return b
}

// Interval is the 95 % confidence interval of a share of n samples (Wilson 1927), which also holds for few samples and
// shares near 0 and 1.
func Interval(share float64, n int) (low, high float64) {
	if n == 0 {
		return 0, 1
	}
	const z = 1.959963984540054 // of the normal distribution at 0.975
	k := float64(n)
	middle := (share + z*z/(2*k)) / (1 + z*z/k)
	half := float64(z / (1 + z*z/k) * math.Sqrt((float64(share*(1-share))+z*z/(4*k))/k))
	return max(0, middle-half), min(1, middle+half)
}

func share(n, of int) float64 {
	if of == 0 {
		return 0
	}
	return float64(n) / float64(of)
}

// Mistake is a sample whose class did not score highest.
type Mistake struct {
	Sample int
	Margin float64 // how much higher the best class scored
}

// Mistakes are the samples whose class is not the best, the clearest first.
func (s *Set) Mistakes() []Mistake {
	var all []Mistake
	for i, truth := range s.Truth {
		if best := s.Best(i); best != truth {
			all = append(all, Mistake{i, float64(s.Scores[i][best] - s.Scores[i][truth])})
		}
	}
	slices.SortStableFunc(all, func(a, b Mistake) int { return cmp.Compare(b.Margin, a.Margin) })
	return all
}
