package track

import (
	"time"

	"corallite/internal/overlap"
	"corallite/pipeline"
)

// minInside is the part of a predicted box that must lie where detections have been: who walks out of the picture is gone.
const minInside = 0.5

// Coasting appends the objects that the last Update did not find to its detections, where they are seen or expected, for
// Options.Coast since they were last found. They are Predicted and have the score of that time.
func (t *Tracker) Coasting(detections []pipeline.Detection) []pipeline.Detection {
	for i := range t.objects {
		o := &t.objects[i]
		if o.found || !o.sure() || t.now-o.seen > t.coast(o) {
			continue
		}
		b := o.expected.within(&t.extent)
		if b.empty() || !(b.area() >= minInside*o.expected.area()) || t.taken(&b) {
			continue
		}
		detections = append(detections, pipeline.Detection{
			Label: o.track.Label, Index: o.track.Index, Score: o.last, Track: o.track.Track, Predicted: true,
			Box: [4]float32{float32(b[0]), float32(b[1]), float32(b[2]), float32(b[3])},
		})
	}
	return detections
}

// taken reports whether an object that was found stands where another one is expected: it hides it, or is it.
func (t *Tracker) taken(b *box) bool {
	for i := range t.objects {
		if o := &t.objects[i]; o.found && o.sure() && overlap.IoU(o.place, *b) > maxTaken {
			return true
		}
	}
	return false
}

// maxTaken is the overlap from which two boxes cannot both be shown.
const maxTaken = 0.5

// usualCoast is how long an object is reported that is seen and not found.
const usualCoast = 300 * time.Millisecond

// coast is for how long an object is reported that is not found.
func (t *Tracker) coast(o *object) time.Duration {
	switch {
	case t.o.Coast != nil:
		return time.Duration(*t.o.Coast * float64(time.Second))
	case o.visible:
		return min(usualCoast, t.o.MaxLost)
	}
	return 0
}
