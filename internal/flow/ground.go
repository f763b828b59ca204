package flow

import (
	"math"
	"slices"
)

// The grid of places at which a Ground looks.
const groundColumns, groundRows = 6, 4

const (
	// groundReach is how far a camera may turn from one picture to the next, as a share of the picture's height, and
	// groundStep the pixels between two places of the search.
	groundReach = 0.1
	groundStep  = 4
	// guesses is at how many places it is looked that far. The others are asked whether they agree, within nearby pixels.
	guesses = 5
	nearby  = 2
	// still is the difference up to which a place has not moved, in steps of brightness.
	still = 3
	// leastPlaces is how many places must have something to find, and leastAgreeing the share of them that must agree; from
	// enough on no other guess is made.
	leastPlaces   = 6
	leastAgreeing = 0.4
	enough        = 0.7
)

// Ground measures how the picture as a whole moves, when the camera turns, shakes or is carried: what most of the places
// of a grid have done. It takes no notice of turns around its axis and of zooms but where they are small.
type Ground struct {
	places        [groundColumns * groundRows]Patch
	width, height int     // of the last picture; 0: there is none
	dx, dy        float64 // the last movement
	xs, ys        []float64
	rich          []*Patch
}

// Next is how far what the last picture showed has moved in this one, in pixels; 0, 0 where that is not known.
func (g *Ground) Next(pic *Picture) (dx, dy float64) {
	if g.width == pic.Width && g.height == pic.Height {
		dx, dy = g.moved(pic)
	}
	g.width, g.height, g.dx, g.dy = pic.Width, pic.Height, dx, dy
	w, h := float64(float64(pic.Width)/groundColumns), float64(float64(pic.Height)/groundRows)
	for i := range g.places {
		x, y := float64(w*float64(i%groundColumns)), float64(h*float64(i/groundColumns))
		g.places[i].Take(pic, [4]float64{x, y, x + w, y + h})
	}
	return dx, dy
}

// Forget drops the last picture.
func (g *Ground) Forget() { g.width, g.dx, g.dy = 0, 0, 0 }

func (g *Ground) moved(pic *Picture) (dx, dy float64) {
	g.rich = g.rich[:0]
	standing := 0
	for i := range g.places {
		p := &g.places[i]
		if p.height == 0 {
			continue
		}
		g.rich = append(g.rich, p)
		s := search{patch: p, pic: pic}
		if s.difference(0, 0, math.MaxInt32) <= still*sumWeights {
			standing++
		}
	}
	if len(g.rich) < leastPlaces || float64(standing) >= leastAgreeing*float64(len(g.rich)) {
		return 0, 0
	}
	if g.dx != 0 || g.dy != 0 { // it may go on as before
		if x, y, share := g.agree(pic, g.dx, g.dy); share >= enough {
			return x, y
		}
	}
	best := leastAgreeing
	slices.SortFunc(g.rich, func(a, b *Patch) int { return int(b.rich - a.rich) })
	for _, p := range g.rich[:min(guesses, len(g.rich))] {
		if x, y, ok := p.find(pic, 0, 0, groundReach*float64(pic.Height), groundStep); ok {
			if x, y, share := g.agree(pic, x, y); share >= best {
				dx, dy, best = x, y, share
			}
		}
		if best >= enough {
			break
		}
	}
	return dx, dy
}

// agree asks all places whether they have moved by about x and y, and returns by how much, in the median, and the share of
// those that have.
func (g *Ground) agree(pic *Picture, x, y float64) (dx, dy, share float64) {
	g.xs, g.ys = g.xs[:0], g.ys[:0]
	for _, p := range g.rich {
		s := search{patch: p, pic: pic}
		u, v, ok := p.find(pic, x, y, nearby, 1)
		if ok && max(math.Abs(u-x), math.Abs(v-y)) < nearby-0.5 && s.difference(int(math.Round(u)), int(math.Round(v)), math.MaxInt32) < p.rich/2 {
			g.xs, g.ys = append(g.xs, u), append(g.ys, v)
		}
	}
	if len(g.xs) == 0 {
		return 0, 0, 0
	}
	return median(g.xs), median(g.ys), float64(len(g.xs)) / float64(len(g.rich))
}

// median sorts the values.
func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
