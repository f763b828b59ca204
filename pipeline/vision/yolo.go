package vision

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// YOLOLayout is how a YOLO model lays out its one output. A box is the x and y of its middle, its width and its height.
type YOLOLayout int

const (
	// YOLOAuto is YOLOv5 when the output is higher than wide and YOLOv8 when it is wider than high: models give more
	// boxes than each has values.
	YOLOAuto YOLOLayout = iota
	// YOLOv5 is [1,N,5+C]: for each box its four numbers, whether it holds an object, and which of C classes that is.
	// The score is the product of the two. YOLOv7 exports are the same.
	YOLOv5
	// YOLOv8 is [1,4+C,N]: the four numbers of all boxes one after another, then the scores of each class. YOLOv9 to
	// YOLO11 exports without non-maximum suppression are the same.
	YOLOv8
)

var yoloLayouts = [...]string{"auto", "yolov5", "yolov8"}

// String is "auto", "yolov5" or "yolov8".
func (l YOLOLayout) String() string {
	if l < 0 || int(l) >= len(yoloLayouts) {
		return fmt.Sprintf("yolo(%d)", int(l))
	}
	return yoloLayouts[l]
}

// YOLOInput is how pictures are put into models that Ultralytics' programs export: in a letterbox with grey bars, with
// pixels of 0 to 1.
func YOLOInput() InputOptions {
	return InputOptions{Resize: Letterbox, Fill: [3]uint8{114, 114, 114}, Mean: []float32{0}, Std: []float32{255}}
}

// yoloDecoder is the decoder of a layout.
func yoloDecoder(layout YOLOLayout, pixels bool, description string) *Decoder {
	d := &Decoder{Name: layout.String(), Description: description, Input: YOLOInput(), NMSThreshold: 0.45}
	if pixels {
		d.Name += "_pixels"
	}
	d.Fits = func(m ModelInfo) Fit {
		if len(m.Outputs) != 1 || !layout.fits(m.Outputs[0]) || checkUnit(m.Outputs[0], pixels) != nil {
			return NoFit
		}
		return Possible
	}
	d.New = func(m ModelInfo, s Settings) (Task, error) {
		o, err := s.options(m, d, nil)
		if err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		return asTask(NewYOLO(m.Inputs, m.Outputs, YOLOOptions{
			Options: o, Output: s.Output, Layout: layout, Pixels: pixels, NMSThreshold: float32(s.NMSThreshold),
		}))
	}
	return d
}

// fits says whether an output has the layout's shape. Models give more boxes than each has values.
func (l YOLOLayout) fits(out tensor.Info) bool {
	s := out.Shape
	if len(s) != 3 || s[0] != 1 || checkReadable(out) != nil {
		return false
	}
	if l == YOLOv5 {
		return s[2] > 5 && s[1] > s[2]
	}
	return s[1] > 4 && s[2] > s[1]
}

// YOLOOptions are the options of YOLO. Scores are probabilities, 0 to 1.
type YOLOOptions struct {
	Options
	Layout YOLOLayout
	// Pixels: boxes are in pixels of the input, as in exports to TensorFlow Lite by Ultralytics before April 2023 (its
	// pull request 1695). Otherwise they are 0 to 1 of its width and height.
	Pixels bool
	// NMSThreshold is the intersection over union, above 0 and at most 1, above which two boxes of one class are the same
	// object; 0.45 is usual.
	NMSThreshold float32
	// Output is the name of the output with the boxes; "" when the model has one output.
	Output string
}

// YOLO is a task that finds objects with a model of the YOLO family whose boxes are decoded but not yet suppressed:
// Decode applies non-maximum suppression and keeps each box's best class. It is a pipeline.Task of frames.
type YOLO struct {
	*Input
	classes *classes
	opts    YOLOOptions
	output  int
	boxes   int // N
	count   int // C
	buffers bufferPool
}

var _ pipeline.Task[*Frame] = (*YOLO)(nil)

// NewYOLO makes the task for a model with these inputs and outputs. The model must have one input, a picture (see
// NewInput), and an output as YOLOLayout describes, quantized or not. Whoever makes the task closes it.
func NewYOLO(inputs, outputs []tensor.Info, o YOLOOptions) (*YOLO, error) {
	y, err := newYOLO(inputs, outputs, o)
	return named("detect", y, err)
}

func newYOLO(inputs, outputs []tensor.Info, o YOLOOptions) (*YOLO, error) {
	in, err := picture("detect", inputs)
	if err != nil {
		return nil, err
	}
	y := &YOLO{opts: o}
	if y.output, err = selectOutput(outputs, o.Output, "a YOLO model has one output, boxes with their scores"); err != nil {
		return nil, err
	}
	if err := y.setLayout(outputs[y.output]); err != nil {
		return nil, err
	}
	if !(o.NMSThreshold > 0 && o.NMSThreshold <= 1) {
		return nil, fmt.Errorf("invalid nms_threshold %v (want more than 0, at most 1)", o.NMSThreshold)
	}
	if o.Activation == score.Softmax || o.Sensitivity != 0 && o.Sensitivity != 1 {
		return nil, errors.New("YOLO outputs support activation sigmoid or none, and no sensitivity")
	}
	if y.classes, err = newClasses(o.Options, y.count); err != nil {
		return nil, err
	}
	y.Input, err = NewInput(in, o.Input)
	return y, err
}

// setLayout checks the output and reads off it how many boxes and classes there are.
func (y *YOLO) setLayout(info tensor.Info) error {
	wrong := func(why string) error {
		return fmt.Errorf("%s; want [1,N,5+C] (yolov5) or [1,4+C,N] (yolov8) for N boxes and C classes; the model has %s", why, info)
	}
	if err := checkReadable(info); err != nil {
		return err
	}
	shape := info.Shape
	if len(shape) != 3 || shape[0] != 1 || shape[1] < 1 || shape[2] < 1 {
		return wrong("the output does not hold boxes")
	}
	switch layout := y.opts.Layout; {
	case layout < YOLOAuto || layout > YOLOv8:
		return fmt.Errorf("unknown layout %v", layout)
	case layout != YOLOAuto:
	case shape[1] == shape[2]:
		return wrong("the output is square, so its layout must be named")
	case shape[1] > shape[2]:
		y.opts.Layout = YOLOv5
	default:
		y.opts.Layout = YOLOv8
	}
	if y.opts.Layout == YOLOv5 {
		y.boxes, y.count = shape[1], shape[2]-5
	} else {
		y.boxes, y.count = shape[2], shape[1]-4
	}
	if y.count < 1 {
		return wrong(fmt.Sprintf("%v leaves no class", y.opts.Layout))
	}
	return checkUnit(info, y.opts.Pixels)
}

// checkUnit holds the unit of the boxes against the largest value that a quantized output can have.
func checkUnit(info tensor.Info, pixels bool) error {
	most := map[tensor.Type]float32{tensor.UInt8: math.MaxUint8, tensor.Int8: math.MaxInt8}[info.Type]
	if most == 0 || !info.Quantization.Quantized() {
		return nil
	}
	largest := info.Quantization.Scale() * (most - float32(info.Quantization.ZeroPoint()))
	switch {
	case pixels && largest <= 2:
		return fmt.Errorf("its boxes cannot be in pixels, as no value exceeds %.3g: use the decoder without _pixels; %s", largest, info)
	case !pixels && largest > 8:
		return fmt.Errorf("its boxes cannot be normalized to 0 to 1, as values reach %.3g: if they are in pixels, use the decoder that ends in _pixels; %s", largest, info)
	default:
		return nil
	}
}

// Name is "detect".
func (y *YOLO) Name() string { return "detect" }

// Decode gives the objects, best first; of equal scores the one that the model gave first comes first.
func (y *YOLO) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if p.Width <= 0 || p.Height <= 0 {
		return pipeline.Result{}, errNoPlacement
	}
	b := y.buffers.get()
	defer y.buffers.put(b)
	v, err := values(out.Output(y.output), y.boxes*y.valuesPerBox(), &b.a)
	if err != nil {
		return pipeline.Result{}, err
	}
	if y.opts.Layout == YOLOv5 {
		err = y.rows(v, b)
	} else {
		err = y.columns(v, b)
	}
	if err != nil {
		return pipeline.Result{}, err
	}
	found, err := y.classes.detections(suppress(b.found, y.opts.NMSThreshold, KeepBest), float64(y.width), float64(y.height), p, nil)
	return pipeline.Result{Detections: found}, err
}

// valuesPerBox is how many values a box has.
func (y *YOLO) valuesPerBox() int {
	if y.opts.Layout == YOLOv5 {
		return 5 + y.count
	}
	return 4 + y.count
}

// errNoScore is an item whose results cannot be ranked.
var errNoScore = &pipeline.ItemError{Err: errors.New("the model returned a score that is not a finite number")}

// rows collects the boxes of YOLOv5 whose scores reach the threshold.
func (y *YOLO) rows(v []float32, b *buffers) error {
	b.found = b.found[:0]
	width := y.valuesPerBox()
	for i := range y.boxes {
		row := v[i*width : (i+1)*width]
		object := y.score(row[4])
		if isNaN(object) {
			return errNoScore
		}
		if object < y.classes.threshold { // the product with a probability is no larger
			continue
		}
		class, best := -1, float32(0)
		for c, raw := range row[5:] {
			score := y.score(raw)
			switch {
			case isNaN(score):
				return errNoScore
			case (class < 0 || score > best) && y.classes.wants(c):
				class, best = c, score
			}
		}
		if score := object * best; class >= 0 && score >= y.classes.threshold {
			if y.inPixels(row[0], row[1], row[2], row[3]) {
				return y.errPixels()
			}
			y.add(b, i, class, score, row[0], row[1], row[2], row[3])
		}
	}
	return nil
}

// columns collects the boxes of YOLOv8 whose scores reach the threshold. It goes through the values as they lie in
// memory, class by class.
func (y *YOLO) columns(v []float32, b *buffers) error {
	b.found = b.found[:0]
	n := y.boxes
	best := sized(&b.b, n)
	b.order = slices.Grow(b.order[:0], n)[:n]
	// Values are compared as the model gives them, which rank as the scores do.
	below := math.Nextafter32(y.rawOf(y.classes.threshold), float32(math.Inf(-1)))
	for i := range best {
		best[i] = below
	}
	for c := range y.count {
		if !y.classes.wants(c) {
			continue
		}
		for i, score := range v[(4+c)*n : (5+c)*n] {
			if score <= best[i] {
				continue
			}
			if isNaN(score) {
				return errNoScore
			}
			best[i], b.order[i] = score, c
		}
	}
	for i, score := range best {
		if score > below {
			if y.inPixels(v[i], v[n+i], v[2*n+i], v[3*n+i]) {
				return y.errPixels()
			}
			y.add(b, i, b.order[i], y.score(score), v[i], v[n+i], v[2*n+i], v[3*n+i])
		}
	}
	return nil
}

// score is the score of a value.
func (y *YOLO) score(v float32) float32 {
	if y.opts.Activation == score.Sigmoid {
		return sigmoid(v)
	}
	return v
}

// rawOf is the value of a score.
func (y *YOLO) rawOf(s float32) float32 {
	if y.opts.Activation == score.Sigmoid {
		return float32(math.Log(float64(s) / (1 - float64(s)))) // ±infinity at 0 and 1
	}
	return s
}

// errPixels is the error of a box that lies far outside of 0 to 1.
func (y *YOLO) errPixels() error {
	return fmt.Errorf("the model returned boxes in pixels, not from 0 to 1: use the decoder %v_pixels", y.opts.Layout)
}

// inPixels says whether a box of a model that should give 0 to 1 is in pixels.
func (y *YOLO) inPixels(midX, midY, w, h float32) bool {
	most := max(midX, midY, w, h)
	return !y.opts.Pixels && most > 4 && finite(most)
}

// add is a box, in 0 to 1 of the input, unless it has no area.
func (y *YOLO) add(b *buffers, source, class int, score, midX, midY, w, h float32) {
	if y.opts.Pixels {
		width, height := float32(y.width), float32(y.height)
		midX, midY, w, h = midX/width, midY/height, w/width, h/height
	}
	halfW, halfH := float32(w/2), float32(h/2)
	box := [4]float32{midX - halfW, midY - halfH, midX + halfW, midY + halfH}
	if box[0] < box[2] && box[1] < box[3] {
		b.found = append(b.found, candidate{box: box, score: score, class: class, source: source})
	}
}
