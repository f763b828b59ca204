package vision

import (
	"fmt"
	"math"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// yoloForm is where a YOLO model's outputs have what.
type yoloForm struct {
	boxes  int // how many
	count  int // of classes; 0: not known
	coords yoloPart
	scores yoloPart
	extra  int // where factors of masks, key points or the angle begin among the values of a box
	points keypointForm
	masks  maskForm
}

// yoloPart is values of all boxes: those from first on of the values that an output has for each.
type yoloPart struct {
	output int
	rows   bool // the values of a box are beside each other, [1,N,values], not [1,values,N]
	size   int  // how many values the output has for a box
	first  int
}

// at is value k of box i.
func (p *yoloPart) at(v []float32, boxes, i, k int) float32 {
	if p.rows {
		return v[i*p.size+k]
	}
	return v[k*boxes+i]
}

// keypointForm is how many key points an object has, of how many values each.
type keypointForm struct {
	names  []string
	values int
}

// yoloValues are the values of the outputs in one run.
type yoloValues struct {
	coords, scores, masks []float32
}

// values reads the outputs.
func (y *YOLO) values(out pipeline.Outputs, b *buffers) (v yoloValues, err error) {
	if v.coords, err = values(out.Output(y.coords.output), y.boxes*y.coords.size, &b.a); err != nil {
		return v, err
	}
	v.scores = v.coords
	if y.scores.output != y.coords.output {
		if v.scores, err = values(out.Output(y.scores.output), y.boxes*y.scores.size, &b.b); err != nil {
			return v, err
		}
	}
	if y.masks.factors > 0 {
		v.masks, err = values(out.Output(y.masks.output), y.masks.factors*y.masks.width*y.masks.height, &b.c)
	}
	return v, err
}

// form finds out what the outputs hold.
func (y *YOLO) form(outputs []tensor.Info) (f yoloForm, err error) {
	at, protos, separate := 0, -1, -1
	switch {
	case y.opts.Output != "" || len(outputs) < 2:
		if at, err = selectOutput(outputs, y.opts.Output, "a YOLO model has one output, boxes with their scores"); err != nil {
			return f, err
		}
	case len(outputs) == 2 && len(outputs[0].Shape) == 3 && len(outputs[1].Shape) == 4:
		at, protos = 0, 1
	case len(outputs) == 2 && len(outputs[0].Shape) == 4 && len(outputs[1].Shape) == 3:
		at, protos = 1, 0
	case len(outputs) == 2 && len(outputs[0].Shape) == 3 && len(outputs[1].Shape) == 3 && y.opts.Layout == YOLOv8 && y.opts.Head == YOLOBoxes:
		if at, separate, err = boxesAndScores(outputs); err != nil {
			return f, err
		}
	default:
		_, err = selectOutput(outputs, "", "a YOLO model has one output, boxes with their scores, with prototypes of masks as a second; YOLOv8's boxes and scores may be two")
		return f, err
	}
	for _, i := range []int{at, protos, separate} {
		if i >= 0 {
			if err := checkReadable(outputs[i]); err != nil {
				return f, err
			}
		}
	}
	shape := outputs[at].Shape
	if len(shape) != 3 || shape[0] != 1 || shape[1] < 1 || shape[2] < 1 {
		return f, y.wrong("the output does not hold boxes", outputs[at])
	}
	if protos >= 0 {
		if f.masks, err = y.maskForm(protos, outputs[protos]); err != nil {
			return f, err
		}
	}
	if separate >= 0 {
		err = y.separate(&f, at, separate, outputs)
	} else {
		err = y.together(&f, at, outputs[at])
	}
	if err == nil {
		err = y.checkUnit(f, outputs)
	}
	return f, err
}

// wrong is the error of an output that does not have the layout.
func (y *YOLO) wrong(why string, info tensor.Info) error {
	return fmt.Errorf("%s; want [1,N,5+C] (yolov5), [1,4+C,N] (yolov8) or [1,N,6] (yolo_end2end) for N boxes and C classes; the model has %s", why, info)
}

// together is the form of an output with boxes and their scores.
func (y *YOLO) together(f *yoloForm, at int, info tensor.Info) error {
	o, shape := &y.opts, info.Shape
	switch {
	case o.Layout != YOLOAuto:
	case shape[1] == shape[2]:
		return y.wrong("the output is square, so its layout must be named", info)
	case shape[1] > shape[2]:
		o.Layout = YOLOv5
	default:
		o.Layout = YOLOv8
	}
	rows := true
	if o.Layout == YOLOv8 {
		first, second := y.expected(f, shape[1]), y.expected(f, shape[2])
		cells := func(n int) bool { return gridOf(n, y.height, y.width) == oneGrid }
		switch {
		case first != second:
			rows = second
		case cells(shape[1]) != cells(shape[2]):
			rows = cells(shape[1])
		case shape[1] == shape[2]:
			return y.wrong("the output is square, so nothing tells boxes from their values: give the labels", info)
		default:
			rows = shape[1] > shape[2]
		}
	}
	size, boxes := shape[1], shape[2]
	if rows {
		size, boxes = boxes, size
	}
	first := map[YOLOLayout]int{YOLOv5: 5, YOLOv8: 4, YOLOEnd2End: 6}[o.Layout]
	f.boxes = boxes
	f.coords = yoloPart{output: at, rows: rows, size: size}
	f.scores = yoloPart{output: at, rows: rows, size: size, first: first}
	left := size - first - f.masks.factors // for classes and what the head has
	var err error
	switch {
	case o.Head == YOLOPose:
		f.count, f.points, err = y.keypointForm(left)
	case o.Head == YOLORotated:
		f.count = left - 1
	default:
		f.count = left
	}
	if err != nil {
		return y.wrong(err.Error(), info)
	}
	if o.Layout == YOLOEnd2End {
		if f.count != 0 {
			return y.wrong(fmt.Sprintf("%s leaves %d values of the %d of a box unread", y.decoderName(o.Pixels), f.count, size), info)
		}
		f.extra = first
		return nil
	}
	if f.count < 1 {
		return y.wrong(fmt.Sprintf("%v%v leaves no class", o.Layout, o.Head), info)
	}
	f.extra = first + f.count
	return nil
}

// known is how many classes there are by the labels; 0: that is not known.
func (y *YOLO) known() int {
	if y.opts.Classes > 0 {
		return y.opts.Classes
	}
	return max(len(y.opts.Labels)-y.opts.LabelOffset, 0)
}

// expected says whether a box of YOLOv8 has so many values by the number of labels.
func (y *YOLO) expected(f *yoloForm, size int) bool {
	n := y.known()
	if n == 0 {
		return false
	}
	switch y.opts.Head {
	case YOLOPose:
		_, _, err := y.keypointForm(size - 4)
		return err == nil
	case YOLORotated:
		return size == 5+n
	}
	return size == 4+n+f.masks.factors
}

// boxesAndScores are the outputs with boxes and with scores.
func boxesAndScores(outputs []tensor.Info) (boxes, scores int, err error) {
	four := func(i int) bool { return slices.Contains(outputs[i].Shape[1:], 4) }
	switch {
	case four(0) == four(1):
		return 0, 0, fmt.Errorf("one output must hold boxes, [1,N,4] or [1,4,N], and the other their scores; the model has %s", list("output", outputs))
	case four(0):
		return 0, 1, nil
	}
	return 1, 0, nil
}

// separate is the form of two outputs, with boxes and with scores.
func (y *YOLO) separate(f *yoloForm, boxes, scores int, outputs []tensor.Info) error {
	b, s := outputs[boxes].Shape, outputs[scores].Shape
	rows := b[2] == 4
	n := b[1]
	if !rows {
		n = b[2]
	}
	if s[0] != 1 || s[1] == n == (s[2] == n) {
		return fmt.Errorf("the scores are not those of %d boxes; the model has %s", n, list("output", outputs))
	}
	f.boxes = n
	f.coords = yoloPart{output: boxes, rows: rows, size: 4}
	f.scores = yoloPart{output: scores, rows: s[1] == n, size: s[1]}
	if f.scores.rows {
		f.scores.size = s[2]
	}
	f.count = f.scores.size
	return nil
}

// keypointForm is how many classes and which key points values of a box are that are neither its place nor, end to end, its
// score and class.
func (y *YOLO) keypointForm(values int) (classes int, k keypointForm, err error) {
	k = keypointForm{y.opts.Keypoints, y.opts.KeypointValues}
	if len(k.names) == 0 {
		k.names = PoseKeypoints()
	}
	classes = max(y.known(), 1)
	if y.opts.Layout == YOLOEnd2End {
		classes = 0
	}
	for _, per := range []int{3, 2} {
		if (k.values == 0 || k.values == per) && classes+per*len(k.names) == values {
			k.values = per
			return classes, k, nil
		}
	}
	return 0, k, fmt.Errorf("the %d values of a box behind its place are not %s and %d key points of 2 or 3 values: keypoints: must name all key points, and labels: all classes",
		values, classCount(classes), len(k.names))
}

func classCount(n int) string {
	if n == 1 {
		return "one class"
	}
	return fmt.Sprintf("%d classes", n)
}

// checkUnit holds the unit of the boxes against the largest value that a quantized output can have, and its steps against
// what scores need.
func (y *YOLO) checkUnit(f yoloForm, outputs []tensor.Info) error {
	if err := checkUnit(outputs[f.coords.output], y.opts.Pixels, y.decoderName); err != nil {
		return err
	}
	s := outputs[f.scores.output]
	if steps := quantizedStep(s); steps > 0.25 {
		return fmt.Errorf("its scores, from 0 to 1, share an output with values whose quantization has steps of %.3g, so that all that are not certain become 0: "+
			"export it with boxes from 0 to 1, with floats as output or with scores apart; %s", steps, s)
	}
	return nil
}

// quantizedStep is the difference of neighbouring values of an output of 8 bits; 0: it is none.
func quantizedStep(info tensor.Info) float32 {
	if (info.Type != tensor.UInt8 && info.Type != tensor.Int8) || !info.Quantization.Quantized() {
		return 0
	}
	return info.Quantization.Scale()
}

// checkUnit says whether boxes of a quantized output can be in that unit. name is the decoder of a unit.
func checkUnit(info tensor.Info, pixels bool, name func(pixels bool) string) error {
	most := map[tensor.Type]float32{tensor.UInt8: math.MaxUint8, tensor.Int8: math.MaxInt8}[info.Type]
	if most == 0 || !info.Quantization.Quantized() {
		return nil
	}
	largest := info.Quantization.Scale() * (most - float32(info.Quantization.ZeroPoint()))
	switch {
	case pixels && largest <= 2:
		return fmt.Errorf("its boxes cannot be in pixels, as no value exceeds %.3g: use the decoder %s; %s", largest, name(false), info)
	case !pixels && largest > 8:
		return fmt.Errorf("its boxes cannot be normalized to 0 to 1, as values reach %.3g: if they are in pixels, use the decoder that ends in _pixels, %s; %s", largest, name(true), info)
	default:
		return nil
	}
}
