package vision

import (
	"fmt"

	"corallite/pipeline"
)

// yoloPoses is the task pose with a YOLO model that has key points: its objects as poses.
type yoloPoses struct {
	*YOLO
	least float32 // score of a key point
}

func newYOLOPose(m ModelInfo, s Settings) (Task, error) {
	least := float32(s.KeypointThreshold)
	task, err := newDetectTask(m, s)
	if err != nil {
		return nil, err
	}
	y, ok := task.(*YOLO)
	if !ok || y.opts.Head != YOLOPose {
		task.Close()
		return nil, fmt.Errorf("pose: the decoder %s gives no key points: remove decoder: or name one that ends in _pose", s.Decoder)
	}
	return yoloPoses{y, least}, nil
}

// Name is "pose".
func (y yoloPoses) Name() string { return taskPose }

// Decode gives the poses, best first. Key points may lie outside the picture.
func (y yoloPoses) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	r, err := y.YOLO.Decode(out, p)
	if err != nil {
		return r, err
	}
	poses := make([]pipeline.Pose, 0, len(r.Detections))
	for _, d := range r.Detections {
		pose := pipeline.Pose{Score: d.Score, Keypoints: make([]pipeline.Keypoint, 0, len(d.Keypoints))}
		for _, k := range d.Keypoints {
			if y.points.values < 3 || k.Score >= y.least {
				pose.Keypoints = append(pose.Keypoints, k)
			}
		}
		poses = append(poses, pose)
	}
	return pipeline.Result{Poses: poses}, nil
}
