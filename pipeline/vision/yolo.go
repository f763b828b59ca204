package vision

import (
	"errors"
	"fmt"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// YOLOLayout is how a YOLO model lays out its boxes.
type YOLOLayout int

const (
	// YOLOAuto is YOLOv5 when the output is higher than wide and YOLOv8 when it is wider than high: models give more
	// boxes than each has values.
	YOLOAuto YOLOLayout = iota
	// YOLOv5 is [1,N,5+C]: for each box the x and y of its middle, its width and its height, whether it holds an object, and
	// which of C classes that is. The score is the product of the two. Exports of YOLOv7, YOLOv6 and YOLOX with decoded boxes
	// are the same.
	YOLOv5
	// YOLOv8 is [1,4+C,N]: the four numbers of all boxes one after another, then the scores of each class. Exports of YOLOv9,
	// YOLO11, YOLO12 and YOLO26 without non-maximum suppression are the same. [1,N,4+C] is read as well, and boxes and scores
	// that are two outputs, [1,4,N] or [1,N,4] and [1,C,N] or [1,N,C].
	YOLOv8
	// YOLOEnd2End is [1,N,6]: for each box xmin, ymin, xmax and ymax, its score and the number of its class, after suppression
	// or from a model that needs none: YOLOv10, YOLO26, and exports with nms=True.
	YOLOEnd2End
)

var yoloLayouts = [...]string{"auto", "yolov5", "yolov8", "yolo_end2end"}

// String is "auto", "yolov5", "yolov8" or "yolo_end2end".
func (l YOLOLayout) String() string {
	if l < 0 || int(l) >= len(yoloLayouts) {
		return fmt.Sprintf("yolo(%d)", int(l))
	}
	return yoloLayouts[l]
}

// YOLOHead is what a YOLO model gives of an object beside its box, behind the scores.
type YOLOHead int

const (
	YOLOBoxes   YOLOHead = iota // nothing; where a second output has prototypes, as many factors, which make its mask
	YOLOPose                    // key points: x, y and mostly a score of each
	YOLORotated                 // the angle of the box (OBB), in radians; a box is its middle and size also in YOLOEnd2End
)

// String is what a decoder's name has behind that of the layout: "", "_pose" or "_obb".
func (h YOLOHead) String() string { return [...]string{"", "_pose", "_obb"}[h] }

// YOLOInput is how pictures are put into models that Ultralytics' programs export: in a letterbox with grey bars, with
// pixels of 0 to 1.
func YOLOInput() InputOptions {
	return InputOptions{Resize: Letterbox, Fill: [3]uint8{114, 114, 114}, Mean: []float32{0}, Std: []float32{255}}
}

// YOLOOptions are the options of YOLO. Scores are probabilities, 0 to 1.
type YOLOOptions struct {
	Options
	Layout YOLOLayout
	Head   YOLOHead
	// Pixels: boxes and key points are in pixels of the input, as in exports to TensorFlow Lite by Ultralytics before April
	// 2023 (its pull request 1695), and to ONNX. Otherwise they are 0 to 1 of its width and height.
	Pixels bool
	// NMSThreshold is the intersection over union, above 0 and at most 1, above which two boxes of one class are the same
	// object; 0.45 is usual. YOLOEnd2End has none.
	NMSThreshold float32
	// Output is the name of the output with the boxes; "" when the model has one output, or prototypes or scores beside it.
	Output string
	// Keypoints are the names of the key points; none: the 17 of PoseKeypoints.
	Keypoints []string
	// KeypointValues is how many values a key point has, 2 or 3; 0: as the number of classes leaves for it.
	KeypointValues int
}

// YOLO is a task that finds objects with a model of the YOLO family whose boxes are decoded. Decode applies non-maximum
// suppression, unless the model has done that, and keeps each box's best class. It is a pipeline.Task of frames.
type YOLO struct {
	*Input
	classes *classes
	opts    YOLOOptions
	yoloForm
	buffers bufferPool
}

var _ pipeline.Task[*Frame] = (*YOLO)(nil)

// NewYOLO makes the task for a model with these inputs and outputs. The model must have one input, a picture (see NewInput),
// and outputs of the layout and head that the options name. Whoever makes the task closes it.
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
	if y.Input, err = NewInput(in, o.Input); err != nil {
		return nil, err
	}
	if err := y.prepare(outputs); err != nil {
		y.Close()
		return nil, err
	}
	return y, nil
}

func (y *YOLO) prepare(outputs []tensor.Info) (err error) {
	o := &y.opts
	switch {
	case o.Layout < YOLOAuto || o.Layout > YOLOEnd2End || o.Head < YOLOBoxes || o.Head > YOLORotated:
		return fmt.Errorf("unknown layout %v or head %d", o.Layout, int(o.Head))
	case o.Layout == YOLOv5 && o.Head != YOLOBoxes:
		return fmt.Errorf("the layout %v has no key points and no angles", o.Layout)
	case o.Head == YOLORotated && o.Input.Resize == Stretch && y.width != y.height:
		return errors.New("resize: stretch makes turned boxes of a picture skew: use letterbox, as in training, or crop")
	}
	if y.yoloForm, err = y.form(outputs); err != nil {
		return err
	}
	if !(o.NMSThreshold > 0 && o.NMSThreshold <= 1) && !(o.Layout == YOLOEnd2End && o.NMSThreshold == 0) {
		return fmt.Errorf("invalid nms_threshold %v (want more than 0, at most 1)", o.NMSThreshold)
	}
	if o.Activation == score.Softmax || o.Sensitivity != 0 && o.Sensitivity != 1 {
		return errors.New("YOLO outputs support activation sigmoid or none, and no sensitivity")
	}
	y.classes, err = newClasses(o.Options, y.count)
	return err
}

// decoderName is the decoder that reads boxes in that unit.
func (y *YOLO) decoderName(pixels bool) string {
	return yoloDecoderName(y.opts.Layout, y.opts.Head, pixels)
}

func yoloDecoderName(layout YOLOLayout, head YOLOHead, pixels bool) string {
	name := layout.String() + head.String()
	if pixels {
		name += "_pixels"
	}
	return name
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
	v, err := y.values(out, b)
	if err != nil {
		return pipeline.Result{}, err
	}
	b.found = b.found[:0]
	switch {
	case y.opts.Layout == YOLOEnd2End:
		err = y.scanEnd2End(v, b)
	case y.scores.rows:
		err = y.scanRows(v, b)
	default:
		err = y.scanColumns(v, b)
	}
	if err != nil {
		return pipeline.Result{}, err
	}
	found, err := y.detections(y.suppressed(b.found, v), v, p)
	return pipeline.Result{Detections: found}, err
}

// suppressed are the candidates that are objects of their own, best first.
func (y *YOLO) suppressed(found []candidate, v yoloValues) []candidate {
	switch {
	case y.opts.Layout == YOLOEnd2End:
		return sorted(found)
	case y.opts.Head == YOLORotated:
		return y.suppressRotated(found, v)
	}
	return suppress(found, y.opts.NMSThreshold, KeepBest)
}

// errNoScore is an item whose results cannot be ranked.
var errNoScore = &pipeline.ItemError{Err: errors.New("the model returned a score that is not a finite number")}
