package vision

import (
	"math"

	"corallite/pipeline"
)

// detections makes detections of candidates, with what the head gives of each.
func (y *YOLO) detections(found []candidate, v yoloValues, p pipeline.Placement) ([]pipeline.Detection, error) {
	if y.opts.Head == YOLORotated {
		for i := range found {
			found[i].box = y.turnedAt(v, found[i].source).around(float32(y.width), float32(y.height))
		}
	}
	return y.classes.detections(found, float64(y.width), float64(y.height), p, nil, func(d *pipeline.Detection, f candidate) {
		switch {
		case y.opts.Head == YOLORotated:
			d.Rotated = y.turnedAt(v, f.source).placed(p)
		case y.opts.Head == YOLOPose:
			d.Keypoints = y.keypointsAt(v, f.source, p)
		case y.masks.factors > 0:
			d.Mask = y.maskOf(v, f, p)
		}
	})
}

// keypointsAt are the key points of box i, in the source picture, without those that are no numbers.
func (y *YOLO) keypointsAt(v yoloValues, i int, p pipeline.Placement) []pipeline.Keypoint {
	points := make([]pipeline.Keypoint, 0, len(y.points.names))
	unitX, unitY := float64(y.width), float64(y.height)
	if y.opts.Pixels {
		unitX, unitY = 1, 1
	}
	for k, name := range y.points.names {
		at := func(of int) float32 { return y.coords.at(v.coords, y.boxes, i, y.extra+k*y.points.values+of) }
		px, py := point(p, float64(at(0))*unitX, float64(at(1))*unitY)
		point := pipeline.Keypoint{Label: name, X: float32(px), Y: float32(py)}
		if y.points.values > 2 {
			point.Score = at(2)
		}
		if finite(point.X) && finite(point.Y) && finite(point.Score) {
			points = append(points, point)
		}
	}
	return points
}

// turned is a box in pixels of the input, turned about its middle.
type turned struct{ x, y, w, h, angle float64 }

func (y *YOLO) turnedAt(v yoloValues, i int) turned {
	unitX, unitY := float64(y.width), float64(y.height)
	if y.opts.Pixels {
		unitX, unitY = 1, 1
	}
	at := func(k int) float64 { return float64(y.coords.at(v.coords, y.boxes, i, k)) }
	return turned{at(0) * unitX, at(1) * unitY, at(2) * unitX, at(3) * unitY, at(y.extra)}
}

// around is the box around it, 0 to 1 of an input of width × height.
func (t turned) around(width, height float32) [4]float32 {
	r := pipeline.Rotated{X: float32(t.x), Y: float32(t.y), Width: float32(t.w), Height: float32(t.h), Angle: float32(t.angle)}
	inf := float32(math.Inf(1))
	box := [4]float32{inf, inf, -inf, -inf}
	for _, c := range r.Corners() {
		x, y := c[0]/width, c[1]/height
		box = [4]float32{min(box[0], x), min(box[1], y), max(box[2], x), max(box[3], y)}
	}
	return box
}

// placed is the box in the source picture, whose proportions the input keeps.
func (t turned) placed(p pipeline.Placement) *pipeline.Rotated {
	x, y := point(p, t.x, t.y)
	return &pipeline.Rotated{
		X: float32(x), Y: float32(y), Width: float32(t.w * float64(p.ScaleX)), Height: float32(t.h * float64(p.ScaleY)), Angle: float32(t.angle),
	}
}

// turnedSpread is a box as a normal distribution: its middle and covariances.
type turnedSpread struct{ x, y, a, b, c float64 }

func (t turned) spread() turnedSpread {
	sin, cos := math.Sincos(t.angle)
	a, b := t.w*t.w/12, t.h*t.h/12
	return turnedSpread{t.x, t.y, float64(a*cos*cos) + float64(b*sin*sin), float64(a*sin*sin) + float64(b*cos*cos), (a - b) * cos * sin}
}

// overlap is how much two turned boxes overlap, 0 to 1: one minus the Hellinger distance of their normal distributions
// (J. M. Llerena et al., "Gaussian Bounding Boxes and Probabilistic Intersection-over-Union for Object Detection", 2021,
// equations 5 to 9), which Ultralytics' models are trained and suppressed with.
func (s turnedSpread) overlap(o turnedSpread) float64 {
	const tiny = 1e-7
	a, b, c := s.a+o.a, s.b+o.b, s.c+o.c
	dx, dy := o.x-s.x, s.y-o.y
	det := float64(a*b) - float64(c*c)
	place := float64((float64(a*dy*dy)+float64(b*dx*dx))/(det+tiny)/4) + float64(c*dx*dy/(det+tiny)/2)
	own := math.Max(float64(s.a*s.b)-float64(s.c*s.c), 0) * math.Max(float64(o.a*o.b)-float64(o.c*o.c), 0)
	shape := float64(math.Log(det/(float64(4*math.Sqrt(own))+tiny)+tiny) / 2)
	distance := math.Min(math.Max(place+shape, tiny), 100)
	return 1 - math.Sqrt(1-math.Exp(-distance)+tiny)
}

// suppressRotated drops boxes that a better one of their class overlaps by more than the threshold, whether that one is dropped
// itself or not: as Ultralytics does it for turned boxes (Fast NMS; D. Bolya et al., "YOLACT", 2019, section 3.3).
func (y *YOLO) suppressRotated(found []candidate, v yoloValues) []candidate {
	found = sorted(found)
	all := make([]turnedSpread, len(found))
	classes := make([]int, len(found))
	kept := found[:0]
	for i, c := range found {
		all[i], classes[i] = y.turnedAt(v, c.source).spread(), c.class
		covered := false
		for k := 0; k < i && !covered; k++ {
			covered = classes[k] == c.class && all[k].overlap(all[i]) > float64(y.opts.NMSThreshold)
		}
		if !covered {
			kept = append(kept, c)
		}
	}
	return kept
}
