package vision

import (
	"fmt"
	"math"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// DetectionOutputs say which output of a model is which, by index. Models order them differently, and their names and
// sizes do not tell them apart; the order of the outputs of the TFLite_Detection_PostProcess operator does, which
// whoever reads the model knows: boxes, classes, scores, count.
type DetectionOutputs struct {
	Boxes   int // [1,N,4]: ymin, xmin, ymax, xmax, 0 to 1 of the input's height and width
	Classes int // [1,N]: the class of each box
	Scores  int // [1,N]: its score
	Count   int // [1]: how many of the N boxes hold something
}

// DetectOptions are the options of Detect.
type DetectOptions struct {
	Options
	Outputs DetectionOutputs
	// PerBox is how many rows each box has that the count counts, one behind the other: a row for each of its best
	// classes, as TFLite_Detection_PostProcess gives them with fast non-maximum suppression and several classes a
	// detection. 0: 1.
	PerBox int
}

// Detect is a task that finds objects with a model that ends in TFLite_Detection_PostProcess, which decodes boxes and applies
// non-maximum suppression itself. It is a pipeline.Task of frames.
type Detect struct {
	*Input
	classes *classes
	roles   DetectionOutputs
	perBox  int
	buffers bufferPool
}

var _ pipeline.Task[*Frame] = (*Detect)(nil)

// NewDetect makes the task for a model with these inputs and outputs. The model must have one input, a picture (see
// NewInput), and the four outputs that DetectionOutputs describes, quantized or not. Whoever makes the task closes it.
func NewDetect(inputs, outputs []tensor.Info, o DetectOptions) (*Detect, error) {
	d, err := newDetect(inputs, outputs, o)
	return named("detect", d, err)
}

func newDetect(inputs, outputs []tensor.Info, o DetectOptions) (*Detect, error) {
	in, err := picture("detect", inputs)
	if err != nil {
		return nil, err
	}
	d := &Detect{roles: o.Outputs, perBox: max(1, o.PerBox)}
	if err := checkDetectionOutputs(outputs, o.Outputs); err != nil {
		return nil, err
	}
	if d.classes, err = newClasses(o.Options, 0); err != nil {
		return nil, err
	}
	d.Input, err = NewInput(in, o.Input)
	return d, err
}

// checkDetectionOutputs says what is wrong with the outputs.
func checkDetectionOutputs(outputs []tensor.Info, roles DetectionOutputs) error {
	wrong := func(why string) error {
		return fmt.Errorf("%s; want the outputs of TFLite_Detection_PostProcess: boxes [1,N,4], classes [1,N], "+
			"scores [1,N] and count [1]; the model has %s", why, list("output", outputs))
	}
	each := []int{roles.Boxes, roles.Classes, roles.Scores, roles.Count}
	for i, at := range each {
		if at < 0 || at >= len(outputs) {
			return wrong(fmt.Sprintf("there is no output %d", at))
		}
		if slices.Contains(each[:i], at) {
			return wrong(fmt.Sprintf("output %d has two roles", at))
		}
		if err := checkReadable(outputs[at]); err != nil {
			return err
		}
	}
	boxes := outputs[roles.Boxes].Shape
	if len(boxes) != 3 || boxes[0] != 1 || boxes[1] < 1 || boxes[2] != 4 {
		return wrong(fmt.Sprintf("output %d does not hold boxes", roles.Boxes))
	}
	n := boxes[1]
	for _, role := range []struct {
		name string
		at   int
	}{{"classes", roles.Classes}, {"scores", roles.Scores}} {
		if !slices.Equal(outputs[role.at].Shape, []int{1, n}) {
			return wrong(fmt.Sprintf("output %d does not hold %s for %d boxes", role.at, role.name, n))
		}
	}
	if outputs[roles.Count].Elements() != 1 {
		return wrong(fmt.Sprintf("output %d does not hold one count", roles.Count))
	}
	return nil
}

// Name is "detect".
func (d *Detect) Name() string { return "detect" }

// Decode gives the objects, best first; of equal scores the one that the model gave first comes first.
func (d *Detect) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if p.Width <= 0 || p.Height <= 0 {
		return pipeline.Result{}, errNoPlacement
	}
	b := d.buffers.get()
	defer d.buffers.put(b)
	// Counted in each run: the compiled model and the one for the CPU may give different numbers of boxes.
	n := out.Output(d.roles.Scores).Elements()
	var each [4][]float32
	var err error
	for i, of := range []struct {
		role, n int
		buf     *[]float32
	}{{d.roles.Boxes, 4 * n, &b.a}, {d.roles.Classes, n, &b.b}, {d.roles.Scores, n, &b.c}, {d.roles.Count, 1, &b.d}} {
		if each[i], err = values(out.Output(of.role), of.n, of.buf); err != nil {
			return pipeline.Result{}, err
		}
	}
	if b.order, err = d.classes.aboveThreshold(each[1], each[2], each[3][0]*float32(d.perBox), b.order[:0]); err != nil {
		return pipeline.Result{}, err
	}
	b.found = b.found[:0]
	for _, i := range b.order {
		box, class := each[0][4*i:4*i+4], -1
		if v := each[1][i]; v >= 0 && v <= math.MaxInt32 { // not NaN
			class = int(v)
		}
		b.found = append(b.found, candidate{box: [4]float32{box[1], box[0], box[3], box[2]}, score: each[2][i], class: class})
	}
	found, err := d.classes.detections(b.found, float64(d.width), float64(d.height), p, nil, nil)
	return pipeline.Result{Detections: found}, err
}

// aboveThreshold is which rows are wanted, best first. The count is what the model says, kept within what there is: what lies
// behind it was there before.
func (c *classes) aboveThreshold(class, score []float32, count float32, order []int) ([]int, error) {
	n := 0
	if count > 0 { // a count that is not a number is none
		n = int(min(count, float32(len(score))))
	}
	for i := range n {
		if !finite(score[i]) {
			return order, errNoScore
		}
		if score[i] >= c.threshold && c.wants(int(class[i])) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case score[a] > score[b]:
			return -1
		case score[a] < score[b]:
			return 1
		default:
			return 0
		}
	})
	return order, nil
}
