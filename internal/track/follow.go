package track

import (
	"slices"

	"corallite/pipeline"
)

// Follow is Update on a Stream's results, for the PostProcess of a pipeline.Model. It fills r.Ended and drops what Options.Show says.
//
// The time of an item is its position in the recording, or otherwise its capture time; see also Options.Step. When the
// position goes back, because the recording restarts or another file follows, all tracks end, in that item's Ended.
// Tracks that are active when a stream ends are in no item: End returns them.
func (t *Tracker) Follow(m pipeline.Meta, r *pipeline.Result) {
	var ended []pipeline.Track
	at, cut := t.clock.At(&m)
	if cut {
		ended = t.End()
	}
	r.Ended = append(ended, t.Update(at, r.Detections)...)
	r.Detections = t.Coasting(Keep(r.Detections, t.o.Show))
}

// Keep drops untracked detections with a score below show. It works in place.
func Keep(detections []pipeline.Detection, show float32) []pipeline.Detection {
	return slices.DeleteFunc(detections, func(d pipeline.Detection) bool { return d.Track == 0 && !(d.Score >= show) })
}
