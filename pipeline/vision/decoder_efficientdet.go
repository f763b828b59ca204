package vision

import (
	"errors"
	"fmt"
	"math"

	"corallite/internal/schema"
)

// efficientDetLite reads EfficientDet-Lite models without TFLite_Detection_PostProcess, and any other that MediaPipe's metadata
// writer describes in this way: MediaPipe's efficientdet_lite0 and lite2, and what its Model Maker exports.
var efficientDetLite = &Decoder{
	Name:        "efficientdet_lite",
	Description: "EfficientDet-Lite without TFLite_Detection_PostProcess, as MediaPipe has it, [1,N,4] and [1,N,C]: N anchors. Those that are in the file are used, also of other models; otherwise those of lite0 to lite3",
	Input:       efficientDetInput(),
	Fits: func(m ModelInfo) Fit {
		o, described, err := efficientDetOptions(m)
		switch {
		case err != nil || o.fits(m) == NoFit:
			return NoFit
		case described:
			return Certain
		}
		return Possible
	},
	NMSThreshold: 0.3,
	New: func(m ModelInfo, s Settings) (Task, error) {
		a, _, err := efficientDetOptions(m)
		if err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		if err := s.readsSeveral(); err != nil {
			return nil, err
		}
		a.NMSThreshold = float32(s.NMSThreshold)
		if a.Options, err = s.options(m, &Decoder{Input: efficientDetInput()}, nil); err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		return asTask(NewSSDAnchors(m.Inputs, m.Outputs, a))
	},
}

// efficientDetInput is how pictures are put in (mean_rgb and stddev_rgb of google/automl's EfficientDet-Lite), as MediaPipe's
// ObjectDetector does: not cut and without bars.
func efficientDetInput() InputOptions {
	return InputOptions{Mean: []float32{127}, Std: []float32{128}}
}

// efficientDetOptions are those that the model's metadata describe, or else those of EfficientDet-Lite for the model's input.
func efficientDetOptions(m ModelInfo) (o SSDAnchorsOptions, described bool, err error) {
	// Suppression is that of MediaPipe's ObjectDetector.
	o = SSDAnchorsOptions{Suppression: KeepBestOfAll, YFirst: true, Exponential: true, XScale: 1, YScale: 1, WScale: 1, HScale: 1}
	if m.Metadata != nil && m.Metadata.Detector != nil && len(m.Metadata.Detector.Anchors) > 0 {
		err = o.describe(m.Metadata.Detector)
		if of := m.Metadata.Outputs; len(of) == 2 && of[0].Name != of[1].Name { // also where shapes do not tell them apart
			o.Outputs = map[string]*SSDAnchorsOutputs{"location": {Boxes: 0, Scores: 1}, "score": {Boxes: 1, Scores: 0}}[of[0].Name]
		}
		return o, true, err
	}
	if len(m.Inputs) != 1 || len(m.Inputs[0].Shape) != 4 {
		return o, false, errors.New("it has no input for pictures")
	}
	y, x, _ := PictureAxes(m.Inputs[0].Shape)
	o.FixedAnchors, err = efficientDetAnchors(m.Inputs[0].Shape[x], m.Inputs[0].Shape[y])
	return o, false, err
}

// describe takes over what the metadata say.
func (o *SSDAnchorsOptions) describe(d *schema.Detector) error {
	if d.Coords != 4 || d.Keypoints != 0 {
		return fmt.Errorf("its metadata describe boxes of %d values with %d key points, which is not supported (want 4 values and none)", d.Coords, d.Keypoints)
	}
	for _, v := range []float32{d.XScale, d.YScale, d.WScale, d.HScale} {
		if !finite(v) || v <= 0 {
			return fmt.Errorf("its metadata give a box the scale %v (want more than 0)", v)
		}
	}
	for i, a := range d.Anchors {
		if !finite(a[0]) || !finite(a[1]) || !finite(a[2]) || !finite(a[3]) {
			return fmt.Errorf("its metadata have an anchor that is not a finite number: %d", i)
		}
		o.FixedAnchors = append(o.FixedAnchors, Anchor{X: a[0], Y: a[1], W: a[2], H: a[3]})
	}
	o.XScale, o.YScale, o.WScale, o.HScale = d.XScale, d.YScale, d.WScale, d.HScale
	o.Exponential, o.NoSigmoid = d.Exponential, !d.Sigmoid
	return nil
}

// efficientDetScales are the sizes of the smallest anchors over their strides (anchor_scale of hparams_config.py), by the
// width of the input. That of 640 pixels has two models, lite3x and lite4, with two sizes.
var efficientDetScales = map[int]float64{320: 3, 384: 3, 448: 3, 512: 4}

// efficientDetAnchors are the anchors of google/automl's EfficientDet-Lite (efficientdet/tf2/anchors.py at 6a54c87): levels 3 to 7,
// three sizes of an octave, three aspect ratios.
func efficientDetAnchors(width, height int) ([]Anchor, error) {
	scale, known := efficientDetScales[width]
	if !known || width != height {
		return nil, fmt.Errorf("for an input of %dx%d pixels the anchors of EfficientDet-Lite are not known (want 320x320, 384x384, 448x448 or 512x512, or a file with MediaPipe's metadata)", width, height)
	}
	var anchors []Anchor
	cells := width
	for level := 1; level <= 7; level++ {
		cells = (cells + 1) / 2
		if level < 3 {
			continue
		}
		stride := float64(width) / float64(cells)
		for row := range cells {
			for column := range cells {
				for octave := range 3 {
					base := scale * stride * math.Exp2(float64(octave)/3) / float64(width)
					for _, aspect := range []float64{1, 2, 0.5} {
						anchors = append(anchors, Anchor{
							X: float32((float64(column) + 0.5) / float64(cells)), Y: float32((float64(row) + 0.5) / float64(cells)),
							W: float32(base * math.Sqrt(aspect)), H: float32(base / math.Sqrt(aspect)),
						})
					}
				}
			}
		}
	}
	return anchors, nil
}
