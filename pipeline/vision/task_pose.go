package vision

import (
	"errors"
	"fmt"

	"corallite/internal/key"
	"corallite/internal/schema"
)

// PoseSettings are the settings that only models of poses have.
type PoseSettings struct {
	KeypointThreshold float64 // key points with a lower score are left out
}

// Keys describes the keys of the settings.
func (s *PoseSettings) Keys() key.Table {
	return key.Table{
		key.Number(&s.KeypointThreshold, "keypoint_threshold").Min(0).Max(1).Default(0.0).Example("0.2").
			Doc("For `pose`: minimum score of a key point."),
	}
}

func newPoseTask(m ModelInfo, s Settings) (Task, error) {
	if s.Decoder != "" || m.Ultralytics != nil && m.Ultralytics.Task == "pose" {
		return newYOLOPose(m, s)
	}
	if s.Output != "" {
		return nil, fmt.Errorf("pose reads all outputs of a model: remove output: %s", s.Output)
	}
	if poseDetectorOptions().fits(m) != NoFit {
		return newPoseDetector(m, s)
	}
	if err := secondAlone(taskPose, m); err != nil {
		return nil, err
	}
	if s.Landmarks != "" {
		return nil, fmt.Errorf("pose: landmarks: %s is the second model behind MediaPipe's pose_detection, boxes [1,2254,12] and scores [1,2254,1]; this model has %s",
			s.Landmarks, list("output", m.Outputs))
	}
	o, err := s.options(m, nil, nil)
	if err != nil {
		return nil, fmt.Errorf("pose: %w", err)
	}
	o.Labels = nil // there is one class
	p := PoseOptions{Options: o, KeypointThreshold: float32(s.KeypointThreshold)}
	if m.Graph != nil {
		if op := m.Graph.Find(schema.PosenetOp); op != nil {
			at := m.Graph.OutputsOf(op)
			if len(at) < 4 {
				return nil, errors.New("pose: the outputs of its decoder are not those of the model")
			}
			p.Outputs = PoseOutputs{Keypoints: at[0], KeypointScores: at[1], Scores: at[2], Count: at[3]}
		}
	}
	return asTask(NewPose(m.Inputs, m.Outputs, p))
}
