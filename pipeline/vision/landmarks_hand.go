package vision

import (
	"slices"
	"strconv"
	"strings"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// handKeypoints are the names of the 21 key points of a hand, in the order of MediaPipe's hand landmark models.
var handKeypoints = [...]string{
	"wrist", "thumb_cmc", "thumb_mcp", "thumb_ip", "thumb_tip",
	"index_finger_mcp", "index_finger_pip", "index_finger_dip", "index_finger_tip",
	"middle_finger_mcp", "middle_finger_pip", "middle_finger_dip", "middle_finger_tip",
	"ring_finger_mcp", "ring_finger_pip", "ring_finger_dip", "ring_finger_tip",
	"pinky_mcp", "pinky_pip", "pinky_dip", "pinky_tip",
}

// HandKeypoints are the names of a hand's key points, in the order in which MediaPipe's hand landmark models give them.
func HandKeypoints() []string { return slices.Clone(handKeypoints[:]) }

// Of MediaPipe's palm detectors' key points, those between which a hand points up.
const (
	palmWrist  = 0
	palmMiddle = 2
)

// handLandmarks are MediaPipe's hand_landmark_lite and hand_landmark_full, with the numbers of
// mediapipe/modules/hand_landmark/hand_landmark_cpu.pbtxt and palm_detection_detection_to_roi.pbtxt.
var handLandmarks = &landmarkModel{
	what:    "hand",
	want:    "MediaPipe's hand_landmark_lite or hand_landmark_full: key points [1,63] called Identity, presence [1,1] called Identity_1 and handedness [1,1] called Identity_2",
	input:   InputOptions{Mean: []float32{0}, Std: []float32{255}},
	overlap: 0.5,
	fits: func(outputs []tensor.Info) (landmarkOutputs, bool) {
		// Key points come once in pixels and once in metres, and presence and handedness are both one number: only the
		// names tell them apart, as exports have them in other orders.
		roles := landmarkOutputs{-1, -1, -1}
		for i, o := range outputs {
			k, ok := exportedOutput(o.Name)
			if !ok {
				return nil, false
			}
			if k < len(roles) {
				roles[k] = i
			}
		}
		for k, n := range []int{3 * len(handKeypoints), 1, 1} {
			if i := roles[k]; i < 0 || !slices.Equal(outputs[i].Shape, []int{1, n}) {
				return nil, false
			}
		}
		return roles, true
	},
	region: func(d pipeline.Detection, box [4]float32) region {
		from, to := d.Keypoints[palmWrist], d.Keypoints[palmMiddle]
		width, height := float64(box[2]-box[0]), float64(box[3]-box[1])
		r := region{
			x: float64(box[0]) + float64(width/2), y: float64(box[1]) + float64(height/2), side: max(width, height),
			angle: upright(float64(from.X), float64(from.Y), float64(to.X), float64(to.Y)),
		}
		// The hand reaches further than the palm, up.
		r.x, r.y = region{x: r.x, y: r.y, side: height, angle: r.angle}.at(0.5, 0)
		r.side *= 2.6
		return r
	},
	read: func(v [][]float32, width, height int) ([]landmark, []pipeline.Class) {
		points := make([]landmark, len(handKeypoints))
		for i, name := range handKeypoints {
			p := v[0][3*i : 3*i+3]
			// Depths were trained to be 0.4 of what they would be in the scale of x.
			points[i] = landmark{label: name, unscored: true, x: float64(p[0]) / float64(width), y: float64(p[1]) / float64(height), z: float64(p[2]) / float64(width) / 0.4}
		}
		return points, handedness(v[2][0])
	},
	add: func(to *pipeline.Result, p *placedLandmarks) {
		if to.Detections == nil {
			to.Detections = pipeline.Detections{}
		}
		if p == nil {
			return
		}
		d := pipeline.Detection{Label: p.found.Label, Index: p.found.Index, Score: p.presence, Keypoints: p.keypoints, Classes: p.classes}
		var ok bool
		if d.Box, ok = p.box(); ok {
			to.Detections = append(to.Detections, d)
		}
	},
}

// exportedOutput is the number that TensorFlow gave an output when it exported a model, by its name: "Identity" is 0,
// "Identity_2" and "Identity_2:0" are 2, "StatefulPartitionedCall:2" is 2.
func exportedOutput(name string) (int, bool) {
	if k, ok := strings.CutPrefix(name, "StatefulPartitionedCall:"); ok {
		n, err := strconv.Atoi(k)
		return n, err == nil && n >= 0
	}
	name = strings.TrimSuffix(name, ":0")
	if name == "Identity" {
		return 0, true
	}
	k, ok := strings.CutPrefix(name, "Identity_")
	n, err := strconv.Atoi(k)
	return n, ok && err == nil && n > 0
}

// handedness is whose hand a hand is: the person's left or right one, and how sure that is. The models were trained on
// pictures that a front camera mirrors: what they call left is a right hand in a picture that is not mirrored.
func handedness(mirroredLeft float32) []pipeline.Class {
	if !finite(mirroredLeft) {
		return nil
	}
	if mirroredLeft >= 0.5 {
		return []pipeline.Class{{Label: "right", Index: 1, Score: mirroredLeft}}
	}
	return []pipeline.Class{{Label: "left", Index: 0, Score: 1 - mirroredLeft}}
}

// box is around all key points, cut off at the edges of the picture. false: nothing of it is in the picture.
func (p *placedLandmarks) box() ([4]float32, bool) {
	first := p.keypoints[0]
	b := [4]float32{first.X, first.Y, first.X, first.Y}
	for _, k := range p.keypoints {
		b = [4]float32{min(b[0], k.X), min(b[1], k.Y), max(b[2], k.X), max(b[3], k.Y)}
	}
	b = [4]float32{max(b[0], 0), max(b[1], 0), min(b[2], float32(p.width)), min(b[3], float32(p.height))}
	return b, b[0] < b[2] && b[1] < b[3]
}
