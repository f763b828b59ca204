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
