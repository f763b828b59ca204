package draw

import (
	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// Frame is an item with a picture in it, as vision.Frame is.
type Frame interface {
	pipeline.Item
	// Mat is the picture, 8-bit BGR. It is only read.
	Mat() gocv.Mat
}

// Copy copies the picture to draw on it. A frame that has its picture in another form, as a decoder gave it, converts it into
// the copy, rather than for itself and then copying.
func Copy(f Frame, dst *gocv.Mat) {
	if c, ok := f.(interface{ CopyTo(*gocv.Mat) }); ok {
		c.CopyTo(dst)
		return
	}
	m := f.Mat()
	m.CopyTo(dst)
}

// Size is a picture's width and height in pixels, without making its Mat if the frame knows them.
func Size(f Frame) (width, height int) {
	if s, ok := f.(interface {
		Width() int
		Height() int
	}); ok {
		return s.Width(), s.Height()
	}
	m := f.Mat()
	return m.Cols(), m.Rows()
}
