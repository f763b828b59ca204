package sink

import (
	"fmt"
	"math"

	"corallite/pipeline"
)

// detected is a detection's label, with what a second model says of it, and its number where it is followed.
func detected(d pipeline.Detection) string {
	text := name(d.Label, d.Index)
	if d.Track != 0 {
		text = fmt.Sprintf("%s %d", text, d.Track)
	}
	if len(d.Classes) > 0 {
		text += ": " + name(d.Classes[0].Label, d.Classes[0].Index)
	}
	return text
}

// more writes the rows of people, parts of the picture and vectors.
func (t *Table) more(ev *pipeline.Event, add func(label, score, place string)) {
	for _, p := range ev.Poses {
		add("person", score(p.Score), t.layout.boxText(around(p.Keypoints)))
	}
	t.totals.found["person"] += len(ev.Poses)
	if ev.Mask != nil {
		for _, s := range ev.Mask.Segments {
			add(name(s.Label, s.Index), "", t.layout.share(s.Share))
		}
		t.totals.found["segment"] += len(ev.Mask.Segments)
	}
	if len(ev.Embedding) > 0 {
		text := fmt.Sprintf("%d numbers", len(ev.Embedding))
		if t.layout.places != vectors {
			text = "(" + text + ")"
		}
		add(text, "", "")
		t.totals.found["vector"]++
	}
	for _, k := range ev.Keywords {
		add(k.Label, score(k.Score), fmt.Sprintf("%*.2f %*.2f", numberWidth, k.StartS, numberWidth, k.EndS))
	}
	t.totals.found["word"] += len(ev.Keywords)
}

// around is the box around points; all 0 without one.
func around(points []pipeline.Keypoint) [4]float32 {
	if len(points) == 0 {
		return [4]float32{}
	}
	inf := float32(math.Inf(1))
	box := [4]float32{inf, inf, -inf, -inf}
	for _, k := range points {
		box = [4]float32{min(box[0], k.X), min(box[1], k.Y), max(box[2], k.X), max(box[3], k.Y)}
	}
	return box
}
