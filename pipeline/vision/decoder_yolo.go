package vision

import (
	"fmt"
	"slices"

	"corallite/tflite/tensor"
)

// yoloDecoder is the decoder of a layout and a head.
func yoloDecoder(layout YOLOLayout, head YOLOHead, pixels bool, description string) *Decoder {
	d := &Decoder{Name: yoloDecoderName(layout, head, pixels), Description: description, Input: YOLOInput()}
	if layout != YOLOEnd2End {
		d.NMSThreshold = 0.45
	}
	options := func(m ModelInfo, s Settings) YOLOOptions {
		o := YOLOOptions{Output: s.Output, Layout: layout, Head: head, Pixels: pixels, NMSThreshold: float32(s.NMSThreshold), Keypoints: s.Keypoints}
		if u := m.Ultralytics; u != nil && u.KeypointShape[0] > 0 && len(o.Keypoints) == 0 {
			o.Keypoints = u.keypoints()
		}
		if u := m.Ultralytics; u != nil && u.KeypointShape[0] == len(o.Keypoints) {
			o.KeypointValues = u.KeypointShape[1]
		}
		return o
	}
	d.Fits = func(m ModelInfo) Fit {
		if name, ok := m.ultralyticsDecoder(); ok {
			if name == d.Name {
				return Certain
			}
			return NoFit
		}
		if !layout.fits(m, head) {
			return NoFit
		}
		o := options(m, Settings{})
		o.NMSThreshold = d.NMSThreshold
		o.Input = d.Input
		y, err := NewYOLO(m.Inputs, m.Outputs, o)
		if err != nil {
			return NoFit
		}
		y.Close()
		return Possible
	}
	d.New = func(m ModelInfo, s Settings) (Task, error) {
		if err := m.Ultralytics.check(taskDetect); err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		if len(s.Keypoints) > 0 && head != YOLOPose {
			return nil, fmt.Errorf("detect: the decoder %s gives no key points: remove keypoints:, or name one that ends in _pose", d.Name)
		}
		o := options(m, s)
		var err error
		if o.Options, err = s.options(m, d, nil); err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		y, err := NewYOLO(m.Inputs, m.Outputs, o)
		if err == nil {
			if step := quantizedStep(m.Outputs[y.scores.output]); step > 0.02 {
				m.warn("its scores are quantized in steps of %.2g: boxes with a score near the threshold come and go", step)
			}
		}
		return asTask(y, err)
	}
	return d
}

// fits says whether the outputs could have the layout: models give more boxes than each has values, and how many a raw head
// gives follows from the size of its input.
func (l YOLOLayout) fits(m ModelInfo, head YOLOHead) bool {
	i := slices.IndexFunc(m.Outputs, func(o tensor.Info) bool { return len(o.Shape) == 3 })
	if i < 0 || len(m.Outputs) > 2 || len(m.Inputs) != 1 || len(m.Inputs[0].Shape) != 4 {
		return false
	}
	s := m.Outputs[i].Shape
	boxes := max(s[1], s[2])
	y, x, _ := PictureAxes(m.Inputs[0].Shape)
	anchors := gridOf(boxes, m.Inputs[0].Shape[y], m.Inputs[0].Shape[x])
	switch {
	case head == YOLORotated && len(m.Outputs) > 1, head == YOLOPose && len(m.Outputs) > 1:
		return false
	case l == YOLOv5:
		return s[1] > s[2] && anchors != noGrid
	case l == YOLOEnd2End:
		return s[1] > s[2] && anchors == noGrid && (s[2] == 6 || head != YOLOBoxes || len(m.Outputs) == 2)
	default:
		return anchors != threeGrids && boxes >= fewestBoxes
	}
}

// grid is what a number of boxes says of the head that gives them.
type grid int

const (
	noGrid     grid = iota // they are not one for each cell
	oneGrid                // one for each cell of the usual grids, as heads without anchors give
	threeGrids             // three for each, as YOLOv5 and YOLOv7 have anchors
	anyGrid                // the input is so small, or the boxes so many, that it says nothing
)

// fewestBoxes is how many boxes a raw head gives at least: that of the smallest input, of 32 × 32.
const fewestBoxes = 21

// gridOf holds a number of boxes against the grids of an input.
func gridOf(boxes, height, width int) grid {
	if boxes < fewestBoxes {
		return noGrid
	}
	for _, strides := range [][]int{{8, 16, 32}, {8, 16, 32, 64}, {4, 8, 16, 32}, {16, 32}, {8, 16}} {
		n := 0
		for _, s := range strides {
			n += ((height + s - 1) / s) * ((width + s - 1) / s)
		}
		switch boxes {
		case n:
			return oneGrid
		case 3 * n:
			return threeGrids
		}
	}
	if boxes > 1000 || height < 64 && width < 64 { // end to end models give a few hundred
		return anyGrid
	}
	return noGrid
}
