package vision

import (
	"fmt"
	"math"
	"slices"

	"corallite/internal/score"
	"corallite/tflite/tensor"
)

// planarMask says whether an output of four axes has a class after the other, [1,classes,height,width]: where only that has
// the proportions of the input, unless it is tiny, and where both or neither have, if the input has a channel after the other.
func planarMask(in tensor.Info, shape []int) bool {
	if len(in.Shape) != 4 {
		return false // which the input is refused for
	}
	y, x, c := PictureAxes(in.Shape)
	fits := func(h, w int) bool { return h > 0 && w > 0 && h*in.Shape[x] == w*in.Shape[y] }
	if last, first := fits(shape[1], shape[2]), fits(shape[2], shape[3]); last != first && shape[3] > 4 {
		return first
	}
	return c == 1
}

// planarArgmax is argmax of scores that lie class by class.
func planarArgmax(to []uint16, scores []float32) bool {
	clear(to)
	best := scores[:len(to)]
	if slices.ContainsFunc(best, isNaN) {
		return false
	}
	best = slices.Clone(best)
	for class := 1; class*len(to) < len(scores); class++ {
		for i, v := range scores[class*len(to) : (class+1)*len(to)] {
			if v > best[i] {
				best[i], to[i] = v, uint16(class)
			} else if isNaN(v) {
				return false
			}
		}
	}
	return true
}

// foreground tells what is foreground by one value for each pixel.
type foreground struct {
	least  float32 // of the values
	scores bool    // values are from 0 to 1
}

// newForeground reads the options of a mask with one channel, and completes its labels: background, and what is not.
func newForeground(o *Options, info tensor.Info) (*foreground, error) {
	threshold := float64(o.ScoreThreshold)
	if threshold == 0 {
		threshold = 0.5
	}
	if !(threshold > 0 && threshold < 1) {
		return nil, fmt.Errorf("invalid score_threshold %v (want more than 0 and less than 1 for a mask of one channel)", threshold)
	}
	if o.LabelOffset != 0 || len(o.Labels) > 2 {
		return nil, fmt.Errorf("a mask of one channel has one label, or two with that of the background before it; there are %d, and the label offset is %d", len(o.Labels), o.LabelOffset)
	}
	switch len(o.Labels) {
	case 0:
		o.Labels = []string{"background", "foreground"}
	case 1:
		o.Labels = []string{"background", o.Labels[0]}
	}
	f := &foreground{float32(threshold), o.Activation != score.Sigmoid && o.Activation != score.None}
	switch o.Activation {
	case score.Sigmoid:
		f.least = float32(math.Log(threshold / (1 - threshold)))
	case score.Softmax:
		return nil, fmt.Errorf("activation: softmax has no meaning for one channel: use sigmoid where it gives logits; %s", info)
	}
	return f, nil
}

// mark writes 1 for what is foreground and 0 for the rest. Values that are not from 0 to 1 without an activation are refused:
// cut at a score, logits would give another mask.
func (f *foreground) mark(to []uint16, values []float32) error {
	const rounding = 0.01 // of a quantized sigmoid
	for i, v := range values {
		switch {
		case isNaN(v):
			return errNoScore
		case f.scores && (v < -rounding || v > 1+rounding):
			return fmt.Errorf("the mask has the value %.3g, which is not a score from 0 to 1 (a logit?): set activation: sigmoid", v)
		case v >= f.least:
			to[i] = 1
		default:
			to[i] = 0
		}
	}
	return nil
}
