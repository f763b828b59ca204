package vision

import (
	"cmp"
	"slices"

	"corallite/internal/overlap"
)

// candidate is a box that a model gave, with any coordinates that all candidates share.
type candidate struct {
	box    [4]float32 // xmin, ymin, xmax, ymax
	score  float32
	class  int
	source int          // which of the model's boxes: orders candidates of equal score
	points [][2]float32 // key points, x and y
}

// Suppression is how boxes that show the same object are merged.
type Suppression int

const (
	// KeepBest keeps the box with the highest score and drops what overlaps it.
	KeepBest Suppression = iota
	// Weighted gives the box and key points that are the mean of all that overlap the best one, each weighted by its
	// score, with the best one's score (MediaPipe's NonMaxSuppressionCalculator, algorithm WEIGHTED).
	Weighted
	// KeepBestOfAll is KeepBest also of boxes of different classes (NonMaxSuppressionCalculator unless it is told otherwise).
	KeepBestOfAll
)

// byScore orders candidates best first; of equal scores the one that the model gave first comes first.
func byScore(a, b candidate) int {
	return cmp.Or(cmp.Compare(b.score, a.score), cmp.Compare(a.source, b.source))
}

// sorted orders candidates, best first.
func sorted(found []candidate) []candidate {
	slices.SortFunc(found, byScore)
	return found
}

// suppress applies non-maximum suppression to boxes that overlap by more than limit (intersection over union).
// Classes do not suppress each other, but with KeepBestOfAll. It sorts and overwrites found, returns a part of it, best first, and compares each box with
// each that was kept: with a score threshold that lets thousands through it takes milliseconds.
func suppress(found []candidate, limit float32, how Suppression) []candidate {
	found = sorted(found)
	if how == Weighted {
		return weighted(found, limit)
	}
	kept := found[:0]
	for _, c := range found {
		if !slices.ContainsFunc(kept, func(k candidate) bool {
			return (k.class == c.class || how == KeepBestOfAll) && overlap.IoU(k.box, c.box) > limit
		}) {
			kept = append(kept, c)
		}
	}
	return kept
}

// weighted is suppress with Weighted, on candidates that are sorted.
func weighted(found []candidate, limit float32) []candidate {
	kept := 0
	for left := found; len(left) > 0; kept++ {
		best := left[0]
		sum, total := accumulate(nil, best), best.score
		rest := left[1:1] // over the places that were read
		for _, c := range left[1:] {
			if c.class == best.class && overlap.IoU(c.box, best.box) > limit {
				sum = accumulate(sum, c)
				total += c.score
			} else {
				rest = append(rest, c)
			}
		}
		if total > 0 {
			for i := range best.box {
				best.box[i] = sum[i] / total
			}
			for i := range best.points {
				best.points[i] = [2]float32{sum[4+2*i] / total, sum[5+2*i] / total}
			}
		}
		found[kept] = best // where the best one of left was
		left = rest
	}
	return found[:kept]
}

// accumulate adds a candidate's coordinates, weighted by its score.
func accumulate(sum []float32, c candidate) []float32 {
	if sum == nil {
		sum = make([]float32, 4+2*len(c.points))
	}
	for i, v := range c.box {
		sum[i] += float32(v * c.score)
	}
	for i, p := range c.points {
		sum[4+2*i] += float32(p[0] * c.score)
		sum[5+2*i] += float32(p[1] * c.score)
	}
	return sum
}
