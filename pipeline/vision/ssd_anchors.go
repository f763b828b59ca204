package vision

import (
	"fmt"
	"math"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// SSDAnchorsOutputs say which output of a model is which, by index.
type SSDAnchorsOutputs struct {
	Boxes  int // [1,N,4+2K]: a box and K key points for each anchor
	Scores int // [1,N,C]: a score for each anchor and class
}

// SSDAnchorsOptions are the options of SSDAnchors. Names and meanings are those of MediaPipe's SsdAnchorsCalculator,
// TensorsToDetectionsCalculator and NonMaxSuppressionCalculator.
type SSDAnchorsOptions struct {
	Options
	Anchors AnchorOptions
	// FixedAnchors are the anchors themselves, in place of Anchors; nil: those are.
	FixedAnchors []Anchor
	// Outputs may be left out (nil) when the two outputs are of different shapes, so that only one can be the
	// boxes.
	Outputs *SSDAnchorsOutputs
	// XScale, YScale, WScale and HScale divide the model's values: 0 is the input's width (X, W) or height (Y, H).
	XScale, YScale, WScale, HScale float32
	// YFirst: the model gives y before x and height before width.
	YFirst bool
	// Exponential: the model gives the logarithm of width and height.
	Exponential bool
	// Background: the first class is the background, which is never found. Class 0 is then the one behind it.
	Background bool
	// NoSigmoid: scores are probabilities already. Otherwise they are logits, kept within ±ScoreClipping (0: 100).
	NoSigmoid     bool
	ScoreClipping float32
	// NMSThreshold is the intersection over union, above 0 and at most 1, above which two boxes of one class are the same
	// object.
	NMSThreshold float32
	Suppression  Suppression
	// Keypoints are the names of the key points, K of them.
	Keypoints []string

	second *landmarkModel // for which detections also get the corners of the whole box as key points; see wholeBox
}

// SSDAnchors is a task that finds objects with an SSD model whose boxes are relative to anchors, as those of MediaPipe's
// face detectors are. It is a pipeline.Task of frames.
type SSDAnchors struct {
	*Input
	classes *classes
	opts    SSDAnchorsOptions
	anchors []Anchor
	coords  int // values for each anchor: 4 and two for each key point
	count   int // scores for each anchor
	least   float32
	buffers bufferPool
}

var _ pipeline.Task[*Frame] = (*SSDAnchors)(nil)

// NewSSDAnchors makes the task for a model with these inputs and outputs. The model must have one input, a picture (see
// NewInput), and the two outputs that SSDAnchorsOutputs describes, with as many anchors as the options give. Whoever
// makes the task closes it.
func NewSSDAnchors(inputs, outputs []tensor.Info, o SSDAnchorsOptions) (*SSDAnchors, error) {
	a, err := newSSDAnchors(inputs, outputs, o)
	return named("detect", a, err)
}

func newSSDAnchors(inputs, outputs []tensor.Info, o SSDAnchorsOptions) (*SSDAnchors, error) {
	in, err := picture("detect", inputs)
	if err != nil {
		return nil, err
	}
	if len(in.Shape) != 4 {
		_, err := NewInput(in, o.Input)
		return nil, err
	}
	y, x, _ := PictureAxes(in.Shape)
	height, width := in.Shape[y], in.Shape[x]
	a := &SSDAnchors{opts: o.withDefaults(width, height), coords: 4 + 2*len(o.Keypoints)}
	if a.anchors, err = o.anchors(width, height); err != nil {
		return nil, err
	}
	roles, err := ssdAnchorsOutputs(outputs, o.Outputs, len(a.anchors), a.coords)
	if err != nil {
		return nil, err
	}
	a.opts.Outputs = &roles
	a.count = outputs[roles.Scores].Shape[2]
	if !(o.NMSThreshold > 0 && o.NMSThreshold <= 1) {
		return nil, fmt.Errorf("invalid nms_threshold %v (want more than 0, at most 1)", o.NMSThreshold)
	}
	if o.Background && a.count < 2 {
		return nil, fmt.Errorf("the model has no class but the background: %s", list("output", outputs))
	}
	if a.classes, err = newClasses(o.Options, a.count-a.background()); err != nil {
		return nil, err
	}
	a.least = a.minRawScore()
	a.Input, err = NewInput(in, o.Input)
	return a, err
}

func (o SSDAnchorsOptions) withDefaults(width, height int) SSDAnchorsOptions {
	for _, scale := range []struct {
		v    *float32
		size int
	}{{&o.XScale, width}, {&o.YScale, height}, {&o.WScale, width}, {&o.HScale, height}} {
		if *scale.v == 0 {
			*scale.v = float32(scale.size)
		}
	}
	if o.ScoreClipping == 0 {
		o.ScoreClipping = 100
	}
	return o
}

// anchors are those for an input of width × height pixels.
func (o SSDAnchorsOptions) anchors(width, height int) ([]Anchor, error) {
	if o.FixedAnchors != nil {
		return o.FixedAnchors, nil
	}
	return Anchors(o.Anchors, width, height)
}

// fits says whether the outputs have the shapes for the anchors.
func (o SSDAnchorsOptions) fits(m ModelInfo) Fit {
	if len(m.Inputs) != 1 || len(m.Inputs[0].Shape) != 4 {
		return NoFit
	}
	anchors, err := o.anchors(m.Inputs[0].Shape[2], m.Inputs[0].Shape[1])
	if err != nil {
		return NoFit
	}
	if _, err := ssdAnchorsOutputs(m.Outputs, o.Outputs, len(anchors), 4+2*len(o.Keypoints)); err != nil {
		return NoFit
	}
	return Possible
}

// ssdAnchorsOutputs checks the outputs; without roles it finds them by shape, where that leaves one way only.
func ssdAnchorsOutputs(outputs []tensor.Info, given *SSDAnchorsOutputs, anchors, coords int) (SSDAnchorsOutputs, error) {
	wrong := func(why string) (SSDAnchorsOutputs, error) {
		return SSDAnchorsOutputs{}, fmt.Errorf("%s; want boxes [1,%d,%d] and scores [1,%d,C]; the model has %s",
			why, anchors, coords, anchors, list("output", outputs))
	}
	fits := func(i, last int) bool {
		if i < 0 || i >= len(outputs) {
			return false
		}
		s := outputs[i].Shape
		return len(s) == 3 && s[0] == 1 && s[1] == anchors && (s[2] == last || last < 0 && s[2] > 0)
	}
	var roles SSDAnchorsOutputs
	switch {
	case given != nil:
		roles = *given
	case len(outputs) != 2:
		return wrong("the outputs do not fit")
	case fits(0, coords) && fits(1, coords):
		return wrong("either output could hold the boxes")
	case fits(1, coords):
		roles = SSDAnchorsOutputs{Boxes: 1, Scores: 0}
	default:
		roles = SSDAnchorsOutputs{Boxes: 0, Scores: 1}
	}
	if !fits(roles.Boxes, coords) || !fits(roles.Scores, -1) || roles.Boxes == roles.Scores {
		return wrong("the outputs do not fit")
	}
	for _, i := range []int{roles.Boxes, roles.Scores} {
		if err := checkReadable(outputs[i]); err != nil {
			return roles, err
		}
	}
	return roles, nil
}

// minRawScore is a raw score below which none reaches the threshold, a little low, so that the exact comparison is made
// only for the few that are near it or above.
func (a *SSDAnchors) minRawScore() float32 {
	t := float64(a.classes.threshold)
	switch {
	case a.opts.NoSigmoid:
		return a.classes.threshold
	case t <= 0:
		return float32(math.Inf(-1))
	case t >= 1:
		return -a.opts.ScoreClipping
	default:
		return float32(math.Log(t/(1-t))) - 0.01
	}
}

// landmarkModel is the second step.
func (a *SSDAnchors) landmarkModel() *landmarkModel { return a.opts.second }

// Name is "detect".
func (a *SSDAnchors) Name() string { return "detect" }

// Decode gives the objects, best first; of equal scores the one of the earlier anchor comes first.
func (a *SSDAnchors) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	if p.Width <= 0 || p.Height <= 0 {
		return pipeline.Result{}, errNoPlacement
	}
	b := a.buffers.get()
	defer a.buffers.put(b)
	boxes, err := values(out.Output(a.opts.Outputs.Boxes), len(a.anchors)*a.coords, &b.a)
	if err != nil {
		return pipeline.Result{}, err
	}
	scores, err := values(out.Output(a.opts.Outputs.Scores), len(a.anchors)*a.count, &b.b)
	if err != nil {
		return pipeline.Result{}, err
	}
	found, err := a.decode(boxes, scores, b)
	if err != nil {
		return pipeline.Result{}, err
	}
	kept := suppress(found, a.opts.NMSThreshold, a.opts.Suppression)
	names := a.opts.Keypoints
	if a.opts.second != nil {
		names = withCorners(kept, names)
	}
	results, err := a.classes.detections(kept, float64(a.width), float64(a.height), p, names, nil)
	return pipeline.Result{Detections: results}, err
}

// decode is the boxes whose scores reach the threshold, 0 to 1 of the input. They lie in b.
func (a *SSDAnchors) decode(boxes, scores []float32, b *buffers) ([]candidate, error) {
	b.found, b.points = b.found[:0], b.points[:0]
	for i, anchor := range a.anchors {
		class, raw := a.bestClass(scores[i*a.count+a.background() : (i+1)*a.count])
		if class < 0 {
			continue
		}
		score := raw
		if !a.opts.NoSigmoid {
			score = sigmoid(max(-a.opts.ScoreClipping, min(raw, a.opts.ScoreClipping)))
		}
		if isNaN(score) {
			return nil, errNoScore
		}
		if score < a.classes.threshold {
			continue
		}
		c, ok := a.relative(boxes[i*a.coords:(i+1)*a.coords], anchor)
		if !ok {
			continue
		}
		c.score, c.class, c.source = score, class, i
		b.found = append(b.found, c)
		for k := range a.opts.Keypoints {
			x, y := a.pair(boxes[i*a.coords+4+2*k:])
			b.points = append(b.points, [2]float32{float32(x/a.opts.XScale*anchor.W) + anchor.X, float32(y/a.opts.YScale*anchor.H) + anchor.Y})
		}
	}
	for i := range b.found { // only now, because points may have moved while it grew
		n := len(a.opts.Keypoints)
		b.found[i].points = b.points[i*n : (i+1)*n : (i+1)*n]
	}
	return b.found, nil
}

// background is how many classes are the background.
func (a *SSDAnchors) background() int {
	if a.opts.Background {
		return 1
	}
	return 0
}

// bestClass is the wanted class with the highest raw score, the lower one of equals; -1: none reaches the threshold.
func (a *SSDAnchors) bestClass(raw []float32) (int, float32) {
	class, best := -1, float32(0)
	for i, v := range raw {
		if isNaN(v) {
			return i, v // for the caller to refuse
		}
		if v >= a.least && (class < 0 || v > best) && a.classes.wants(i) {
			class, best = i, v
		}
	}
	return class, best
}

// pair is two values as x and y.
func (a *SSDAnchors) pair(v []float32) (x, y float32) {
	if a.opts.YFirst {
		return v[1], v[0]
	}
	return v[0], v[1]
}

// relative is a box from the model's values and its anchor; false when it has no area.
func (a *SSDAnchors) relative(v []float32, anchor Anchor) (candidate, bool) {
	x, y := a.pair(v)
	w, h := a.pair(v[2:])
	x, y = float32(x/a.opts.XScale*anchor.W)+anchor.X, float32(y/a.opts.YScale*anchor.H)+anchor.Y
	w, h = w/a.opts.WScale, h/a.opts.HScale
	if a.opts.Exponential {
		w, h = float32(math.Exp(float64(w))), float32(math.Exp(float64(h)))
	}
	halfW, halfH := float32(w*anchor.W/2), float32(h*anchor.H/2)
	box := [4]float32{x - halfW, y - halfH, x + halfW, y + halfH}
	return candidate{box: box}, box[0] < box[2] && box[1] < box[3]
}
