package track

import (
	"slices"

	"corallite/pipeline"
)

// Follow is Update on a Stream's results: the PostProcess of a pipeline.Model. It fills r.Ended and drops what Options.Show says.
//
// The time of an item is where it lies in its recording, or else when it was captured; see also Options.Step. Where a
// recording goes back, because it starts again or another file follows, all objects end, in that item's Ended. The
// objects that are followed when a stream ends are in no item: End returns them.
func (t *Tracker) Follow(m pipeline.Meta, r *pipeline.Result) {
	var cut []pipeline.Track
	if m.Position < t.position {
		cut = t.End()
	}
	at := m.Time
	if m.Position > 0 {
		if m.Position < t.position || t.zero.IsZero() {
			t.zero = at.Add(-m.Position)
		}
		at = t.zero.Add(m.Position)
	} else {
		t.zero = at
	}
	t.position = m.Position
	r.Ended = append(cut, t.Update(at, r.Detections)...)
	r.Detections = Keep(r.Detections, t.o.Show)
}

// Keep drops the detections that are not followed and have a score below show. It works in place.
func Keep(detections []pipeline.Detection, show float32) []pipeline.Detection {
	return slices.DeleteFunc(detections, func(d pipeline.Detection) bool { return d.Track == 0 && !(d.Score >= show) })
}
