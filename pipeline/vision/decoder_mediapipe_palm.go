package vision

import "fmt"

// palmKeypoints are the names of the key points that MediaPipe's palm detectors give, in their order.
var palmKeypoints = []string{"wrist", "index_finger_mcp", "middle_finger_mcp", "ring_finger_mcp", "pinky_mcp", "thumb_cmc", "thumb_mcp"}

// mediapipePalm reads MediaPipe's palm detectors, the first of two models for hands.
var mediapipePalm = &Decoder{
	Name:         "mediapipe_palm",
	Description:  "MediaPipe's palm_detection_lite and palm_detection_full; with `landmarks` whole hands, without only palms",
	Input:        palmOptions().Input,
	Labels:       palmOptions().Labels,
	NMSThreshold: palmOptions().NMSThreshold,
	Fits:         func(m ModelInfo) Fit { return palmOptions().fits(m) },
	New: func(m ModelInfo, s Settings) (Task, error) {
		if err := s.readsSeveral(); err != nil {
			return nil, err
		}
		a := palmOptions()
		a.NMSThreshold = float32(s.NMSThreshold)
		var err error
		if a.Options, err = s.options(m, &Decoder{Input: a.Input, Labels: a.Labels}, nil); err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		if s.Landmarks != "" {
			a.second = handLandmarks
		}
		return asTask(NewSSDAnchors(m.Inputs, m.Outputs, a))
	},
}

// palmOptions are those of mediapipe/modules/palm_detection/palm_detection_cpu.pbtxt.
func palmOptions() SSDAnchorsOptions {
	return SSDAnchorsOptions{
		Options: Options{
			Input:  InputOptions{Resize: Letterbox, Mean: []float32{0}, Std: []float32{255}},
			Labels: []string{"hand"},
		},
		Anchors: AnchorOptions{
			Strides: []int{8, 16, 16, 16}, MinScale: 0.1484375, MaxScale: 0.75, OffsetX: 0.5, OffsetY: 0.5, AspectRatios: []float64{1},
			InterpolatedScaleAspectRatio: 1, FixedSize: true,
		},
		NMSThreshold: 0.3, Suppression: Weighted, Keypoints: palmKeypoints,
	}
}
