package vision

import (
	"image"
	"image/color"
	"math"

	"gocv.io/x/gocv"
)

// region is a turned square of a picture.
type region struct {
	x, y  float64 // its middle, in pixels of the picture
	side  float64 // pixels
	angle float64 // radians, clockwise as one sees it: by how much what stands upright in the region is turned in the picture
}

// maxRegion is how many times as large as the picture a region may be: one that is larger shows next to nothing of it.
const maxRegion = 16

// in says whether anything can be seen of a region in a picture of width × height pixels.
func (r region) in(width, height int) bool {
	reach := float64(r.side / math.Sqrt2) // from the middle to a corner
	return r.side >= 1 && r.side <= maxRegion*float64(max(width, height)) && !math.IsNaN(r.angle) &&
		r.x+reach > 0 && r.y+reach > 0 && r.x-reach < float64(width) && r.y-reach < float64(height)
}

// at is the place in the picture of a place in the region, 0 to 1 from its upper left corner.
func (r region) at(x, y float64) (float64, float64) {
	sin, cos := math.Sincos(r.angle)
	x, y = (x-0.5)*r.side, (y-0.5)*r.side
	return r.x + float64(cos*x) - float64(sin*y), r.y + float64(sin*x) + float64(cos*y)
}

// upright is the angle at which what points from one place to another in the picture points up in a region.
func upright(fromX, fromY, toX, toY float64) float64 {
	return math.Atan2(toX-fromX, fromY-toY)
}

// bounds is the upright square of the region's size around its middle.
func (r region) bounds() [4]float32 {
	half := float64(r.side / 2)
	return [4]float32{float32(r.x - half), float32(r.y - half), float32(r.x + half), float32(r.y + half)}
}

// warp fills the frame with a region of another one, upright and in width × height pixels, with its Meta; between Get and
// Seal. What lies outside of the picture is filled with the pixels at its edge. It takes the pixels that MediaPipe's
// ImageToTensorCalculator takes with OpenCV: the corners of the region's outline are those of the result.
func (f *Frame) warp(of *Frame, r region, width, height int) {
	picture, reduced := of.Mat(), of.reduced
	by := float64(reduced.factor())
	left, top := r.at(0, 0)
	right, rightY := r.at(1, 0)
	downX, down := r.at(0, 1)
	w, h := by*float64(width), by*float64(height)
	m := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F) // from a pixel of the result to one of the picture
	defer m.Close()
	for i, v := range []float64{
		(right - left) / w, (downX - left) / h, (left - float64(reduced.corner.X)) / by,
		(rightY - top) / w, (down - top) / h, (top - float64(reduced.corner.Y)) / by,
	} {
		m.SetDoubleAt(i/3, i%3, v)
	}
	gocv.WarpAffineWithParams(picture, f.Target(), m, image.Pt(width, height), gocv.InterpolationLinear|gocv.WarpInverseMap, gocv.BorderReplicate, color.RGBA{})
	f.fps, f.meta = of.fps, of.meta
}
