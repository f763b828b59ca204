package vision

import (
	"errors"
	"fmt"
	"slices"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// fomo reads Edge Impulse's FOMO models, which give a small map of which class each cell of the picture shows.
var fomo = &Decoder{
	Name:        "fomo",
	Description: "Edge Impulse's FOMO, [1,H,W,1+C]: H x W cells of the input with a score for the background and each of C classes. A box is the cells that show an object, which says where its middle is and not how large it is",
	Input:       fomoInput(),
	Fits: func(m ModelInfo) Fit {
		if len(m.Inputs) != 1 || len(m.Outputs) != 1 || fomoGrid(m.Inputs[0], m.Outputs[0]) != nil {
			return NoFit
		}
		return Possible
	},
	New: func(m ModelInfo, s Settings) (Task, error) {
		o, err := s.options(m, &Decoder{Input: fomoInput()}, BackgroundOffset)
		if err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		return asTask(NewFOMO(m.Inputs, m.Outputs, FOMOOptions{Options: o, Output: s.Output}))
	},
}

// fomoInput is how Edge Impulse's programs give pictures to a model unless told otherwise: cut to its proportions (fit the
// shortest axis), from 0 to 1.
func fomoInput() InputOptions {
	return InputOptions{Resize: CenterCrop, Mean: []float32{0}, Std: []float32{255}}
}

// FOMOOptions are the options of FOMO. Labels are those of the classes, without one for the background unless LabelOffset is 1.
type FOMOOptions struct {
	Options
	Output string // the name of the output with the map; "" when the model has one output
}

// FOMO is a task that finds objects with an Edge Impulse FOMO model, whose output is a map of cells [1,H,W,1+C] with scores
// for the background and C classes. Cells of one class that touch are one object, as in Edge Impulse's SDK
// (ei_fill_result_struct.h): its box is around them, its score the highest of them, and its key point "centroid" the middle
// of the box. It is a pipeline.Task of frames.
type FOMO struct {
	*Input
	classes       *classes
	output        int
	rows, columns int
	count         int // of classes with the background
	sigmoid       bool
	buffers       bufferPool
}

var _ pipeline.Task[*Frame] = (*FOMO)(nil)

// NewFOMO makes the task for a model with these inputs and outputs. Whoever makes the task closes it.
func NewFOMO(inputs, outputs []tensor.Info, o FOMOOptions) (*FOMO, error) {
	f, err := newFOMO(inputs, outputs, o)
	return named("detect", f, err)
}

func newFOMO(inputs, outputs []tensor.Info, o FOMOOptions) (*FOMO, error) {
	in, err := picture("detect", inputs)
	if err != nil {
		return nil, err
	}
	f := &FOMO{}
	if f.output, err = selectOutput(outputs, o.Output, "a FOMO model has one output, a map of cells"); err != nil {
		return nil, err
	}
	out := outputs[f.output]
	if err := fomoGrid(in, out); err != nil {
		return nil, err
	}
	f.rows, f.columns, f.count = out.Shape[1], out.Shape[2], out.Shape[3]
	if o.Activation == score.Softmax || o.Sensitivity != 0 && o.Sensitivity != 1 {
		return nil, errors.New("FOMO outputs are scores: they support activation sigmoid or none, and no sensitivity")
	}
	f.sigmoid = o.Activation == score.Sigmoid
	if f.classes, err = newClasses(o.Options, f.count-1); err != nil {
		return nil, err
	}
	f.Input, err = NewInput(in, o.Input)
	return f, err
}

// fomoGrid says why an output is no map of cells of a picture.
func fomoGrid(in, out tensor.Info) error {
	if err := checkReadable(out); err != nil {
		return err
	}
	i, o := in.Shape, out.Shape
	if len(i) != 4 || len(o) != 4 || o[0] != 1 || o[1] < 1 || o[2] < 1 || o[3] < 2 || i[1] < 2*o[1] || i[1]%o[1] != 0 || i[2]%o[2] != 0 || i[1]/o[1] != i[2]/o[2] {
		return fmt.Errorf("its output is no map of cells; want [1,H,W,1+C] with H and W dividing the input's height and width by the same number, for C classes; the model has the input %s and the output %s", in, out)
	}
	return nil
}

// Name is "detect".
func (f *FOMO) Name() string { return taskDetect }

// Decode gives the objects, best first; of equal scores the one whose first cell comes first, row by row.
func (f *FOMO) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if p.Width <= 0 || p.Height <= 0 {
		return pipeline.Result{}, errNoPlacement
	}
	b := f.buffers.get()
	defer f.buffers.put(b)
	v, err := values(out.Output(f.output), f.rows*f.columns*f.count, &b.a)
	if err != nil {
		return pipeline.Result{}, err
	}
	b.found = b.found[:0]
	for row := range f.rows {
		for column := range f.columns {
			cell := v[(row*f.columns+column)*f.count:][:f.count]
			for class := range f.count - 1 {
				s := cell[1+class]
				if f.sigmoid {
					s = sigmoid(s)
				}
				if isNaN(s) {
					return pipeline.Result{}, errNoScore
				}
				if s >= f.classes.threshold && f.classes.wants(class) {
					b.found = addCell(b.found, row, column, class, s)
				}
			}
		}
	}
	height, width := float32(f.rows), float32(f.columns)
	for i := range b.found {
		c := &b.found[i]
		c.box = [4]float32{c.box[0] / width, c.box[1] / height, c.box[2] / width, c.box[3] / height}
		c.points = [][2]float32{{(c.box[0] + c.box[2]) / 2, (c.box[1] + c.box[3]) / 2}}
	}
	slices.SortFunc(b.found, byScore)
	found, err := f.classes.detections(b.found, float64(f.width), float64(f.height), p, []string{"centroid"}, nil)
	return pipeline.Result{Detections: found}, err
}

// addCell adds a cell to the object of its class that it touches, also at a corner, or makes it a new one. Boxes are in cells.
func addCell(found []candidate, row, column, class int, score float32) []candidate {
	cell := [4]float32{float32(column), float32(row), float32(column + 1), float32(row + 1)}
	for i := range found {
		c := &found[i]
		if c.class == class && c.box[0] <= cell[2] && cell[0] <= c.box[2] && c.box[1] <= cell[3] && cell[1] <= c.box[3] {
			c.box = [4]float32{min(c.box[0], cell[0]), min(c.box[1], cell[1]), max(c.box[2], cell[2]), max(c.box[3], cell[3])}
			c.score = max(c.score, score)
			return found
		}
	}
	return append(found, candidate{box: cell, score: score, class: class, source: len(found)})
}
