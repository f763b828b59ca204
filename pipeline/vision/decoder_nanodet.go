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

// nanodet reads NanoDet and NanoDet-Plus, which the number of their places tells apart.
var nanodet = &Decoder{
	Name:        "nanodet",
	Description: "NanoDet and NanoDet-Plus, [1,N,C+32]: N places, each with a score for each of C classes and how likely each of 8 distances to the 4 sides of its box is",
	Input:       nanodetInput(false),
	Fits: func(m ModelInfo) Fit {
		if len(m.Inputs) != 1 || len(m.Outputs) != 1 {
			return NoFit
		}
		if _, err := nanodetPlaces(m.Inputs[0], m.Outputs[0]); err != nil {
			return NoFit
		}
		return Possible
	},
	NMSThreshold: 0.6,
	New: func(m ModelInfo, s Settings) (Task, error) {
		plus := false
		if len(m.Inputs) == 1 && len(m.Outputs) > 0 {
			if places, err := nanodetPlaces(m.Inputs[0], m.Outputs[0]); err == nil {
				plus = places[len(places)-1].stride == nanodetPlusStride
			}
		}
		o, err := s.options(m, &Decoder{Input: nanodetInput(plus)}, nil)
		if err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		return asTask(NewNanoDet(m.Inputs, m.Outputs, NanoDetOptions{Options: o, NMSThreshold: float32(s.NMSThreshold), Output: s.Output}))
	},
}

// nanodetInput is how pictures are put into the models (their configurations' keep_ratio and normalize): blue, green, red; with
// black bars around them, or stretched for NanoDet-Plus.
func nanodetInput(plus bool) InputOptions {
	o := InputOptions{Resize: Letterbox, Order: BGR, Mean: []float32{103.53, 116.28, 123.675}, Std: []float32{57.375, 57.12, 58.395}}
	if plus {
		o.Resize = Stretch
	}
	return o
}

const (
	nanodetBins       = 8  // reg_max + 1
	nanodetPlusStride = 64 // the last one, which NanoDet does not have
)

// NanoDetOptions are the options of NanoDet. Scores are probabilities, 0 to 1, as NanoDet's export_onnx.py gives them.
type NanoDetOptions struct {
	Options
	// NMSThreshold is the intersection over union, above 0 and at most 1, above which two boxes of one class are the same
	// object; NanoDet's is 0.6.
	NMSThreshold float32
	Output       string // the name of the output; "" when the model has one
}

// NanoDet is a task that finds objects with a NanoDet or NanoDet-Plus model, whose output has for each place of the input the
// scores of the classes and the distributions of the distances from there to the sides of a box ("Generalized Focal Loss",
// Li and others, 2020). NanoDet's places are the middles of cells of 8, 16 and 32 pixels; those of NanoDet-Plus are the upper
// left corners of cells of 8, 16, 32 and 64 (gfl_head.py and nanodet_plus_head.py of github.com/RangiLyu/nanodet at be9b4a9). It is
// a pipeline.Task of frames.
type NanoDet struct {
	*Input
	classes *classes
	opts    NanoDetOptions
	output  int
	places  []nanodetPlace
	count   int // of classes
	buffers bufferPool
}

// nanodetPlace is where distances begin, in pixels of the input, and what they are multiplied by.
type nanodetPlace struct{ x, y, stride float32 }

var _ pipeline.Task[*Frame] = (*NanoDet)(nil)

// NewNanoDet makes the task for a model with these inputs and outputs. Whoever makes the task closes it.
func NewNanoDet(inputs, outputs []tensor.Info, o NanoDetOptions) (*NanoDet, error) {
	n, err := newNanoDet(inputs, outputs, o)
	return named("detect", n, err)
}

func newNanoDet(inputs, outputs []tensor.Info, o NanoDetOptions) (*NanoDet, error) {
	in, err := picture("detect", inputs)
	if err != nil {
		return nil, err
	}
	n := &NanoDet{opts: o}
	if n.output, err = selectOutput(outputs, o.Output, "a NanoDet model has one output"); err != nil {
		return nil, err
	}
	if n.places, err = nanodetPlaces(in, outputs[n.output]); err != nil {
		return nil, err
	}
	n.count = outputs[n.output].Shape[2] - 4*nanodetBins
	switch {
	case !(o.NMSThreshold > 0 && o.NMSThreshold <= 1):
		return nil, fmt.Errorf("invalid nms_threshold %v (want more than 0, at most 1)", o.NMSThreshold)
	case o.Activation == score.Softmax || o.Sensitivity != 0 && o.Sensitivity != 1:
		return nil, errors.New("NanoDet outputs support activation sigmoid or none, and no sensitivity")
	}
	if n.classes, err = newClasses(o.Options, n.count); err != nil {
		return nil, err
	}
	n.Input, err = NewInput(in, o.Input)
	return n, err
}

// nanodetPlaces are the places of a model's output for its input.
func nanodetPlaces(in, out tensor.Info) ([]nanodetPlace, error) {
	if err := checkReadable(out); err != nil {
		return nil, err
	}
	wrong := fmt.Errorf("want [1,N,C+%d] with N places of cells of 8, 16 and 32 (NanoDet) or 8, 16, 32 and %d pixels (NanoDet-Plus); the model has the input %s and the output %s",
		4*nanodetBins, nanodetPlusStride, in, out)
	if len(in.Shape) != 4 || len(out.Shape) != 3 || out.Shape[0] != 1 || out.Shape[2] <= 4*nanodetBins {
		return nil, wrong
	}
	y, x, _ := PictureAxes(in.Shape)
	height, width := in.Shape[y], in.Shape[x]
	for _, strides := range [][]int{{8, 16, 32}, {8, 16, 32, nanodetPlusStride}} {
		n := 0
		for _, s := range strides {
			n += ((height + s - 1) / s) * ((width + s - 1) / s)
		}
		if n != out.Shape[1] {
			continue
		}
		middle := float32(0.5)
		if strides[len(strides)-1] == nanodetPlusStride {
			middle = 0
		}
		places := make([]nanodetPlace, 0, n)
		for _, s := range strides {
			for row := range (height + s - 1) / s {
				for column := range (width + s - 1) / s {
					places = append(places, nanodetPlace{(float32(column) + middle) * float32(s), (float32(row) + middle) * float32(s), float32(s)})
				}
			}
		}
		return places, nil
	}
	return nil, wrong
}

// Name is "detect".
func (n *NanoDet) Name() string { return taskDetect }

// Decode gives the objects, best first; of equal scores the one of the earlier place comes first.
func (n *NanoDet) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if p.Width <= 0 || p.Height <= 0 {
		return pipeline.Result{}, errNoPlacement
	}
	b := n.buffers.get()
	defer n.buffers.put(b)
	size := n.count + 4*nanodetBins
	v, err := values(out.Output(n.output), len(n.places)*size, &b.a)
	if err != nil {
		return pipeline.Result{}, err
	}
	b.found = b.found[:0]
	for i, place := range n.places {
		row := v[i*size : (i+1)*size]
		class, best := -1, float32(0)
		for c, s := range row[:n.count] {
			switch {
			case isNaN(s):
				return pipeline.Result{}, errNoScore
			case (class < 0 || s > best) && n.classes.wants(c):
				class, best = c, s
			}
		}
		if n.opts.Activation == score.Sigmoid {
			best = sigmoid(best)
		} else if err := n.classes.checkScore(best); err != nil {
			return pipeline.Result{}, err
		}
		if class < 0 || best < n.classes.threshold {
			continue
		}
		if box, ok := n.box(row[n.count:], place); ok {
			b.found = append(b.found, candidate{box: box, score: best, class: class, source: i})
		}
	}
	found, err := n.classes.detections(suppress(b.found, n.opts.NMSThreshold, KeepBest), float64(n.width), float64(n.height), p, nil, nil)
	return pipeline.Result{Detections: found}, err
}

// box is a box in the input, cut off at its edges, from 0 to 1; false when it has no area.
func (n *NanoDet) box(bins []float32, place nanodetPlace) ([4]float32, bool) {
	var d [4]float32
	for side := range d {
		d[side] = float32(expected(bins[side*nanodetBins:(side+1)*nanodetBins]) * place.stride)
	}
	width, height := float32(n.width), float32(n.height)
	box := [4]float32{
		max(place.x-d[0], 0) / width, max(place.y-d[1], 0) / height,
		min(place.x+d[2], width) / width, min(place.y+d[3], height) / height,
	}
	return box, box[0] < box[2] && box[1] < box[3]
}

// expected is the mean of the numbers from 0 on, each as likely as the softmax of its value.
func expected(v []float32) float32 {
	most := slices.Max(v)
	var sum, weighted float64
	for i, x := range v {
		e := math.Exp(float64(x - most))
		sum += e
		weighted += float64(float64(i) * e)
	}
	return float32(weighted / sum)
}
