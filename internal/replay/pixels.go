package replay

// pixels are those of an object or a class: runs through a mask, as pipeline.Segment has them.
type pixels struct {
	width, height int
	box           [4]float32 // the part of the picture that the mask covers
	counts        []int
}

// set has a true for each pixel of the mask that is the thing's. Runs beyond the mask are left out.
func (p *pixels) set() []bool {
	all := make([]bool, p.width*p.height)
	at, inside := 0, false
	for _, n := range p.counts {
		end := min(max(at+n, at), len(all))
		if inside {
			for i := at; i < end; i++ {
				all[i] = true
			}
		}
		at, inside = end, !inside
	}
	return all
}

// overlap is the intersection over union, 0 to 1. The second mask is read at the middles of the first one's pixels: masks of two
// models may have other sizes. Without a pixel in either it is 1.
func (p *pixels) overlap(q *pixels) float64 {
	a, b := p.set(), q.set()
	same := p.width == q.width && p.height == q.height && p.box == q.box
	both, either := 0, 0
	count := func(x, y bool) {
		if x && y {
			both++
		}
		if x || y {
			either++
		}
	}
	if same {
		for i := range a {
			count(a[i], b[i])
		}
	} else {
		for i := range a {
			x, y := p.middle(i)
			at := q.at(x, y)
			count(a[i], at >= 0 && b[at])
		}
	}
	if either == 0 {
		return 1
	}
	return float64(both) / float64(either)
}

// middle is the middle of a pixel in the picture.
func (p *pixels) middle(i int) (x, y float64) {
	w, h := float64(p.box[2]-p.box[0]), float64(p.box[3]-p.box[1])
	x = float64(p.box[0]) + float64(w*(float64(i%p.width)+0.5))/float64(p.width)
	y = float64(p.box[1]) + float64(h*(float64(i/p.width)+0.5))/float64(p.height)
	return x, y
}

// at is the pixel that has a point of the picture; -1: the mask does not cover it.
func (p *pixels) at(x, y float64) int {
	u := (x - float64(p.box[0])) / float64(p.box[2]-p.box[0])
	v := (y - float64(p.box[1])) / float64(p.box[3]-p.box[1])
	if !(u >= 0 && u < 1 && v >= 0 && v < 1) {
		return -1
	}
	return int(v*float64(p.height))*p.width + int(u*float64(p.width))
}
