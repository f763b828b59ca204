package draw

import (
	"cmp"
	"slices"

	"corallite/pipeline"
)

// layers is the pipeline.Canvas of a Painter: it collects what is to be drawn, so that it can be drawn in the order in
// which it covers each other. Its memory is used again for the next picture.
type layers struct {
	width, height float32
	hide          Parts

	outlines  []pipeline.Outline
	boxes     []box
	skeletons []skeleton
	masks     []*pipeline.Mask
	legend    []legendRow

	model  string // whose findings come now
	lines  int    // of the legend that are the model's
	models int    // that have lines
}

// skeleton is a person, or whatever else has limbs.
type skeleton struct {
	points []pipeline.Keypoint
	limbs  []pipeline.Limb
}

// collect takes what the findings of all events draw.
func (l *layers) collect(c *canvas, hide Parts, events []pipeline.Event) {
	l.width, l.height, l.hide = float32(c.width), float32(c.height), hide
	l.boxes, l.skeletons, l.masks, l.legend = l.boxes[:0], l.skeletons[:0], l.masks[:0], l.legend[:0]
	l.outlines, l.models = l.outlines[:0], 0
	for i := range events {
		l.model, l.lines = events[i].Model, 0
		drawOn(l, &events[i])
	}
	// The least certain first, so that the most certain are on top.
	slices.SortStableFunc(l.boxes, func(a, b box) int { return cmp.Compare(a.thing.Score, b.thing.Score) })
	if l.models == 1 {
		l.legend = slices.Delete(l.legend, 0, 1) // the only heading
	}
}

// drawOn has all findings of an event that can be drawn do so.
func drawOn(c pipeline.Canvas, ev *pipeline.Event) {
	for f := range ev.Findings() {
		if d, ok := f.(pipeline.Drawable); ok {
			d.Draw(c)
		}
	}
}

// Box leaves out boxes that are not finite or outside the picture.
func (l *layers) Box(b [4]float32, t pipeline.Thing, points []pipeline.Keypoint) {
	r := rect{x0: b[0], y0: b[1], x1: b[2], y1: b[3]}
	if !finite(b[:]) || r.x1 < 0 || r.y1 < 0 || r.x0 > l.width || r.y0 > l.height {
		return
	}
	if o := t.Rotated; o != nil && !finite([]float32{o.X, o.Y, o.Width, o.Height, o.Angle}) {
		t.Rotated = nil
	}
	l.boxes = append(l.boxes, box{t, points, r, labelColour(t.Label)})
}

func (l *layers) Skeleton(points []pipeline.Keypoint, limbs []pipeline.Limb) {
	l.skeletons = append(l.skeletons, skeleton{points, limbs})
}

func (l *layers) Mask(m *pipeline.Mask) {
	if l.hide&Masks != 0 {
		return
	}
	l.masks = append(l.masks, m)
	for i := range m.Segments {
		if s := &m.Segments[i]; !s.Background() && s.Share >= leastShare {
			l.Legend(m.Thing(i))
		}
	}
}

// Legend takes the first lines of each model.
func (l *layers) Legend(t pipeline.Thing) {
	if l.lines == maxClasses {
		return
	}
	if l.lines == 0 {
		l.models++
		l.legend = append(l.legend, legendRow{name: l.model, heading: true})
	}
	l.lines++
	l.legend = append(l.legend, legendRow{name: t.Label, index: t.Index, score: t.Score})
}

// PartsOf is what an event draws.
func PartsOf(ev *pipeline.Event) Parts {
	var found partsFinder
	drawOn(&found, ev)
	return found.parts
}

// partsFinder is a canvas that only notes what is drawn on it.
type partsFinder struct{ parts Parts }

func (f *partsFinder) Box(_ [4]float32, _ pipeline.Thing, points []pipeline.Keypoint) {
	f.parts |= Boxes | Labels
	if len(points) > 0 {
		f.parts |= Skeletons
	}
}

func (f *partsFinder) Skeleton([]pipeline.Keypoint, []pipeline.Limb) { f.parts |= Skeletons }
func (f *partsFinder) Mask(*pipeline.Mask)                           { f.parts |= Masks | Labels }
func (f *partsFinder) Legend(pipeline.Thing)                         { f.parts |= Labels }
