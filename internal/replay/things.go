package replay

import (
	"fmt"
	"math"
	"slices"

	"corallite/pipeline"
)

// thing is one thing of an event, as far as it is compared.
type thing struct {
	label  string
	score  float64
	box    *[4]float64
	points [][2]float64 // key points, corners of a turned box: always the same ones in the same order
	pixels *pixels
	class  string   // the best class of a secondary classifier
	zones  []string // that it is in, and lines that it crossed
	vector pipeline.Vector
}

// group are the things of one kind.
type group struct {
	things []thing
	ranked bool
}

func (t *thing) state() *State {
	return &State{Label: t.label, Score: t.score, Box: t.box, Zones: t.zones}
}

// countsKey is what zones and lines have counted, of which JSON does not say that its kind is Gone.
const countsKey = "counts"

// things are what an event has, by the fields of its JSON; without what was heard, and without ended tracks and counts, which
// follow from the detections.
func things(e *pipeline.Event) map[string]group {
	if e == nil {
		return nil
	}
	all := map[string]group{}
	for f := range e.Findings() {
		kind := f.Kind()
		if kind.Gone || kind.Timed || kind.Key == countsKey {
			continue
		}
		g := group{ranked: kind.Ranked}
		boxes := len(kind.Columns) == 4 && kind.Columns[0] == pipeline.BoxColumns()[0]
		for i := range f.Len() {
			g.things = append(g.things, thingOf(f, i, boxes))
		}
		all[kind.Key] = g
	}
	return all
}

// thingOf is thing i of a finding.
func thingOf(f pipeline.Finding, i int, boxes bool) thing {
	from := f.Thing(i)
	t := thing{label: labelOf(from), score: float64(from.Score), zones: slices.Clone(from.Zones)}
	for _, c := range from.Crossed {
		t.zones = append(t.zones, c.Line+" "+c.Direction)
	}
	if len(from.Classes) > 0 {
		t.class = from.Classes[0].Label
	}
	if boxes {
		t.box = &from.Values
	}
	if from.Rotated != nil {
		for _, p := range from.Rotated.Corners() {
			t.points = append(t.points, [2]float64{float64(p[0]), float64(p[1])})
		}
	}
	var points []pipeline.Keypoint
	switch f := f.(type) {
	case *pipeline.Detections:
		points = (*f)[i].Keypoints
		if m := (*f)[i].Mask; m != nil {
			t.pixels = &pixels{m.Width, m.Height, m.Box, m.Counts}
		}
	case *pipeline.Poses:
		points = (*f)[i].Keypoints
	case *pipeline.Mask:
		t.pixels = &pixels{f.Width, f.Height, f.Box, f.Segments[i].Counts}
	case *pipeline.Vector:
		t.vector, t.score = *f, 1
	case *pipeline.Unread: // of a task that nobody here knows
		if t.label == "" {
			t.label = string(f.JSON)
		}
	}
	for _, p := range points {
		t.points = append(t.points, [2]float64{float64(p.X), float64(p.Y)})
	}
	return t
}

// labelOf is what a thing is called.
func labelOf(t pipeline.Thing) string {
	if t.Label == "" && t.Index != pipeline.NoIndex {
		return fmt.Sprintf("class %d", t.Index)
	}
	return t.Label
}

// overlap is the intersection over union of two boxes, 0 to 1. The same box twice overlaps fully, also without an area.
func overlap(a, b [4]float64) float64 {
	if a == b {
		return 1
	}
	w, h := min(a[2], b[2])-max(a[0], b[0]), min(a[3], b[3])-max(a[1], b[1])
	if !(w > 0 && h > 0) {
		return 0
	}
	both := float64(w * h)
	return both / (float64((a[2]-a[0])*(a[3]-a[1])) + float64((b[2]-b[0])*(b[3]-b[1])) - both)
}

// nearness is how well two things lie upon each other, 0 to 1: the least of the overlaps of their boxes and pixels, and, for
// points, 1 less twice the longest way of a point, as a share of the diagonal of the first thing's box.
func nearness(a, b *thing) float64 {
	near := 1.0
	if a.box != nil && b.box != nil {
		near = overlap(*a.box, *b.box)
	}
	switch {
	case (a.pixels == nil) != (b.pixels == nil), len(a.points) != len(b.points):
		return 0 // another kind of model
	case a.pixels != nil:
		near = min(near, a.pixels.overlap(b.pixels))
	}
	if len(a.points) > 0 && a.box != nil {
		diagonal, longest := math.Hypot(a.box[2]-a.box[0], a.box[3]-a.box[1]), 0.0
		for i, p := range a.points {
			longest = max(longest, math.Hypot(p[0]-b.points[i][0], p[1]-b.points[i][1]))
		}
		if longest > 0 {
			near = min(near, max(0, 1-float64(2*longest/diagonal)))
		}
	}
	return near
}

// cosine is the cosine of the angle between two vectors; 0 when they have other lengths.
func cosine(a, b pipeline.Vector) float64 {
	if len(a) != len(b) {
		return 0
	}
	var ab, aa, bb float64
	for i := range a {
		x, y := float64(a[i]), float64(b[i])
		ab += float64(x * y)
		aa += float64(x * x)
		bb += float64(y * y)
	}
	if aa == 0 || bb == 0 {
		if aa == bb {
			return 1
		}
		return 0
	}
	return ab / math.Sqrt(float64(aa*bb))
}
