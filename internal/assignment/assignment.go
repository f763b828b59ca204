// Package assignment pairs rows with columns so that the sum of the pairs' weights is maximal.
package assignment

import (
	"math"
	"slices"
)

// Solver finds assignments. It keeps its memory from one to the next. The zero value is ready.
type Solver struct {
	rowPrice, colPrice []float64 // dual variables
	slack              []float64 // cost of the cheapest path to a column so far
	row                []int     // the row assigned to a column; -1: none
	before             []int     // the previous column on the cheapest path; -1: the start
	done               []bool
}

// Solve pairs rows with columns, each at most once, so that the sum of the pairs' weights is maximal. weights has rows
// × cols numbers ≥ 0, row by row; a pair of weight 0 is not assigned. match gets the column of each row, or -1. The
// same weights give the same pairs.
//
// It is the Hungarian method with shortest augmenting paths (Jonker and Volgenant, "A Shortest Augmenting Path
// Algorithm for Dense and Sparse Linear Assignment Problems", Computing 38, 1987, without its heuristic start), in
// O(rows² · max(rows, cols)) on the costs -weight.
func (s *Solver) Solve(rows, cols int, weights []float64, match []int) {
	all := max(rows, cols) // columns beyond cols have weight 0: for unassigned rows
	s.reset(rows, all)
	for i := range rows {
		if none(weights[i*cols : (i+1)*cols]) {
			continue
		}
		s.augment(i, cols, all, weights)
	}
	for i := range match[:rows] {
		match[i] = -1
	}
	for j, i := range s.row[:cols] {
		if i >= 0 && weights[i*cols+j] > 0 {
			match[i] = j
		}
	}
}

func none(weights []float64) bool {
	for _, w := range weights {
		if w > 0 {
			return false
		}
	}
	return true
}

func (s *Solver) reset(rows, all int) {
	s.rowPrice = Zeroed(s.rowPrice, rows)
	s.colPrice = Zeroed(s.colPrice, all)
	s.slack = Zeroed(s.slack, all)
	s.row = Zeroed(s.row, all)
	s.before = Zeroed(s.before, all)
	s.done = Zeroed(s.done, all)
	for j := range s.row {
		s.row[j] = -1
	}
}

// Zeroed is a slice of n zeros, reusing the memory of s if it is large enough.
func Zeroed[E any](s []E, n int) []E {
	s = slices.Grow(s[:0], n)[:n]
	clear(s)
	return s
}

// augment assigns a column to row start, and reassigns other rows if that lowers the total cost.
func (s *Solver) augment(start, cols, all int, weights []float64) {
	clear(s.done)
	for j := range s.slack {
		s.slack[j] = math.Inf(1)
	}
	i, at := start, -1
	for {
		next, step := -1, math.Inf(1)
		for j := range all {
			if s.done[j] {
				continue
			}
			cost := -s.rowPrice[i] - s.colPrice[j]
			if j < cols {
				cost -= weights[i*cols+j]
			}
			if cost < s.slack[j] {
				s.slack[j], s.before[j] = cost, at
			}
			if s.slack[j] < step {
				next, step = j, s.slack[j]
			}
		}
		s.rowPrice[start] += step
		for j := range all {
			if s.done[j] {
				s.rowPrice[s.row[j]] += step
				s.colPrice[j] -= step
			} else {
				s.slack[j] -= step
			}
		}
		s.done[next] = true
		at = next
		if s.row[at] < 0 {
			break
		}
		i = s.row[at]
	}
	for at >= 0 { // each column of the path goes to the row of the previous one
		b := s.before[at]
		if b < 0 {
			s.row[at] = start
		} else {
			s.row[at] = s.row[b]
		}
		at = b
	}
}
