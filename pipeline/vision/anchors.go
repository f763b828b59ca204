package vision

import (
	"errors"
	"fmt"
	"math"
)

// AnchorOptions describe the grid of boxes that an SSD model's outputs are relative to, with the names and the
// meaning of MediaPipe's SsdAnchorsCalculatorOptions (mediapipe/calculators/tflite/ssd_anchors_calculator.proto).
type AnchorOptions struct {
	// Strides has a layer's step in pixels of the input for each layer. Layers with equal strides that follow each
	// other share one grid.
	Strides []int
	// MinScale and MaxScale are the anchors' sizes in the first and the last layer, 0 to 1 of the input; the layers
	// between are spread evenly.
	MinScale, MaxScale float64
	// OffsetX and OffsetY are where in its cell an anchor lies, 0 to 1; 0.5 is the middle.
	OffsetX, OffsetY float64
	// AspectRatios are the widths over the heights of a layer's anchors.
	AspectRatios []float64
	// InterpolatedScaleAspectRatio, when not 0, adds an anchor of that ratio and of a size between this layer's and
	// the next one's.
	InterpolatedScaleAspectRatio float64
	// ReduceBoxesInLowestLayer gives the first layer three fixed anchors in place of the above.
	ReduceBoxesInLowestLayer bool
	// FixedSize gives all anchors the size of the whole input: the model's sizes are then of the input and not of an
	// anchor.
	FixedSize bool
}

// Anchor is a box that a model's output is relative to: its middle and its size, 0 to 1 of the input.
type Anchor struct{ X, Y, W, H float32 }

// Anchors computes the anchors for an input of width × height pixels, in the order of the model's output: layer by
// layer, row by row. The formula is that of MediaPipe's SsdAnchorsCalculator (ssd_anchors_calculator.cc), which is
// that of W. Liu et al., "SSD: Single Shot MultiBox Detector" (2016), section 2.2, with an anchor more for each layer.
func Anchors(o AnchorOptions, width, height int) ([]Anchor, error) {
	if err := o.check(width, height); err != nil {
		return nil, err
	}
	var anchors []Anchor
	for layer := 0; layer < len(o.Strides); {
		var sizes [][2]float64
		stride := o.Strides[layer]
		for ; layer < len(o.Strides) && o.Strides[layer] == stride; layer++ {
			sizes = append(sizes, o.sizes(layer)...)
		}
		rows, columns := (height+stride-1)/stride, (width+stride-1)/stride
		for y := range rows {
			for x := range columns {
				for _, size := range sizes {
					a := Anchor{
						X: float32((float64(x) + o.OffsetX) / float64(columns)),
						Y: float32((float64(y) + o.OffsetY) / float64(rows)),
						W: float32(size[0]), H: float32(size[1]),
					}
					if o.FixedSize {
						a.W, a.H = 1, 1
					}
					anchors = append(anchors, a)
				}
			}
		}
	}
	return anchors, nil
}

func (o AnchorOptions) check(width, height int) error {
	if len(o.Strides) == 0 {
		return errors.New("anchors: Strides is empty")
	}
	if width < 1 || height < 1 {
		return fmt.Errorf("anchors: invalid input size %dx%d (want at least 1x1)", width, height)
	}
	for _, s := range o.Strides {
		if s < 1 {
			return fmt.Errorf("anchors: invalid stride %d (want at least 1)", s)
		}
	}
	for _, r := range o.AspectRatios {
		if !(r > 0) {
			return fmt.Errorf("anchors: invalid aspect ratio %v (want more than 0)", r)
		}
	}
	if o.InterpolatedScaleAspectRatio < 0 {
		return fmt.Errorf("anchors: invalid InterpolatedScaleAspectRatio %v (want 0 or more)", o.InterpolatedScaleAspectRatio)
	}
	return nil
}

// sizes are the widths and heights of one layer's anchors.
func (o AnchorOptions) sizes(layer int) [][2]float64 {
	of := func(scale, ratio float64) [2]float64 {
		return [2]float64{scale * math.Sqrt(ratio), scale / math.Sqrt(ratio)}
	}
	scale := o.scale(layer)
	if layer == 0 && o.ReduceBoxesInLowestLayer {
		return [][2]float64{of(0.1, 1), of(scale, 2), of(scale, 0.5)}
	}
	var sizes [][2]float64
	for _, ratio := range o.AspectRatios {
		sizes = append(sizes, of(scale, ratio))
	}
	if o.InterpolatedScaleAspectRatio > 0 {
		next := 1.0
		if layer+1 < len(o.Strides) {
			next = o.scale(layer + 1)
		}
		sizes = append(sizes, of(math.Sqrt(scale*next), o.InterpolatedScaleAspectRatio))
	}
	return sizes
}

func (o AnchorOptions) scale(layer int) float64 {
	if len(o.Strides) == 1 {
		return (o.MinScale + o.MaxScale) / 2
	}
	return o.MinScale + (o.MaxScale-o.MinScale)*float64(layer)/float64(len(o.Strides)-1)
}
