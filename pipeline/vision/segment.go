package vision

import (
	"fmt"
	"image"
	"math"
	"slices"
	"sync"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// SegmentOptions are the options of Segment. Of Options, ScoreThreshold must be 0, because a mask has no scores, unless the
// model has one channel: its pixels of at least that score, 0.5 where it is 0, are the foreground. MaxResults keeps the largest segments. Allow and Deny leave segments out of the result; their pixels go to no other class.
type SegmentOptions struct {
	Options
	// MinShare leaves out segments with a smaller share of the picture, 0 to 1.
	MinShare float32
	// Output is the name of the output with the classes or scores; "" when the model has one output.
	Output string
}

// Segment is the task of saying which class each part of a picture belongs to (semantic segmentation, as DeepLab
// does). It is a pipeline.Task of frames.
type Segment struct {
	*Input
	classes  *classes
	output   int
	size     image.Point // of the mask
	scores   int         // for each pixel; 0: the output is the class of each pixel
	planar   bool        // the scores of a class for all pixels are beside each other
	single   *foreground // of one score for each pixel; nil: others
	minShare float32
	buffers  sync.Pool // of *segmentBuffers
}

var _ pipeline.Task[*Frame] = (*Segment)(nil)

// maxSegmentClasses is how many classes a mask may have: argmax keeps them in 16 bits.
const maxSegmentClasses = 1 << 16

// NewSegment makes the task for a model with these inputs and outputs. The model must have one input, a picture (see
// NewInput), and an output of one of two kinds. Classes: the class of each pixel, [1,height,width] or, not quantized,
// [1,height,width,1], as a model gives that ends in ArgMax. Scores: one for each pixel and class,
// [1,height,width,classes] or [1,classes,height,width], of which the highest counts, and the lower class of equals; or one for
// each pixel, [1,height,width,1] or [1,1,height,width], that it is foreground: class 1, beside the background, 0. Whoever makes
// the task closes it.
func NewSegment(inputs, outputs []tensor.Info, o SegmentOptions) (*Segment, error) {
	s, err := newSegment(inputs, outputs, o)
	return named("segment", s, err)
}

func newSegment(inputs, outputs []tensor.Info, o SegmentOptions) (*Segment, error) {
	in, err := picture("segment", inputs)
	if err != nil {
		return nil, err
	}
	s := &Segment{minShare: o.MinShare}
	if s.output, err = selectOutput(outputs, o.Output, "a segmentation model has one output, the class of each pixel or its scores"); err != nil {
		return nil, err
	}
	if err := s.setLayout(in, outputs[s.output]); err != nil {
		return nil, err
	}
	if s.scores == 1 {
		if s.single, err = newForeground(&o.Options, outputs[s.output]); err != nil {
			return nil, err
		}
	}
	if !(o.MinShare >= 0 && o.MinShare <= 1) {
		return nil, fmt.Errorf("invalid min_share %v (want 0 to 1)", o.MinShare)
	}
	if o.ScoreThreshold != 0 && s.single == nil {
		return nil, fmt.Errorf("score_threshold %v does not apply to masks, which have no scores; use min_share to leave out small segments", o.ScoreThreshold)
	}
	count := s.scores
	if s.single != nil {
		count, o.ScoreThreshold, o.Activation = 2, 0, score.Unknown
	}
	if s.classes, err = newClasses(o.Options, count); err != nil {
		return nil, err
	}
	s.buffers.New = func() any { return new(segmentBuffers) }
	s.Input, err = NewInput(in, o.Input)
	return s, err
}

// setLayout reads off the output's description what it holds.
func (s *Segment) setLayout(in, info tensor.Info) error {
	if err := checkReadable(info); err != nil {
		return err
	}
	wrong := func() error {
		return fmt.Errorf("the output must hold the class of each pixel, [1,height,width], or a score per pixel and class, "+
			"[1,height,width,classes] or [1,classes,height,width]; it gives %s", info)
	}
	shape := info.Shape
	if len(shape) != 3 && len(shape) != 4 || shape[0] != 1 || shape[1] < 1 || shape[2] < 1 {
		return wrong()
	}
	if shape[1] > MaxPixels/shape[2] {
		return fmt.Errorf("the mask is too large: %s", info)
	}
	s.size = image.Pt(shape[2], shape[1])
	if len(shape) == 3 {
		return nil
	}
	n := shape[3]
	if s.planar = planarMask(in, shape); s.planar {
		s.size, n = image.Pt(shape[3], shape[2]), shape[1]
	}
	switch {
	case n == 1 && !info.Quantization.Quantized() && info.Type != tensor.Float16 && info.Type != tensor.Float32:
		return nil
	case n < 1:
		return wrong()
	case n > maxSegmentClasses:
		return fmt.Errorf("invalid number of classes (want at most %d): %s", maxSegmentClasses, info)
	case info.Quantization.Quantized() && !(info.Quantization.Scale() > 0):
		return fmt.Errorf("invalid quantization scale (want more than 0): %s", info)
	default:
		s.scores = n
		return nil
	}
}

// Name is "segment".
func (s *Segment) Name() string { return "segment" }

// Decode gives the mask, which has a segment for each class that has a pixel in the picture.
func (s *Segment) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if p.Width <= 0 || p.Height <= 0 || !(p.ScaleX > 0 && p.ScaleY > 0) {
		return pipeline.Result{}, errNoPlacement
	}
	b := s.buffers.Get().(*segmentBuffers)
	defer s.buffers.Put(b)
	if err := s.read(out.Output(s.output), b); err != nil {
		return pipeline.Result{}, err
	}
	// The whole input in source pixels, and the mask's pixels whose middles lie in the picture.
	x0, y0 := point(p, 0, 0)
	x1, y1 := point(p, float64(s.width), float64(s.height))
	left, right := within(x0, x1, s.size.X, p.Width)
	top, bottom := within(y0, y1, s.size.Y, p.Height)
	b.tally(s.size.X, image.Rect(left, top, right, bottom))
	segments, err := b.segments(s.classes, s.size.X*s.size.Y, (right-left)*(bottom-top), s.minShare)
	if err != nil {
		return pipeline.Result{}, err
	}
	return pipeline.Result{Mask: &pipeline.Mask{
		Width: s.size.X, Height: s.size.Y,
		Box:      [4]float32{float32(x0), float32(y0), float32(x1), float32(y1)},
		Segments: segments,
	}}, nil
}

// within is which of n equal parts of from … to have their middle in 0 … size: from the first up to before the second.
func within(from, to float64, n, size int) (int, int) {
	part := (to - from) / float64(n)
	at := func(x float64) int {
		return int(math.Min(math.Max(math.Ceil((x-from)/part-0.5), 0), float64(n)))
	}
	return at(0), at(float64(size))
}

// read makes runs of the output. Scores of the commonest types are compared as they are stored, which gives the same
// order as their real values, and classes are read as they are stored.
func (s *Segment) read(t tensor.Tensor, b *segmentBuffers) error {
	pixels := s.size.X * s.size.Y
	if s.scores == 1 || s.planar {
		scores, err := values(t, pixels*s.scores, &b.real)
		if err != nil {
			return err
		}
		b.highest = slices.Grow(b.highest[:0], pixels)[:pixels]
		if s.scores == 1 {
			err = s.single.mark(b.highest, scores)
		} else if !planarArgmax(b.highest, scores) {
			err = errNoScore
		}
		if err == nil {
			b.runs, err = appendRuns(b.runs[:0], b.highest)
		}
		return err
	}
	if s.scores > 0 {
		switch t.Type {
		case tensor.UInt8:
			return readScores[uint8](t, pixels, s.scores, b)
		case tensor.Int8:
			return readScores[int8](t, pixels, s.scores, b)
		}
		scores, err := values(t, pixels*s.scores, &b.real)
		if err != nil {
			return err
		}
		return fromScores(scores, pixels, b)
	}
	if !t.Quantization.Quantized() {
		switch t.Type {
		case tensor.UInt8:
			return readClasses[uint8](t, pixels, b)
		case tensor.Int32:
			return readClasses[int32](t, pixels, b)
		case tensor.Int64:
			return readClasses[int64](t, pixels, b)
		}
	}
	classes, err := values(t, pixels, &b.real)
	if err != nil {
		return err
	}
	b.runs, err = appendRuns(b.runs[:0], classes)
	return err
}
