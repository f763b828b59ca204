package zone

import (
	"math"

	"corallite/pipeline"
)

// Lower scales the scores that are below the threshold of their label, where that is above high, the tracker's, so that
// they are below high as well: then they help to follow an object and start none. Raise undoes it.
func (r *Selector) Lower(detections []pipeline.Detection, high float32) {
	below := math.Nextafter32(high, 0)
	for i := range detections {
		d := &detections[i]
		if t := float32(r.threshold(d.Label)); t > high && d.Score < t {
			d.Score = min(d.Score/t*high, below)
		}
	}
}

// Raise gives back the scores that Lower has scaled.
func (r *Selector) Raise(detections []pipeline.Detection, high float32) {
	for i := range detections {
		d := &detections[i]
		if t := float32(r.threshold(d.Label)); t > high && d.Score < high {
			d.Score = d.Score / high * t
		}
	}
}
