package deepstack

import (
	"corallite/internal/serve/hub"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// alignedSize is the side in pixels of the pictures that most embedders of faces were trained with.
const alignedSize = 112

// template is where the key points of a face lie in an aligned picture of 112x112 pixels: eyes, nose and corners of the mouth
// as ArcFace has them (insightface, python-package/insightface/utils/face_align.py, arcface_dst), which others took over
// (OpenCV's FaceRecognizerSF, MobileFaceNet). Detectors of MediaPipe give the middle of the mouth. A person's right eye is on
// the picture's left.
var template = map[string][2]float64{
	"right_eye": {38.2946, 51.6963}, "left_eye": {73.5318, 51.5014}, "nose_tip": {56.0252, 71.7366},
	"mouth_center": {56.1396, 92.2848},
}

// alignment is where a face's aligned picture, of size × size pixels, lies in the picture that it was found in: the similarity
// (turn, scale, shift) with the least squares of distances. ok is false where the detector gave too few points, or none
// that can be a face's.
func alignment(points []pipeline.Keypoint, size int) (m vision.Affine, ok bool) {
	type pair struct{ x, y, u, v float64 } // of the template, of the picture
	var all []pair
	var mean pair
	for _, p := range points {
		if t, known := template[p.Label]; known {
			q := pair{t[0], t[1], float64(p.X), float64(p.Y)}
			all = append(all, q)
			mean.x, mean.y, mean.u, mean.v = mean.x+q.x, mean.y+q.y, mean.u+q.u, mean.v+q.v
		}
	}
	if len(all) < 3 {
		return m, false
	}
	n := float64(len(all))
	mean.x, mean.y, mean.u, mean.v = mean.x/n, mean.y/n, mean.u/n, mean.v/n
	var along, across, square float64
	for _, q := range all {
		x, y, u, v := q.x-mean.x, q.y-mean.y, q.u-mean.u, q.v-mean.v
		along += float64(x*u) + float64(y*v)
		across += float64(x*v) - float64(y*u)
		square += float64(x*x) + float64(y*y)
	}
	a, b := along/square, across/square
	scale := float64(alignedSize) / float64(size)
	if pixels := float64(a*a) + float64(b*b); !(pixels > 1e-6) || pixels > 1e8 { // of the picture for one of the template, squared
		return m, false
	}
	// The middle of the first pixel is 0, 0 in the template, as OpenCV has it, whatever the size.
	first := float64(scale/2) - 0.5
	x0, y0 := first-mean.x, first-mean.y
	return vision.Affine{
		{a * scale, -b * scale, mean.u + float64(a*x0) - float64(b*y0)},
		{b * scale, a * scale, mean.v + float64(b*x0) + float64(a*y0)},
	}, true
}

// align settles whether faces are aligned: as it is asked for, or, for nil, where the model takes pictures of the size that
// aligned faces have.
func (g *Faces) align(asked *bool) {
	side := 0 // of the model's input
	if len(g.model.Inputs) > 0 {
		if shape := g.model.Inputs[0].Shape; len(shape) == 4 {
			y, x, _ := vision.PictureAxes(shape)
			side = min(shape[y], shape[x])
		}
	}
	if asked != nil && *asked || asked == nil && side == alignedSize {
		g.aligned = max(side, 1)
	}
}

// picture is a face of the job's picture, as the model wants it, as a JPEG.
func (g *Faces) picture(j *hub.Job, p hub.Picture, d pipeline.Detection) ([]byte, error) {
	if g.aligned > 0 {
		if at, ok := alignment(d.Keypoints, g.aligned); ok {
			return j.Warp(p, at, g.aligned)
		}
	}
	return j.Crop(p, d.Box, around)
}
