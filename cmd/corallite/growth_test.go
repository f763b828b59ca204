package main

import (
	"fmt"
	"math"

	"slices"
	"testing"
	"time"
)

// growth is how one of the things that a run takes went during a soak.
type growth struct {
	what               string
	first, worst, last int
	risen              float64 // by how much the line through the samples rises from the first to the last, in the thing's unit
	spare              int     // for what is there in one moment and not in another
	counted            bool    // it is counted one by one, so that no single sample may be above the first by more than spare
}

func (g growth) String() string {
	return fmt.Sprintf("%s: %d, at most %d, at last %d; the line through them rises by %.1f", g.what, g.first, g.worst, g.last, g.risen)
}

// tooMuch judges in whole units: a line through samples that are all alike rises or falls by a rounding error.
func (g growth) tooMuch() bool {
	return math.Round(g.risen) > float64(g.spare) || g.counted && g.worst > g.first+g.spare
}

// growths measures all that a run takes; memory is how many KiB it may grow by.
func growths(samples []sample, memory int) []growth {
	all := []struct {
		growth
		of func(sample) int
	}{
		{growth{what: "goroutines", spare: 2, counted: true}, func(s sample) int { return s.goroutines }},
		{growth{what: "files", spare: 2, counted: true}, func(s sample) int { return s.files }},
		{growth{what: "processes", counted: true}, func(s sample) int { return s.processes }},
		{growth{what: "mappings", spare: 60, counted: true}, func(s sample) int { return s.parts }},
		{growth{what: "KiB", spare: memory}, func(s sample) int { return s.kib }},
		{growth{what: "KiB of Go's heap", spare: memory}, func(s sample) int { return s.heap }},
	}
	first, last := samples[0], samples[len(samples)-1]
	var found []growth
	for _, a := range all {
		g := a.growth
		g.first, g.last = a.of(first), a.of(last)
		g.worst = a.of(slices.MaxFunc(samples, func(x, y sample) int { return a.of(x) - a.of(y) }))
		g.risen = slope(samples, a.of) * (last.at - first.at).Seconds()
		found = append(found, g)
	}
	return found
}

// slope is by how much a second what of gives grows, by least squares.
func slope(samples []sample, of func(sample) int) float64 {
	var n, sx, sy, sxx, sxy float64
	for _, s := range samples {
		x, y := s.at.Seconds(), float64(of(s))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+y, sxx+x*x, sxy+x*y
	}
	return (n*sxy - sx*sy) / (n*sxx - sx*sx)
}

// TestGrowths tries the judge of the soaks on samples whose verdict is known.
func TestGrowths(t *testing.T) {
	series := func(processes ...int) (all []sample) {
		for i, n := range processes {
			// Moments as a soak has them: no two of them the same time apart.
			at := time.Duration(i)*1876543210 + time.Duration(i*i)*1234567
			all = append(all, sample{at: at, processes: n, kib: 40_000 + 100*n})
		}
		return all
	}
	for _, c := range []struct {
		name    string
		samples []sample
		want    []string
	}{
		{"all alike, many lengths", nil, nil},
		{"one process too many for a moment", series(3, 3, 4, 3, 3, 3), []string{"processes"}},
		{"one stays", series(3, 3, 3, 4, 4, 4), []string{"processes"}},
		{"it falls", series(4, 4, 3, 3, 3, 3), nil},
		{"memory grows by more than it may", series(3, 13, 23, 33, 43, 53), []string{"processes", "KiB"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			tries := [][]sample{c.samples}
			if c.samples == nil {
				tries = nil
				for n := 4; n < 200; n++ {
					for _, p := range []int{1, 3, 7} {
						tries = append(tries, series(slices.Repeat([]int{p}, n)...))
					}
				}
			}
			for _, samples := range tries {
				var got []string
				for _, g := range growths(samples, 1024) {
					if g.tooMuch() {
						got = append(got, g.what)
					}
				}
				if !slices.Equal(got, c.want) {
					t.Errorf("%d samples: %v grow, want %v", len(samples), got, c.want)
				}
			}
		})
	}
}
