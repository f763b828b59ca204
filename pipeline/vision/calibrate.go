package vision

import (
	"context"
	"errors"
	"math"
	"slices"
)

// Calibration says how well an embedding model tells the labels of a gallery apart, and which score threshold to use
// it with. The scores are cosine similarities, −1 to 1.
type Calibration struct {
	Pictures int `json:"pictures"`
	Labels   int `json:"labels"`
	// Within has the similarity of each picture to the nearest other picture of its own label. Pictures that are alone
	// with their label have none.
	Within Distribution `json:"within"`
	// Between has the similarity of each picture to the nearest picture of any other label: what a stranger scores.
	Between Distribution `json:"between"`
	// ScoreThreshold, 0 to 1, is where the sum of the shares of Missed and Strangers is least.
	ScoreThreshold float64 `json:"score_threshold"`
	// Missed counts the pictures of Within below the threshold: they would get no name.
	Missed Share `json:"missed"`
	// Strangers counts the pictures of Between at or above the threshold: they would get another label's name, were
	// there no pictures of their own.
	Strangers Share `json:"strangers"`
}

// Distribution sums up a set of similarities.
type Distribution struct {
	Count  int     `json:"count"`
	Min    float64 `json:"min"`
	Median float64 `json:"median"`
	Max    float64 `json:"max"`
}

// Share is a part of a whole.
type Share struct {
	Count int     `json:"count"`
	Of    int     `json:"of"`
	Share float64 `json:"share"` // Count / Of, 0 to 1
}

// Calibrate compares each picture of the gallery with all others. It needs at least two labels, and a label with at
// least two pictures. The time it takes grows with the square of the number of pictures.
func (g *Gallery) Calibrate(ctx context.Context) (*Calibration, error) {
	counts := make([]int, len(g.labels))
	for _, label := range g.of {
		counts[label]++
	}
	switch {
	case len(g.labels) < 2:
		return nil, errors.New("all pictures have the same label; calibrating compares at least two labels, so add pictures of something else")
	case slices.Max(counts) < 2:
		return nil, errors.New("no label has two pictures; calibrating compares pictures of the same label, so add a second picture of at least one")
	}
	own, other := slices.Repeat([]float32{-1}, len(g.of)), slices.Repeat([]float32{-1}, len(g.of))
	for i := range g.of {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		for k := range i {
			nearest := other
			if g.of[i] == g.of[k] {
				nearest = own
			}
			s := similarity(g.vector(i), g.vector(k))
			nearest[i], nearest[k] = max(nearest[i], s), max(nearest[k], s)
		}
	}
	within := make([]float32, 0, len(own))
	for i, s := range own {
		if counts[g.of[i]] > 1 {
			within = append(within, s)
		}
	}
	slices.Sort(within)
	slices.Sort(other)
	t := bestThreshold(within, other)
	missed, accepted := split(within, t), len(other)-split(other, t)
	return &Calibration{
		Pictures: len(g.of), Labels: len(g.labels),
		Within: distribution(within), Between: distribution(other), ScoreThreshold: t,
		Missed: share(missed, len(within)), Strangers: share(accepted, len(other)),
	}, nil
}

func distribution(sorted []float32) Distribution {
	n := len(sorted)
	return Distribution{
		Count: n, Min: float64(sorted[0]), Max: float64(sorted[n-1]),
		Median: (float64(sorted[(n-1)/2]) + float64(sorted[n/2])) / 2,
	}
}

func share(count, of int) Share {
	return Share{Count: count, Of: of, Share: float64(count) / float64(of)}
}

// split is how many of the sorted values are below t.
func split(sorted []float32, t float64) int {
	at, _ := slices.BinarySearchFunc(sorted, t, func(v float32, t float64) int {
		if float64(v) < t {
			return -1
		}
		return 1
	})
	return at
}

// bestThreshold is the threshold from 0 to 1 with the least sum of the share of within below it and that of between not
// below it: the middle of the widest gap between neighbouring values that has this least sum, of several the highest.
// Both are sorted and not empty.
func bestThreshold(within, between []float32) float64 {
	edges := []float64{0, 1}
	for _, v := range slices.Concat(within, between) {
		edges = append(edges, min(max(float64(v), 0), 1))
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	bestCost, bestWidth, low, high := math.MaxInt, 0.0, 0.0, 1.0
	for i, to := range edges[1:] {
		from := edges[i]
		// The sum of the shares, times both lengths: whole numbers compare exactly. All thresholds above from, up to
		// and with to, have the same.
		cost := split(within, to)*len(between) + (len(between)-split(between, to))*len(within)
		if width := to - from; cost < bestCost || cost == bestCost && width >= bestWidth {
			bestCost, bestWidth, low, high = cost, width, from, to
		}
	}
	return rounded(low, high)
}

// rounded is the middle of a gap, rounded to as few decimals as keep it in the gap, at least two.
func rounded(low, high float64) float64 {
	middle := low + float64((high-low)/2)
	for scale := 100.0; scale < 1e9; scale *= 10 {
		if r := math.Round(float64(middle*scale)) / scale; low < r && r <= high {
			return r
		}
	}
	return middle
}
