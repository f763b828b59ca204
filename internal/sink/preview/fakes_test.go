package preview

import (
	"sync"

	"gocv.io/x/gocv"

	"corallite/pipeline"
)

// grey is a frame whose picture is of a kind that is not drawn on.
type grey struct{ pipeline.Item }

var oneChannel = sync.OnceValue(func() gocv.Mat { return gocv.NewMatWithSize(4, 4, gocv.MatTypeCV8U) })

func (grey) Mat() gocv.Mat { return oneChannel() }
