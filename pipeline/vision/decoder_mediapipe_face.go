package vision

import "fmt"

// The decoders of MediaPipe's face detectors, which differ in the grids of their anchors.
var (
	mediapipeFaceShortRange = faceDecoder("mediapipe_face_short_range", "short_range", "MediaPipe's face_detection_short_range and face_detection_front")
	mediapipeFaceBack       = faceDecoder("mediapipe_face_back", "back", "MediaPipe's face_detection_back")
	mediapipeFaceFullRange  = faceDecoder("mediapipe_face_full_range", "full_range", "MediaPipe's face_detection_full_range and face_detection_full_range_sparse")
)

func faceDecoder(name, variant, description string) *Decoder {
	o, err := FaceOptions(variant)
	if err != nil {
		panic(err) // a variant that stands above and not below
	}
	d := &Decoder{Name: name, Description: description, Input: o.Input, Labels: o.Labels, NMSThreshold: o.NMSThreshold}
	d.Fits = func(m ModelInfo) Fit { return o.fits(m) }
	d.New = func(m ModelInfo, s Settings) (Task, error) {
		if err := s.readsSeveral(); err != nil {
			return nil, err
		}
		a := o
		a.NMSThreshold = float32(s.NMSThreshold)
		var err error
		if a.Options, err = s.options(m, d, nil); err != nil {
			return nil, fmt.Errorf("detect: %w", err)
		}
		return asTask(NewSSDAnchors(m.Inputs, m.Outputs, a))
	}
	return d
}

// FaceVariants are the names of MediaPipe's face detectors, as FaceOptions takes them.
func FaceVariants() []string {
	return []string{"front", "back", "short_range", "full_range", "full_range_sparse"}
}

// FaceKeypoints are the names of the key points that MediaPipe's face detectors give, in their order. Right and left
// are the person's own.
func FaceKeypoints() []string {
	return []string{"right_eye", "left_eye", "nose_tip", "mouth_center", "right_ear_tragion", "left_ear_tragion"}
}

// FaceOptions are the options for MediaPipe's face detectors (face_detection_VARIANT.tflite): input −1 to 1 in a
// letterbox, one class, six key points, boxes merged by weight above an overlap of 0.3. The numbers are those of
// MediaPipe's graphs, mediapipe/modules/face_detection/*.pbtxt. MediaPipe's own score thresholds, which are the
// caller's to set, are 0.5 for front and short_range, 0.65 for back and 0.6 for full_range and full_range_sparse.
func FaceOptions(variant string) (SSDAnchorsOptions, error) {
	anchors := AnchorOptions{OffsetX: 0.5, OffsetY: 0.5, AspectRatios: []float64{1}, FixedSize: true, MinScale: 0.1484375, MaxScale: 0.75}
	switch variant {
	case "front", "short_range":
		anchors.Strides, anchors.InterpolatedScaleAspectRatio = []int{8, 16, 16, 16}, 1
	case "back":
		anchors.Strides, anchors.InterpolatedScaleAspectRatio = []int{16, 32, 32, 32}, 1
		anchors.MinScale = 0.15625
	case "full_range", "full_range_sparse":
		anchors.Strides = []int{4}
	default:
		return SSDAnchorsOptions{}, fmt.Errorf("vision: unknown face detector %q (want one of %v)", variant, FaceVariants())
	}
	return SSDAnchorsOptions{
		Options: Options{
			Input:  InputOptions{Resize: Letterbox, Mean: []float32{127.5}, Std: []float32{127.5}},
			Labels: []string{"face"},
		},
		Anchors: anchors, NMSThreshold: 0.3, Suppression: Weighted, Keypoints: FaceKeypoints(),
	}, nil
}
