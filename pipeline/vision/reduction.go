package vision

import (
	"image"
	"math"

	"gocv.io/x/gocv"
)

// reduction is how a frame's Mat lies in its picture when it is smaller: each pixel of it stands for by × by pixels. The
// zero value is a Mat that is the picture.
type reduction struct {
	by            int
	corner        image.Point // of the Mat, in pixels of the picture
	width, height int         // of the picture
}

func (r reduction) factor() int { return max(r.by, 1) }

// Part returns the part of Mat that shows an area of the picture, and the area that it shows exactly, which differs from the
// one asked for by up to half a pixel of Mat on each side when Mat is reduced. The area must lie in the picture. The caller
// closes the Mat before its Release.
func (f *Frame) Part(area image.Rectangle) (part gocv.Mat, exact image.Rectangle) {
	m := f.Mat()
	at, exact := f.reduced.snap(area, m.Cols(), m.Rows())
	return m.Region(at), exact
}

// snap returns the part of a Mat of cols × rows pixels that shows a part of the picture, and the part of the picture that it
// shows exactly, which differs from the one asked for by up to half a pixel of the Mat on each side.
func (r reduction) snap(of image.Rectangle, cols, rows int) (part, exact image.Rectangle) {
	if r.factor() == 1 {
		return of, of
	}
	x0, x1 := snapSide(of.Min.X-r.corner.X, of.Max.X-r.corner.X, r.by, cols)
	y0, y1 := snapSide(of.Min.Y-r.corner.Y, of.Max.Y-r.corner.Y, r.by, rows)
	part = image.Rect(x0, y0, x1, y1)
	return part, image.Rectangle{Min: part.Min.Mul(r.by), Max: part.Max.Mul(r.by)}.Add(r.corner)
}

// snapSide divides an interval by a number, to whole numbers from 0 to limit that are at least 1 apart.
func snapSide(from, to, by, limit int) (int, int) {
	half := by / 2
	a := min(max((from+half)/by, 0), limit-1)
	return a, min(max((to+half)/by, a+1), limit)
}

// enough is how many times as large as the part of the input that it fills a picture stays when it is reduced. The resize to
// the input takes single pixels of a large picture, where a reduced one has the mean of several. Interpolated between these
// with cubics, which blur less than lines do, 3 changed less than moving the picture by one pixel, and nothing of what the
// models were sure of (docs/performance.md).
const enough = 3

// Reduction returns how many times smaller, in both directions, a picture of width × height pixels may be decoded for this
// input: a number below 1 is a picture that is small already.
func (in *Input) Reduction(width, height int) float64 {
	if width < 1 || height < 1 {
		return 1
	}
	f := fitInto(in.opts.Resize, width, height, in.width, in.height)
	return math.Min(float64(f.from.Dx())/float64(f.to.Dx()), float64(f.from.Dy())/float64(f.to.Dy())) / enough
}
