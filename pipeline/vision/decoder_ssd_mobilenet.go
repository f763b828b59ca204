package vision

import "fmt"

// ssdMobileNet reads SSD MobileNet and SSDLite models of TensorFlow's object detection API that were exported without
// TFLite_Detection_PostProcess, with the anchors of their usual configuration (ssd_anchor_generator.proto; MediaPipe's
// object_detection graphs have the same).
var ssdMobileNet = &Decoder{
	Name:         "ssd_mobilenet",
	Description:  "SSD MobileNet and SSDLite models without TFLite_Detection_PostProcess, [1,N,4] and [1,N,1+C]: N anchors, the first class the background",
	Fits:         func(m ModelInfo) Fit { return ssdMobileNetOptions().fits(m) },
	NMSThreshold: 0.6,
	New: func(m ModelInfo, s Settings) (Task, error) {
		if err := s.readsSeveral(); err != nil {
			return nil, err
		}
		a := ssdMobileNetOptions()
		a.NMSThreshold = float32(s.NMSThreshold)
		var err error
		if a.Options, err = s.options(m, nil, BackgroundOffset); err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		return asTask(NewSSDAnchors(m.Inputs, m.Outputs, a))
	},
}

func ssdMobileNetOptions() SSDAnchorsOptions {
	return SSDAnchorsOptions{
		Anchors: AnchorOptions{
			Strides: []int{16, 32, 64, 128, 256, 512}, MinScale: 0.2, MaxScale: 0.95, OffsetX: 0.5, OffsetY: 0.5,
			AspectRatios: []float64{1, 2, 0.5, 3, 0.3333}, ReduceBoxesInLowestLayer: true, InterpolatedScaleAspectRatio: 1,
		},
		YFirst: true, Exponential: true, Background: true,
		XScale: 10, YScale: 10, WScale: 5, HScale: 5,
	}
}
