package vision

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// poseKeypoints is how many key points a person has.
const poseKeypoints = 17

// PoseKeypoints are the names of the key points of a person in COCO's order, which is that of MoveNet and PoseNet.
// Left and right are the person's own.
func PoseKeypoints() []string { return slices.Clone(poseNames[:]) }

var poseNames = [poseKeypoints]string{
	"nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
	"right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
	"right_ankle",
}

// PoseOutputs say which output of a model that ends in PosenetDecoderOp is which, by index: the order of the outputs
// of that operator tells it. The zero value is the operator's own order: 0, 1, 2, 3. Other models have one output,
// and this is not looked at.
type PoseOutputs struct {
	Keypoints      int // [1,N,17,2]: y and x in pixels of the input
	KeypointScores int // [1,N,17]
	Scores         int // [1,N]: the score of each pose
	Count          int // [1]: how many of the N poses hold something
}

// PoseOptions are the options of Pose. ScoreThreshold and MaxResults are about poses. Labels and the lists of
// categories have no meaning here: there is one class, the person.
type PoseOptions struct {
	Options
	Outputs PoseOutputs
	// KeypointThreshold leaves out key points with a lower score. At 0 every pose has all 17.
	KeypointThreshold float32
}

// Pose is the task of finding the key points of people. It is a pipeline.Task of frames. A pose's score is the
// model's own where it gives one (PoseNet, MoveNet multipose), and otherwise (MoveNet single pose) the mean of the
// scores of its 17 key points, as PoseNet's is too.
type Pose struct {
	*Input
	kind      poseKind
	roles     PoseOutputs
	most      int // poses the model can give
	threshold float32
	least     float32 // a key point's
	max       int
	buffers   bufferPool
}

var _ pipeline.Task[*Frame] = (*Pose)(nil)

// NewPose makes the task for a model with these inputs and outputs. The model must have one input, a picture (see
// NewInput), and give poses as one of these does:
//
//   - MoveNet single pose: one output [1,1,17,3], y, x and score of each key point, y and x 0 to 1 of the input;
//   - MoveNet multipose: one output [1,N,56], 17 times the same, then ymin, xmin, ymax, xmax and the pose's score;
//   - PoseNet with its decoder (PosenetDecoderOp): the four outputs that PoseOutputs describes.
//
// Whoever makes the task closes it.
func NewPose(inputs, outputs []tensor.Info, o PoseOptions) (*Pose, error) {
	p, err := newPose(inputs, outputs, o)
	return named("pose", p, err)
}

func newPose(inputs, outputs []tensor.Info, o PoseOptions) (*Pose, error) {
	in, err := picture("pose", inputs)
	if err != nil {
		return nil, err
	}
	if len(o.Allow)+len(o.Deny) > 0 {
		return nil, errors.New("pose has no categories: remove category_allowlist and category_denylist")
	}
	if t := o.KeypointThreshold; t != t || t-t != 0 {
		return nil, fmt.Errorf("invalid keypoint_threshold %v (want a finite number)", t)
	}
	if _, err := newClasses(Options{ScoreThreshold: o.ScoreThreshold, MaxResults: o.MaxResults}, 0); err != nil {
		return nil, err
	}
	p := &Pose{roles: o.Outputs, threshold: o.ScoreThreshold, least: o.KeypointThreshold, max: o.MaxResults}
	if p.roles == (PoseOutputs{}) {
		p.roles = PoseOutputs{0, 1, 2, 3}
	}
	if p.kind, p.most, err = poseOutputs(outputs, p.roles); err != nil {
		return nil, err
	}
	p.Input, err = NewInput(in, o.Input)
	return p, err
}

// Name is "pose".
func (p *Pose) Name() string { return "pose" }

// Decode gives the poses, best first; of equal scores the one that the model gave first comes first. Key points come
// in the order of PoseKeypoints; they may lie outside the picture.
func (p *Pose) Decode(out pipeline.Outputs, at pipeline.Placement) (pipeline.Result, error) {
	if at.Width <= 0 || at.Height <= 0 {
		return pipeline.Result{}, errNoPlacement
	}
	b := p.buffers.get()
	defer p.buffers.put(b)
	people, err := p.people(out, b)
	if err != nil {
		return pipeline.Result{}, err
	}
	found := make([]pipeline.Pose, 0, people.count())
	for i := range people.count() {
		if pose, ok := placedPose(people, i, at, p.least); ok && pose.Score >= p.threshold {
			found = append(found, pose)
		}
	}
	slices.SortStableFunc(found, func(a, b pipeline.Pose) int { return cmp.Compare(b.Score, a.Score) })
	if p.max > 0 && len(found) > p.max {
		found = found[:p.max]
	}
	return pipeline.Result{Poses: found}, nil
}

// placedPose is pose i in the source picture, without its key points below least. false: it has a value that is not a
// number or not finite, which no picture can show and JSON cannot hold.
func placedPose(people people, i int, at pipeline.Placement, least float32) (pipeline.Pose, bool) {
	pose := pipeline.Pose{Score: people.score(i), Keypoints: make([]pipeline.Keypoint, 0, poseKeypoints)}
	if !finite(pose.Score) {
		return pipeline.Pose{}, false
	}
	for k, name := range poseNames {
		y, x, score := people.keypoint(i, k)
		px, py := point(at, float64(x), float64(y))
		point := pipeline.Keypoint{Label: name, X: float32(px), Y: float32(py), Score: score}
		if !finite(point.X) || !finite(point.Y) || !finite(score) {
			return pipeline.Pose{}, false
		}
		if score >= least {
			pose.Keypoints = append(pose.Keypoints, point)
		}
	}
	return pose, true
}

func finite(v float32) bool { return math.Abs(float64(v)) <= math.MaxFloat32 }
