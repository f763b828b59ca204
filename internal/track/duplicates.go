package track

import (
	"time"

	"corallite/internal/overlap"
	"corallite/pipeline"
)

const (
	// coveredDuplicate is the part of the smaller of two boxes that the other covers, from which the two are of one object.
	coveredDuplicate = 0.5
	// minIoUAlso is the overlap from which a duplicate says where the object is; others are of a part of it.
	minIoUAlso = 0.3

	// coveredHidden is the part of the smaller of two objects that the other covers, from which they are at one place. Those
	// that have been for maxHidden are one. People who pass each other part sooner, or the one behind is not found.
	coveredHidden = 0.8
	maxHidden     = 500 * time.Millisecond
)

// duplicate reports whether a candidate that no object got is of one that was found, as detectors often give one person
// two boxes that NMS leaves, or one more around the legs. It starts no object. If it overlaps enough it corrects the
// object's motion, which two boxes tell better than one.
//
// The price is that two people who come into the picture one behind the other count as one until they part.
func (t *Tracker) duplicate(c *candidate) bool {
	for i := range t.objects {
		o := &t.objects[i]
		if !o.found || !t.sameClass(o, c) {
			continue
		}
		if overlap.OfSmaller(o.place, c.box) <= coveredDuplicate {
			continue
		}
		if overlap.IoU(o.place, c.box) > minIoUAlso {
			o.correct(c)
		}
		return true
	}
	return false
}

// hide counts for how long objects have been at the place of an older one. The next Update takes out those that are one.
func (t *Tracker) hide(dt time.Duration) {
	for i := range t.objects {
		if o := &t.objects[i]; o.found && t.withinOlder(i) {
			o.hidden += dt
		} else {
			o.hidden = max(0, o.hidden-dt)
		}
	}
}

// withinOlder reports whether an object is at the place of one of its class that was found more often.
func (t *Tracker) withinOlder(i int) bool {
	o := &t.objects[i]
	for k := range t.objects {
		other := &t.objects[k]
		if k == i || !other.found || other.track.Index != o.track.Index || other.track.Frames < o.track.Frames ||
			other.track.Frames == o.track.Frames && k > i {
			continue
		}
		if overlap.OfSmaller(o.place, other.place) > coveredHidden {
			return true
		}
	}
	return false
}

// smooth gives the detections of objects with a number the box of the Kalman filter, as ByteTrack does: it is nearer to
// the object than a single detection's. It is cut where no detection has been, so that it stays inside the picture.
func (t *Tracker) smooth(detections []pipeline.Detection) {
	for i := range t.objects {
		o := &t.objects[i]
		if !o.found || !o.sure() {
			continue
		}
		if b := o.place.within(&t.extent); !b.empty() {
			for k, v := range b {
				detections[o.at].Box[k] = float32(v)
			}
		}
	}
}
