package vision

import (
	"errors"
	"fmt"
)

// poseDetector finds people for a second model. Its detections are that model's regions, not results.
type poseDetector struct{ *SSDAnchors }

// Name is "pose".
func (poseDetector) Name() string { return taskPose }

// poseDetectorOptions are those of mediapipe/modules/pose_detection/pose_detection_cpu.pbtxt.
func poseDetectorOptions() SSDAnchorsOptions {
	return SSDAnchorsOptions{
		Options: Options{
			Input:  InputOptions{Resize: Letterbox, Mean: []float32{127.5}, Std: []float32{127.5}},
			Labels: []string{"person"},
		},
		Anchors: AnchorOptions{
			Strides: []int{8, 16, 32, 32, 32}, MinScale: 0.1484375, MaxScale: 0.75, OffsetX: 0.5, OffsetY: 0.5, AspectRatios: []float64{1},
			InterpolatedScaleAspectRatio: 1, FixedSize: true,
		},
		NMSThreshold: 0.3, Suppression: Weighted,
		Keypoints: []string{"mid_hip", "full_body", "mid_shoulder", "upper_body"},
		second:    poseLandmarks,
	}
}

// newPoseDetector makes the first step for a model that fits poseDetectorOptions.
func newPoseDetector(m ModelInfo, s Settings) (Task, error) {
	if s.Landmarks == "" {
		return nil, errors.New("pose: its outputs are those of MediaPipe's pose_detection, which only finds where people are: name the model of the key points, --landmarks pose_landmark_full.tflite on the command line, landmarks: pose_landmark_full.tflite in YAML")
	}
	a := poseDetectorOptions()
	s.Labels = nil // there is one class
	var err error
	if a.Options, err = s.options(m, &Decoder{Input: a.Input, Labels: a.Labels}, nil); err != nil {
		return nil, fmt.Errorf("pose: %w", err)
	}
	t, err := NewSSDAnchors(m.Inputs, m.Outputs, a)
	if err != nil {
		return nil, err
	}
	return poseDetector{t}, nil
}
