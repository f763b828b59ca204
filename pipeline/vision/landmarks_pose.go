package vision

import (
	"math"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// poseLandmarkNames are the names of the 33 key points of a person, in the order of MediaPipe's pose landmark models.
var poseLandmarkNames = [...]string{
	"nose", "left_eye_inner", "left_eye", "left_eye_outer", "right_eye_inner", "right_eye", "right_eye_outer", "left_ear", "right_ear",
	"mouth_left", "mouth_right", "left_shoulder", "right_shoulder", "left_elbow", "right_elbow", "left_wrist", "right_wrist",
	"left_pinky", "right_pinky", "left_index", "right_index", "left_thumb", "right_thumb", "left_hip", "right_hip", "left_knee",
	"right_knee", "left_ankle", "right_ankle", "left_heel", "right_heel", "left_foot_index", "right_foot_index",
}

// PoseLandmarks are the names of a person's key points, in the order in which MediaPipe's pose landmark models give them.
// Left and right are the person's own.
func PoseLandmarks() []string { return slices.Clone(poseLandmarkNames[:]) }

const (
	poseLandmarkPoints = 39 // with those that only help to follow a person
	poseLandmarkValues = 5  // x, y, z, visibility, presence
	poseHeatmapKernel  = 7
	poseHeatmapLeast   = 0.5 // min_confidence_to_refine
)

// poseLandmarks are MediaPipe's pose_landmark_lite, pose_landmark_full and pose_landmark_heavy, with the numbers of
// mediapipe/modules/pose_landmark/pose_landmark_by_roi_cpu.pbtxt, tensors_to_pose_landmarks_and_segmentation.pbtxt and
// pose_detection_to_roi.pbtxt.
var poseLandmarks = &landmarkModel{
	what:  "pose",
	want:  "MediaPipe's pose_landmark_lite, _full or _heavy: key points [1,195], presence [1,1] and a heat map [1,64,64,39]",
	input: InputOptions{Mean: []float32{0}, Std: []float32{255}},
	fits: func(outputs []tensor.Info) (landmarkOutputs, bool) {
		roles := landmarkOutputs{-1, -1, -1}
		for i, o := range outputs {
			s, role := o.Shape, -1
			switch {
			case slices.Equal(s, []int{1, poseLandmarkPoints * poseLandmarkValues}):
				role = 0
			case slices.Equal(s, []int{1, 1}):
				role = 1
			case len(s) == 4 && s[0] == 1 && s[1] > 0 && s[2] > 0 && s[3] == poseLandmarkPoints:
				role = 2
			}
			if role >= 0 && roles[role] >= 0 {
				return nil, false // either could be it
			}
			if role >= 0 {
				roles[role] = i
			}
		}
		return roles, !slices.Contains(roles, -1)
	},
	region: func(d pipeline.Detection, _ [4]float32) region {
		hips, edge := d.Keypoints[0], d.Keypoints[1] // the middle, and a point on the circle around the body, above
		dx, dy := float64(edge.X-hips.X), float64(edge.Y-hips.Y)
		return region{
			x: float64(hips.X), y: float64(hips.Y), side: 1.25 * 2 * math.Hypot(dx, dy),
			angle: upright(float64(hips.X), float64(hips.Y), float64(edge.X), float64(edge.Y)),
		}
	},
	read: func(v [][]float32, width, height int) ([]landmark, []pipeline.Class) {
		points := make([]landmark, len(poseLandmarkNames))
		for i, name := range poseLandmarkNames {
			p := v[0][poseLandmarkValues*i:]
			x, y := float64(p[0])/float64(width), float64(p[1])/float64(height)
			if rx, ry, ok := refined(v[2], i, x, y); ok {
				x, y = rx, ry
			}
			points[i] = landmark{label: name, x: x, y: y, z: float64(p[2]) / float64(width), score: sigmoid(p[3])}
		}
		return points, nil
	},
	add: func(to *pipeline.Result, p *placedLandmarks) {
		if to.Poses == nil {
			to.Poses = pipeline.Poses{}
		}
		if p != nil {
			to.Poses = append(to.Poses, pipeline.Pose{Score: p.presence, Keypoints: p.keypoints})
		}
	},
}

// refined is a key point moved to the weighted middle of what a heat map shows near it, where that is sure enough. The rule is
// that of MediaPipe's RefineLandmarksFromHeatmapCalculator.
func refined(heat []float32, point int, x, y float64) (float64, float64, bool) {
	side := int(math.Sqrt(float64(len(heat) / poseLandmarkPoints)))
	if !(x >= 0 && x < 1 && y >= 0 && y < 1) || side*side*poseLandmarkPoints != len(heat) {
		return 0, 0, false
	}
	column, row := int(x*float64(side)), int(y*float64(side))
	const reach = (poseHeatmapKernel - 1) / 2
	var sum, sumX, sumY, most float64
	for r := max(row-reach, 0); r <= min(row+reach, side-1); r++ {
		for c := max(column-reach, 0); c <= min(column+reach, side-1); c++ {
			w := float64(sigmoid(heat[(r*side+c)*poseLandmarkPoints+point]))
			sum += w
			sumX += float64(w * float64(c))
			sumY += float64(w * float64(r))
			most = max(most, w)
		}
	}
	if !(most >= poseHeatmapLeast) {
		return 0, 0, false
	}
	return sumX / sum / float64(side), sumY / sum / float64(side), true
}
