package mot

import (
	"cmp"
	"maps"
	"slices"

	"corallite/internal/assignment"
)

// Measures say how well tracks follow the annotated objects.
type Measures struct {
	Objects  int // boxes of the annotation
	Boxes    int // boxes that were found
	Matches  int // pairs of the two
	Misses   int // annotated, not found
	False    int // found, not annotated
	Switches int // a match with another number than the object's last match had
	// Fragments is how often an object that was followed was lost and followed again, whatever the number.
	Fragments int

	MOTA float64 // 1 - (Misses + False + Switches) / Objects; at most 1, may be below 0
	IDF1 float64 // 0 to 1: the part of boxes that have the right number, with one number for each object at most

	HOTA, DetA, AssA float64 // 0 to 1: detection and association, and the square root of their product; see hota
}

// Measure compares found tracks with an annotation, in the frames from one to another, both included.
//
// MOTA, switches and fragments are those of CLEAR MOT (Bernardin and Stiefelhagen, "Evaluating Multiple Object Tracking
// Performance", 2008): an object keeps its number while the two overlap by MinIoU; the rest is assigned by overlap, as
// many pairs as possible. IDF1 is that of Ristani et al., "Performance Measures and a Data Set for Multi-Target,
// Multi-Camera Tracking", 2016. Both equal py-motmetrics, and HOTA equals TrackEval; scripts/tracks compares them.
func Measure(truth, found Frames, from, to int) Measures {
	var m Measures
	c := clearMOT{numberOf: map[int]int{}, followed: map[int]bool{}, seen: map[int]bool{}}
	id := identity{pairs: map[[2]int]int{}}
	for n := from; n <= to; n++ {
		m.Objects += len(truth[n])
		m.Boxes += len(found[n])
		c.frame(truth[n], found[n], &m)
		id.frame(truth[n], found[n])
	}
	m.Misses, m.False = m.Objects-m.Matches, m.Boxes-m.Matches
	if m.Objects > 0 {
		m.MOTA = 1 - float64(m.Misses+m.False+m.Switches)/float64(m.Objects)
	}
	if m.Objects+m.Boxes > 0 {
		m.IDF1 = 2 * float64(id.best()) / float64(m.Objects+m.Boxes)
	}
	m.HOTA, m.DetA, m.AssA = hota(truth, found, from, to)
	return m
}

// clearMOT counts matches by CLEAR MOT.
type clearMOT struct {
	numberOf map[int]int  // the number with which an object was last matched
	followed map[int]bool // it was matched when it was last there
	seen     map[int]bool // it was matched once
	solver   assignment.Solver
}

func (c *clearMOT) frame(truth, found []Box, m *Measures) {
	match := make([]int, len(truth)) // the index in found, or -1
	taken := make([]bool, len(found))
	for i, o := range truth {
		match[i] = -1
		n, ok := c.numberOf[o.ID]
		if !ok {
			continue
		}
		for k, b := range found {
			if !taken[k] && b.ID == n {
				if IoU(o, b) >= MinIoU {
					match[i], taken[k] = k, true
				}
				break
			}
		}
	}
	// A weight above all sums of overlaps makes the number of pairs come first.
	most := float64(1 + min(len(truth), len(found)))
	weights := make([]float64, len(truth)*len(found))
	for i, o := range truth {
		for k, b := range found {
			if iou := IoU(o, b); match[i] < 0 && !taken[k] && iou >= MinIoU {
				weights[i*len(found)+k] = most + iou
			}
		}
	}
	rest := make([]int, len(truth))
	c.solver.Solve(len(truth), len(found), weights, rest)
	for i, o := range truth {
		if k := rest[i]; k >= 0 {
			match[i] = k
			if n, ok := c.numberOf[o.ID]; ok && n != found[k].ID {
				m.Switches++
			}
			c.numberOf[o.ID] = found[k].ID
		}
		if match[i] >= 0 {
			m.Matches++
			if c.seen[o.ID] && !c.followed[o.ID] {
				m.Fragments++
			}
			c.seen[o.ID] = true
		}
		c.followed[o.ID] = match[i] >= 0
	}
}

// identity counts in how many frames each object and each number overlap.
type identity struct{ pairs map[[2]int]int }

func (id *identity) frame(truth, found []Box) {
	for _, o := range truth {
		for _, b := range found {
			if IoU(o, b) >= MinIoU {
				id.pairs[[2]int{o.ID, b.ID}]++
			}
		}
	}
}

// best is the number of frames of the best pairs of one object and one number.
func (id *identity) best() int {
	keys := slices.SortedFunc(maps.Keys(id.pairs), func(a, b [2]int) int { return cmp.Or(a[0]-b[0], a[1]-b[1]) })
	rows, cols := map[int]int{}, map[int]int{}
	for _, k := range keys {
		index(rows, k[0])
		index(cols, k[1])
	}
	weights := make([]float64, len(rows)*len(cols))
	for k, n := range id.pairs {
		weights[rows[k[0]]*len(cols)+cols[k[1]]] = float64(n)
	}
	match := make([]int, len(rows))
	new(assignment.Solver).Solve(len(rows), len(cols), weights, match)
	total := 0
	for i, k := range match {
		if k >= 0 {
			total += int(weights[i*len(cols)+k])
		}
	}
	return total
}

// index is the position of an id among those seen so far.
func index(at map[int]int, id int) int {
	i, ok := at[id]
	if !ok {
		i = len(at)
		at[id] = i
	}
	return i
}
