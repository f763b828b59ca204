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
	left, top := r.at(0, 0)
	right, rightY := r.at(1, 0)
	downX, down := r.at(0, 1)
	w, h := float64(width), float64(height)
	f.affine(of, Affine{{(right - left) / w, (downX - left) / h, left}, {(rightY - top) / w, (down - top) / h, top}}, width, height, gocv.BorderReplicate)
}

// Affine gives the place in a picture, in its pixels, of a pixel of another one: x is row 0 times (x, y, 1), and y row 1.
type Affine [2][3]float64

// Transform fills the frame with width × height pixels of another one, each taken from where at says, with its Meta; between
// Get and Seal. Pixels are interpolated between four; what lies outside of the picture is black.
func (f *Frame) Transform(of *Frame, at Affine, width, height int) error {
	if err := checkSize(width, height); err != nil {
		return err
	}
	f.affine(of, at, width, height, gocv.BorderConstant)
	return nil
}

func (f *Frame) affine(of *Frame, at Affine, width, height int, border gocv.BorderType) {
	picture, reduced := of.Mat(), of.reduced
	by := float64(reduced.factor())
	m := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F)
	defer m.Close()
	for y, corner := range []int{reduced.corner.X, reduced.corner.Y} {
		m.SetDoubleAt(y, 0, at[y][0]/by)
		m.SetDoubleAt(y, 1, at[y][1]/by)
		m.SetDoubleAt(y, 2, (at[y][2]-float64(corner))/by)
	}
	gocv.WarpAffineWithParams(picture, f.Target(), m, image.Pt(width, height), gocv.InterpolationLinear|gocv.WarpInverseMap, border, color.RGBA{})
	f.fps, f.meta = of.fps, of.meta
}
