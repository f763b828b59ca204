package classes

import "math"

// Losses are means over the samples of what training minimizes, on the model's output as it is.
type Losses struct {
	// CrossEntropy is -ln p of the sample's class, p kept within [ε, 1-ε], ε = 2⁻²³, as scikit-learn's log_loss does with
	// float32. NaN unless scores are from 0 to 1.
	CrossEntropy float64
	// SquaredError is (score - 1 for the sample's class, - 0 for others)², the mean also over the classes, as in Keras'
	// MeanSquaredError. The Brier score is this times the number of classes.
	SquaredError float64
	// Hinge is max(0, 1 + highest score of another class - the own score) (Crammer and Singer 2001), as scikit-learn's
	// hinge_loss gives for several classes.
	Hinge float64
}

// Losses gives the losses of a set.
func (s *Set) Losses() Losses {
	var l Losses
	const epsilon = 1.0 / (1 << 23)
	for i, scores := range s.Scores {
		truth, other := s.Truth[i], math.Inf(-1)
		squares := 0.0
		for c, v := range scores {
			x := float64(v)
			if c == truth {
				l.CrossEntropy -= math.Log(min(max(x, epsilon), 1-epsilon))
				x--
			} else {
				other = max(other, x)
			}
			if v < 0 || v > 1 {
				l.CrossEntropy = math.NaN()
			}
			squares += float64(x * x)
		}
		l.SquaredError += squares / float64(len(scores))
		l.Hinge += max(0, 1+other-float64(scores[truth]))
	}
	n := float64(len(s.Truth))
	return Losses{l.CrossEntropy / n, l.SquaredError / n, l.Hinge / n}
}

// Bin is the samples whose best score lies in a range.
type Bin struct {
	From, To float64
	Samples  int
	Score    float64 // the mean of the best scores
	Right    float64 // the share of samples whose best class is right
}

// Calibration sorts the samples by their best score into bins of equal width from 0 to 1, and gives the expected
// calibration error (Naeini et al. 2015): the mean over the samples of how far Score is from Right in their bin.
func (s *Set) Calibration(bins int) ([]Bin, float64) {
	all := make([]Bin, bins)
	for b := range all {
		all[b].From, all[b].To = float64(b)/float64(bins), float64(b+1)/float64(bins)
	}
	for i, truth := range s.Truth {
		best := s.Best(i)
		score := float64(s.Scores[i][best])
		b := &all[min(max(int(math.Ceil(float64(score*float64(bins))))-1, 0), bins-1)] // the upper edge belongs to the bin
		b.Samples++
		b.Score += score
		if best == truth {
			b.Right++
		}
	}
	e := 0.0
	for i := range all {
		if b := &all[i]; b.Samples > 0 {
			b.Score, b.Right = b.Score/float64(b.Samples), b.Right/float64(b.Samples)
			e += math.Abs(b.Score-b.Right) * float64(b.Samples) / float64(len(s.Truth))
		}
	}
	return all, e
}
