package annotate

import (
	"fmt"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// Frame is an item with a picture in it, as vision.Frame is.
type Frame = draw.Frame

// moving is a frame that may be part of a video. FPS is the frame rate of its video or camera, and 0 for a single
// picture.
type moving interface{ FPS() float64 }

// frameRate is a frame's rate, or 0 for a single picture.
func frameRate(f Frame) float64 {
	if m, ok := f.(moving); ok {
		return m.FPS()
	}
	return 0
}

func frameOf(r pipeline.Report) (Frame, error) {
	f, ok := r.Item.(Frame)
	if !ok {
		return nil, fmt.Errorf("annotating: an item of type %T has no picture to draw on", r.Item)
	}
	return f, nil
}

// sheet is the copy of a picture to draw on, and its canvas.
type sheet struct {
	painter *draw.Painter
	mat     gocv.Mat
	closed  bool
}

func newSheet(o draw.Options) (*sheet, error) {
	p, err := draw.New(o)
	if err != nil {
		return nil, err
	}
	return &sheet{painter: p, mat: gocv.NewMat()}, nil
}

// annotate copies the frame's picture and draws on the copy, which is valid until the next call.
func (s *sheet) annotate(f Frame, events []pipeline.Event) (*gocv.Mat, error) {
	draw.Copy(f, &s.mat)
	if err := s.painter.Draw(&s.mat, events); err != nil {
		return nil, err
	}
	return &s.mat, nil
}

func (s *sheet) close() error {
	if s.closed {
		return nil
	}
	s.closed = true
	return s.mat.Close()
}

// itemError wraps err as an ItemError of the source, unless it is nil.
func itemError(source string, err error) error {
	if err == nil {
		return nil
	}
	return &pipeline.ItemError{Source: source, Err: err}
}
