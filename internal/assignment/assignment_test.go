package assignment

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// bestSum tries every assignment.
func bestSum(rows, cols int, weights []float64, row int, taken uint) float64 {
	if row == rows {
		return 0
	}
	best := bestSum(rows, cols, weights, row+1, taken)
	for j := range cols {
		if w := weights[row*cols+j]; w > 0 && taken&(1<<j) == 0 {
			best = max(best, w+bestSum(rows, cols, weights, row+1, taken|1<<j))
		}
	}
	return best
}

// sum checks that a match is one and returns what it is worth.
func sum(t *testing.T, rows, cols int, weights []float64, match []int) float64 {
	t.Helper()
	total, taken := 0.0, map[int]bool{}
	for i, j := range match {
		if j < 0 {
			continue
		}
		if j >= cols || taken[j] || weights[i*cols+j] <= 0 {
			t.Fatalf("row %d got column %d of %d, taken %v, of weight %g", i, j, cols, taken[j], weights[i*cols+j])
		}
		taken[j] = true
		total += weights[i*cols+j]
	}
	if len(match) != rows {
		t.Fatalf("%d rows have %d answers", rows, len(match))
	}
	return total
}

// TestSolveAgainstAllAssignments includes sparse weights and equal ones.
func TestSolveAgainstAllAssignments(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	var s Solver // one for all: what it keeps must not matter
	for n := range 4000 {
		rows, cols := 1+rng.IntN(6), 1+rng.IntN(6)
		weights := make([]float64, rows*cols)
		density, steps := rng.Float64(), []float64{2, 4, 1 << 30}[rng.IntN(3)]
		for i := range weights {
			if rng.Float64() < density {
				weights[i] = math.Ceil(rng.Float64()*steps) / steps
			}
		}
		match := make([]int, rows)
		s.Solve(rows, cols, weights, match)
		got, want := sum(t, rows, cols, weights, match), bestSum(rows, cols, weights, 0, 0)
		if math.Abs(got-want) > 1e-12 {
			t.Fatalf("case %d, %d×%d: %g, want %g: %v of %v", n, rows, cols, got, want, match, weights)
		}
		again := make([]int, rows)
		(&Solver{}).Solve(rows, cols, weights, again)
		if !slices.Equal(match, again) {
			t.Fatalf("case %d: %v, and with new memory %v", n, match, again)
		}
	}
}

// TestSolveLarge hides a best assignment, a permutation of 1 among weights of at most 0.999.
func TestSolveLarge(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 2))
	for _, c := range [][2]int{{200, 200}, {200, 300}, {300, 200}} {
		rows, cols := c[0], c[1]
		weights := make([]float64, rows*cols)
		for i := range weights {
			weights[i] = 0.999 * rng.Float64()
		}
		n := min(rows, cols)
		i, j := rng.Perm(rows), rng.Perm(cols)
		for k := range n {
			weights[i[k]*cols+j[k]] = 1
		}
		match := make([]int, rows)
		new(Solver).Solve(rows, cols, weights, match)
		if got := sum(t, rows, cols, weights, match); math.Abs(got-float64(n)) > 1e-9 {
			t.Errorf("%d×%d: %g, want %d", rows, cols, got, n)
		}
	}
}
