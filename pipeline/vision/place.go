package vision

import (
	"errors"
	"math"

	"corallite/pipeline"
)

// errNoPlacement is a Decode without the Placement that Prepare gave.
var errNoPlacement = errors.New("vision: Decode needs the Placement that Prepare returned")

// point is a place in the model's input, in pixels of it, as a place in the source picture.
func point(p pipeline.Placement, x, y float64) (float64, float64) {
	return float64(p.OffsetX) + float64(x*float64(p.ScaleX)), float64(p.OffsetY) + float64(y*float64(p.ScaleY))
}

// clipped is a box in the model's input, in pixels of it (xmin, ymin, xmax, ymax), as a box in the source picture,
// cut off at the picture's edges. false: nothing of it is in the picture, or it is no box.
func clipped(p pipeline.Placement, box [4]float64) ([4]float32, bool) {
	x0, y0 := point(p, box[0], box[1])
	x1, y1 := point(p, box[2], box[3])
	w, h := float64(p.Width), float64(p.Height)
	x0, y0, x1, y1 = math.Max(x0, 0), math.Max(y0, 0), math.Min(x1, w), math.Min(y1, h)
	if !(x0 < x1 && y0 < y1) { // also when one is not a number
		return [4]float32{}, false
	}
	return [4]float32{float32(x0), float32(y0), float32(x1), float32(y1)}, true
}
