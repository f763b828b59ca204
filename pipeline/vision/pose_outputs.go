package vision

import (
	"fmt"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// poseKind is how a model gives its poses.
type poseKind int

const (
	singlePose poseKind = iota // MoveNet: [1,1,17,3]
	multiPose                  // MoveNet: [1,N,56]
	posenet                    // the four outputs of PosenetDecoderOp
)

// multiPoseValues is how many values MoveNet multipose gives for a pose: 17 key points, a box and a score.
const multiPoseValues = 3*poseKeypoints + 5

// poseOutputs finds out how a model gives its poses, and how many at most.
func poseOutputs(outputs []tensor.Info, roles PoseOutputs) (kind poseKind, most int, err error) {
	wrong := func(why string) error {
		return fmt.Errorf("%s; want MoveNet's output [1,1,17,3] or [1,N,%d], or the four of PosenetDecoderOp, key points "+
			"[1,N,17,2], their scores [1,N,17], scores [1,N] and count [1]; the model has %s", why, multiPoseValues, list("output", outputs))
	}
	for _, info := range outputs {
		if err := checkReadable(info); err != nil {
			return 0, 0, err
		}
	}
	switch len(outputs) {
	case 1:
		shape := outputs[0].Shape
		switch {
		case slices.Equal(shape, []int{1, 1, poseKeypoints, 3}):
			return singlePose, 1, nil
		case len(shape) == 3 && shape[0] == 1 && shape[1] > 0 && shape[2] == multiPoseValues:
			return multiPose, shape[1], nil
		}
		return 0, 0, wrong("its output does not hold poses")
	case 4:
		most, err := posenetOutputs(outputs, roles)
		if err != nil {
			return 0, 0, wrong(err.Error())
		}
		return posenet, most, nil
	default:
		return 0, 0, wrong(fmt.Sprintf("it has %d outputs", len(outputs)))
	}
}

func posenetOutputs(outputs []tensor.Info, roles PoseOutputs) (most int, err error) {
	each := []int{roles.Keypoints, roles.KeypointScores, roles.Scores, roles.Count}
	for i, at := range each {
		if at < 0 || at >= len(outputs) {
			return 0, fmt.Errorf("there is no output %d", at)
		}
		if slices.Contains(each[:i], at) {
			return 0, fmt.Errorf("output %d has two roles", at)
		}
	}
	points := outputs[roles.Keypoints].Shape
	if len(points) != 4 || points[0] != 1 || points[1] < 1 || points[2] != poseKeypoints || points[3] != 2 {
		return 0, fmt.Errorf("output %d does not hold key points", roles.Keypoints)
	}
	n := points[1]
	switch {
	case !slices.Equal(outputs[roles.KeypointScores].Shape, []int{1, n, poseKeypoints}):
		return 0, fmt.Errorf("output %d does not hold the scores of the key points of %d poses", roles.KeypointScores, n)
	case !slices.Equal(outputs[roles.Scores].Shape, []int{1, n}):
		return 0, fmt.Errorf("output %d does not hold the scores of %d poses", roles.Scores, n)
	case outputs[roles.Count].Elements() != 1:
		return 0, fmt.Errorf("output %d does not hold one count", roles.Count)
	}
	return n, nil
}

// people are the poses in a model's outputs.
type people interface {
	count() int
	score(i int) float32
	// keypoint is key point k of pose i in pixels of the model's input, and its score.
	keypoint(i, k int) (y, x, score float32)
}

// people reads the outputs. The result is good until the outputs change or b is used again.
func (p *Pose) people(out pipeline.Outputs, b *buffers) (people, error) {
	width, height := float32(p.width), float32(p.height)
	switch p.kind {
	case singlePose:
		v, err := values(out.Output(0), 3*poseKeypoints, &b.a)
		return onePerson{v, width, height}, err
	case multiPose:
		v, err := values(out.Output(0), multiPoseValues*p.most, &b.a)
		return severalPeople{v, width, height}, err
	}
	var each [4][]float32
	for i, of := range []struct {
		role, n int
		buf     *[]float32
	}{
		{p.roles.Keypoints, 2 * poseKeypoints * p.most, &b.a}, {p.roles.KeypointScores, poseKeypoints * p.most, &b.b},
		{p.roles.Scores, p.most, &b.c}, {p.roles.Count, 1, &b.d},
	} {
		var err error
		if each[i], err = values(out.Output(of.role), of.n, of.buf); err != nil {
			return nil, err
		}
	}
	d := decodedPeople{points: each[0], scores: each[1], poses: each[2]}
	if n := each[3][0]; n > 0 { // a count that is not a number is none
		d.poses = d.poses[:int(min(n, float32(p.most)))]
	} else {
		d.poses = nil
	}
	return d, nil
}

// onePerson is MoveNet's single pose: y, x, score for each key point, 0 to 1.
type onePerson struct {
	values        []float32
	width, height float32
}

func (o onePerson) count() int { return 1 }

func (o onePerson) score(int) float32 {
	var sum float32
	for k := range poseKeypoints {
		sum += o.values[3*k+2]
	}
	return sum / poseKeypoints
}

func (o onePerson) keypoint(_, k int) (y, x, score float32) {
	return o.values[3*k] * o.height, o.values[3*k+1] * o.width, o.values[3*k+2]
}

// severalPeople are MoveNet's multipose: for each what onePerson has, then a box, then the score.
type severalPeople onePerson

func (s severalPeople) count() int { return len(s.values) / multiPoseValues }

func (s severalPeople) score(i int) float32 { return s.values[multiPoseValues*(i+1)-1] }

func (s severalPeople) keypoint(i, k int) (y, x, score float32) {
	return onePerson{s.values[multiPoseValues*i:], s.width, s.height}.keypoint(0, k)
}

// decodedPeople are what PosenetDecoderOp gives.
type decodedPeople struct{ points, scores, poses []float32 }

func (d decodedPeople) count() int { return len(d.poses) }

func (d decodedPeople) score(i int) float32 { return d.poses[i] }

func (d decodedPeople) keypoint(i, k int) (y, x, score float32) {
	at := poseKeypoints*i + k
	return d.points[2*at], d.points[2*at+1], d.scores[at]
}
