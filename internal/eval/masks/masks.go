// Package masks measures segmentation: how far the areas of classes agree, and their edges.
package masks

import (
	"fmt"
	"math"
)

// Ignored is the value of pixels that count for nothing in a true mask, as in PASCAL VOC and Cityscapes.
const Ignored = 255

// Mask is the class of each pixel, row by row.
type Mask struct {
	Width, Height int
	Pixels        []uint8
}

// Counter counts pixels over pictures.
type Counter struct {
	classes   int
	confusion [][]int // [true class][found class]
	edges     []edge  // by class
}

// edge sums shares over the pictures that have the class.
type edge struct {
	precision, recall float64
	pictures          int
}

// NewCounter makes a counter of a number of classes, at most 255.
func NewCounter(classes int) *Counter {
	c := &Counter{classes: classes, edges: make([]edge, classes), confusion: make([][]int, classes)}
	for i := range c.confusion {
		c.confusion[i] = make([]int, classes)
	}
	return c
}

// Add counts a picture. Both masks must have the same size, and no class beyond the counter's, but for Ignored in truth.
func (c *Counter) Add(truth, found Mask) error {
	if truth.Width != found.Width || truth.Height != found.Height {
		return fmt.Errorf("the true mask is %d x %d, the one found %d x %d", truth.Width, truth.Height, found.Width, found.Height)
	}
	if n := truth.Width * truth.Height; len(truth.Pixels) != n || len(found.Pixels) != n {
		return fmt.Errorf("masks of %d x %d have %d and %d pixels", truth.Width, truth.Height, len(truth.Pixels), len(found.Pixels))
	}
	for i, t := range truth.Pixels {
		f := found.Pixels[i]
		switch {
		case int(f) >= c.classes:
			return fmt.Errorf("the mask found has class %d, there are %d", f, c.classes)
		case t == Ignored:
			continue
		case int(t) >= c.classes:
			return fmt.Errorf("the true mask has class %d, there are %d (and %d for what is not counted)", t, c.classes, Ignored)
		}
		c.confusion[t][f]++
	}
	c.addEdges(truth, found)
	return nil
}

// IoU is the intersection over union of a class's pixels in all pictures, 0 to 1; NaN: it is nowhere.
func (c *Counter) IoU(class int) float64 {
	common, all := c.confusion[class][class], -c.confusion[class][class]
	for o := range c.classes {
		all += c.confusion[class][o] + c.confusion[o][class]
	}
	if all == 0 {
		return math.NaN()
	}
	return float64(common) / float64(all)
}

// MeanIoU is the mean over the classes that occur, in truth or found.
func (c *Counter) MeanIoU() float64 { return mean(c.classes, c.IoU) }

// Accuracy is the share of pixels whose class is right.
func (c *Counter) Accuracy() float64 {
	right, all := 0, 0
	for t, row := range c.confusion {
		for f, n := range row {
			all += n
			if t == f {
				right += n
			}
		}
	}
	return float64(right) / float64(all)
}

// Confusion counts pixels by [true class][found class].
func (c *Counter) Confusion() [][]int { return c.confusion }

// BoundaryF is the harmonic mean of the shares of a class's edge pixels, found and true, that lie within 0.75 % of the
// picture's diagonal of an edge of the other (Csurka et al. 2013), averaged over the pictures that have the class in
// truth or found; NaN: none has.
func (c *Counter) BoundaryF(class int) float64 {
	e := c.edges[class]
	if e.pictures == 0 {
		return math.NaN()
	}
	p, r := e.precision/float64(e.pictures), e.recall/float64(e.pictures)
	if p+r == 0 {
		return 0
	}
	return 2 * p * r / (p + r)
}

// MeanBoundaryF is the mean over the classes that occur.
func (c *Counter) MeanBoundaryF() float64 { return mean(c.classes, c.BoundaryF) }

func mean(classes int, of func(int) float64) float64 {
	sum, n := 0.0, 0
	for k := range classes {
		if v := of(k); !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / float64(n)
}

// addEdges compares the edges of each class in a picture. What is ignored has none.
func (c *Counter) addEdges(truth, found Mask) {
	clean := Mask{found.Width, found.Height, make([]uint8, len(found.Pixels))}
	var there, seen [256]bool
	for i, t := range truth.Pixels {
		clean.Pixels[i] = found.Pixels[i]
		if t == Ignored {
			clean.Pixels[i] = Ignored
		}
		there[t], seen[clean.Pixels[i]] = true, true
	}
	far := 0.0075 * math.Hypot(float64(truth.Width), float64(truth.Height))
	for k := range c.classes {
		if !there[k] && !seen[k] {
			continue
		}
		a, b := border(truth, uint8(k)), border(clean, uint8(k))
		e := &c.edges[k]
		e.pictures++
		e.precision += near(b, a, truth.Width, truth.Height, far)
		e.recall += near(a, b, truth.Width, truth.Height, far)
	}
}

// border marks the pixels of a class beside one of another, to the right, left, above or below.
func border(m Mask, class uint8) []bool {
	edge := make([]bool, len(m.Pixels))
	for y := range m.Height {
		for x := range m.Width {
			i := y*m.Width + x
			if m.Pixels[i] != class {
				continue
			}
			other := func(j int) bool { return m.Pixels[j] != class && m.Pixels[j] != Ignored }
			edge[i] = x > 0 && other(i-1) || x+1 < m.Width && other(i+1) || y > 0 && other(i-m.Width) || y+1 < m.Height && other(i+m.Width)
		}
	}
	return edge
}

// near is the share of the marked pixels that lie at most far from one marked in other; 1 when neither marks any.
func near(marked, other []bool, width, height int, far float64) float64 {
	d := squaredDistance(other, width, height)
	n, close := 0, 0
	for i, m := range marked {
		if m {
			n++
			if d[i] <= float64(far*far) {
				close++
			}
		}
	}
	if n == 0 {
		for _, m := range other {
			if m {
				return 0
			}
		}
		return 1
	}
	return float64(close) / float64(n)
}

// squaredDistance gives each pixel's squared distance to the nearest marked one, exactly: columns first, then the lower
// envelope of parabolas in each row (Felzenszwalb and Huttenlocher 2012).
func squaredDistance(marked []bool, width, height int) []float64 {
	const never = 1e18
	d := make([]float64, len(marked))
	for x := range width {
		gap := math.Inf(1)
		for y := range height {
			if gap++; marked[y*width+x] {
				gap = 0
			}
			d[y*width+x] = gap
		}
		gap = math.Inf(1)
		for y := height - 1; y >= 0; y-- {
			gap = min(gap+1, d[y*width+x])
			d[y*width+x] = min(float64(gap*gap), never)
		}
	}
	at, from, row := make([]int, width), make([]float64, width+1), make([]float64, width)
	for y := range height {
		copy(row, d[y*width:(y+1)*width])
		k := 0
		at[0], from[0], from[1] = 0, math.Inf(-1), math.Inf(1)
		for x := 1; x < width; x++ {
			cross := func(v int) float64 {
				return (row[x] + float64(x*x) - row[v] - float64(v*v)) / float64(2*x-2*v)
			}
			s := cross(at[k])
			for k > 0 && s <= from[k] {
				k--
				s = cross(at[k])
			}
			k++
			at[k], from[k], from[k+1] = x, s, math.Inf(1)
		}
		k = 0
		for x := range width {
			for from[k+1] < float64(x) {
				k++
			}
			v := x - at[k]
			d[y*width+x] = min(row[at[k]]+float64(v*v), never)
		}
	}
	return d
}
