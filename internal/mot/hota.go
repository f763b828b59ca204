package mot

import (
	"math"

	"corallite/internal/assignment"
)

// hotaSteps is the number of thresholds of overlap over which HOTA is averaged: 0.05, 0.10, … 0.95.
const hotaSteps = 19

// hota is HOTA with its two parts (Luiten et al., "HOTA: A Higher Order Metric for Evaluating Multi-Object Tracking",
// IJCV 2021): for each threshold of overlap, DetA is the Jaccard index of the boxes, AssA the mean over all pairs of
// boxes of the Jaccard index of their two tracks, and HOTA the square root of their product. Boxes are paired so that
// pairs of tracks that overlap well throughout come first, as in the authors' program.
func hota(truth, found Frames, from, to int) (score, det, ass float64) {
	objects, numbers := map[int]int{}, map[int]int{}
	var objectFrames, numberFrames []float64
	count := func(at map[int]int, frames *[]float64, id int) {
		if i := index(at, id); i < len(*frames) {
			(*frames)[i]++
		} else {
			*frames = append(*frames, 1)
		}
	}
	for n := from; n <= to; n++ {
		for _, o := range truth[n] {
			count(objects, &objectFrames, o.ID)
		}
		for _, b := range found[n] {
			count(numbers, &numberFrames, b.ID)
		}
	}
	cols := len(numbers)
	if len(objects) == 0 || cols == 0 {
		return 0, 0, 0
	}

	// How well each pair of tracks fits as a whole: overlaps, each as a part of all overlaps of the two boxes.
	fits := make([]float64, len(objects)*cols)
	for n := from; n <= to; n++ {
		overlaps, ofObject, ofNumber := overlaps(truth[n], found[n])
		for i, o := range truth[n] {
			for k, b := range found[n] {
				s := overlaps[i*len(found[n])+k]
				if all := ofObject[i] + ofNumber[k] - s; s > 0 {
					fits[objects[o.ID]*cols+numbers[b.ID]] += s / all
				}
			}
		}
	}
	for i := range objectFrames {
		for k := range numberFrames {
			f := &fits[i*cols+k]
			*f /= objectFrames[i] + numberFrames[k] - *f
		}
	}

	var pairs [hotaSteps]float64
	together := make([][hotaSteps]float64, len(fits)) // pairs of boxes by pair of tracks
	var solver assignment.Solver
	boxes := 0.0 // of both
	for n := from; n <= to; n++ {
		rows, columns := truth[n], found[n]
		boxes += float64(len(rows) + len(columns))
		overlaps, _, _ := overlaps(rows, columns)
		weights := make([]float64, len(overlaps))
		for i, o := range rows {
			for k, b := range columns {
				weights[i*len(columns)+k] = float64(fits[objects[o.ID]*cols+numbers[b.ID]] * overlaps[i*len(columns)+k])
			}
		}
		match := make([]int, len(rows))
		solver.Solve(len(rows), len(columns), weights, match)
		for i, k := range match {
			if k < 0 {
				continue
			}
			at := objects[rows[i].ID]*cols + numbers[columns[k].ID]
			for step := range hotaSteps {
				if overlaps[i*len(columns)+k] >= 0.05+float64(0.05*float64(step))-1e-15 {
					pairs[step]++
					together[at][step]++
				}
			}
		}
	}

	for step := range hotaSteps {
		d := pairs[step] / (boxes - pairs[step])
		a := 0.0
		for i := range objectFrames {
			for k := range numberFrames {
				if t := together[i*cols+k][step]; t > 0 {
					a += float64(t * t / (objectFrames[i] + numberFrames[k] - t))
				}
			}
		}
		a /= max(1, pairs[step])
		det += d / hotaSteps
		ass += a / hotaSteps
		score += math.Sqrt(float64(d*a)) / hotaSteps
	}
	return score, det, ass
}

// overlaps are the IoU of all pairs, and their sums.
func overlaps(truth, found []Box) (all, ofTruth, ofFound []float64) {
	all = make([]float64, len(truth)*len(found))
	ofTruth, ofFound = make([]float64, len(truth)), make([]float64, len(found))
	for i, o := range truth {
		for k, b := range found {
			s := IoU(o, b)
			all[i*len(found)+k] = s
			ofTruth[i] += s
			ofFound[k] += s
		}
	}
	return all, ofTruth, ofFound
}
