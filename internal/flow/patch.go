package flow

import "math"

// The points of a box that are compared: columns and rows of a grid over the part of it where a person's body and most of
// a car is. Legs swing, and at the edges is what is behind.
const (
	columns, rows = 6, 12
	across        = 0.7 // of the width, around the middle
	top, bottom   = 0.02, 0.65
)

// weights are those of the columns, sin² from one side to the other.
var weights = [columns]int32{1, 8, 15, 15, 8, 1}

const sumWeights = rows * (1 + 8 + 15 + 15 + 8 + 1)

// Limits, in steps of brightness of 256, on average over the points.
const (
	leastContrast = 3  // below, nothing can be found again: a wall, the sky
	mostDifferent = 30 // above, what was found is something else
)

// reach is how far a box may have moved from where it is looked for, as a share of its height.
const reach = 0.12

// leastWidth and leastHeight are in pixels; smaller boxes have too little in them.
const leastWidth, leastHeight = 6, 12

// Patch is what a box showed in a picture. The zero Patch showed nothing.
type Patch struct {
	value  [rows][columns]uint8
	rich   int32       // its contrast
	x, y   [rows]int32 // of the columns and of the rows, in pixels
	height float64     // of the box; 0: there is nothing to find
	step   int         // of the coarse search, in pixels
}

// Take remembers what a box (xmin, ymin, xmax, ymax in pixels) shows. What lies outside of the picture is left out.
func (p *Patch) Take(pic *Picture, box [4]float64) {
	p.height = 0
	w, h := box[2]-box[0], box[3]-box[1]
	if !(w >= leastWidth && h >= leastHeight) {
		return
	}
	side := float64(w * (1 - across) / 2)
	x0, x1 := max(box[0]+side, 0), min(box[2]-side, float64(pic.Width))
	y0, y1 := max(box[1]+float64(h*top), 0), min(box[1]+float64(h*bottom), float64(pic.Height))
	if !(x1-x0 >= w/4 && y1-y0 >= h/4) {
		return
	}
	sx, sy := float64((x1-x0)/columns), float64((y1-y0)/rows)
	for i := range columns {
		p.x[i] = int32(x0 + float64(sx*(float64(i)+0.5)))
	}
	sum := int32(0)
	for j := range rows {
		p.y[j] = int32(y0 + float64(sy*(float64(j)+0.5)))
		line := pic.Pix[int(p.y[j])*pic.Stride:]
		for i := range columns {
			v := line[int(p.x[i])*pic.Step]
			p.value[j][i] = v
			sum += weights[i] * int32(v)
		}
	}
	mean, contrast := sum/sumWeights, int32(0)
	for j := range rows {
		for i := range columns {
			contrast += weights[i] * abs(int32(p.value[j][i])-mean)
		}
	}
	if contrast < leastContrast*sumWeights {
		return
	}
	p.height, p.rich, p.step = h, contrast, max(1, int(math.Round(min(sx, sy))))
}

// Find looks for what the box showed in another picture of the same size, around where it would have moved by x and y, and
// returns how far it has moved, in pixels. It fails where nothing like it is near.
func (p *Patch) Find(pic *Picture, x, y float64) (dx, dy float64, ok bool) {
	if p.height == 0 || !(math.Abs(x) < float64(pic.Width) && math.Abs(y) < float64(pic.Height)) {
		return 0, 0, false
	}
	return p.find(pic, x, y, reach*p.height, p.step)
}

// find looks as far as within, in pixels, at first in steps.
func (p *Patch) find(pic *Picture, x, y, within float64, step int) (dx, dy float64, ok bool) {
	s := search{patch: p, pic: pic, best: math.MaxInt32}
	cx, cy := int(math.Round(x)), int(math.Round(y))
	n := int(math.Ceil(within / float64(step)))
	s.try(cx, cy)                      // first, because a good one lets the others be given up early
	for j := -(n / 2); j <= n/2; j++ { // people and cars move across a picture more than up and down
		for i := -n; i <= n; i++ {
			s.try(cx+i*step, cy+j*step)
		}
	}
	for step > 1 {
		step = (step + 1) / 2
		cx, cy := s.x, s.y
		for j := -1; j <= 1; j++ {
			for i := -1; i <= 1; i++ {
				if i != 0 || j != 0 {
					s.try(cx+i*step, cy+j*step)
				}
			}
		}
	}
	if s.best > mostDifferent*sumWeights {
		return 0, 0, false
	}
	at := func(x, y int) float64 { return float64(s.difference(x, y, math.MaxInt32)) }
	least := at(s.x, s.y)
	dx = float64(s.x) + lowest(at(s.x-1, s.y), least, at(s.x+1, s.y))
	dy = float64(s.y) + lowest(at(s.x, s.y-1), least, at(s.x, s.y+1))
	return dx, dy, true
}

// lowest is where between -0.5 and 0.5 a parabola through its values at -1, 0 and 1 is lowest.
func lowest(before, at, after float64) float64 {
	bend := before + after - 2*at
	if !(bend > 0) {
		return 0
	}
	return min(max((before-after)/(2*bend), -0.5), 0.5)
}

// search is the state of one Find.
type search struct {
	patch *Patch
	pic   *Picture
	best  int32
	x, y  int
}

func (s *search) try(x, y int) {
	if d := s.difference(x, y, s.best); d < s.best {
		s.best, s.x, s.y = d, x, y
	}
}

// difference is the sum of absolute differences with the patch moved by x and y. It stops once it is above a limit.
// Outside of the picture its edge goes on.
func (s *search) difference(x, y int, limit int32) int32 {
	var at [columns]int
	for i := range columns {
		at[i] = min(max(int(s.patch.x[i])+x, 0), s.pic.Width-1) * s.pic.Step
	}
	sum := int32(0)
	for _, j := range order {
		line := s.pic.Pix[min(max(int(s.patch.y[j])+y, 0), s.pic.Height-1)*s.pic.Stride:]
		v := &s.patch.value[j]
		// The loop over the columns, with their weights.
		sum += abs(int32(v[0])-int32(line[at[0]])) + abs(int32(v[5])-int32(line[at[5]])) +
			8*(abs(int32(v[1])-int32(line[at[1]]))+abs(int32(v[4])-int32(line[at[4]]))) +
			15*(abs(int32(v[2])-int32(line[at[2]]))+abs(int32(v[3])-int32(line[at[3]])))
		if sum >= limit {
			return sum
		}
	}
	return sum
}

// order is that of the rows: those in the middle first, which differ most.
var order = [rows]int{5, 2, 8, 11, 0, 6, 3, 9, 1, 7, 4, 10}

func abs(x int32) int32 { return max(x, -x) }
