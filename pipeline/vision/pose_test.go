package vision

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// spread is values for 17 key points: for key point k what of says.
func spread(of func(k int) []float32) []float32 {
	var all []float32
	for k := range poseKeypoints {
		all = append(all, of(k)...)
	}
	return all
}

// walker is a MoveNet person: key point k at y 0.01k, x 0.02k, score 0.5, but the nose, which has noseScore.
func walker(noseScore float32) []float32 {
	v := spread(func(k int) []float32 { return []float32{0.01 * float32(k), 0.02 * float32(k), 0.5} })
	v[2] = noseScore
	return v
}

func placement() pipeline.Placement {
	return pipeline.Placement{OffsetX: -10, OffsetY: 5, ScaleX: 2, ScaleY: 4, Width: 180, Height: 400}
}

func makePose(t *testing.T, o PoseOptions, tensors ...tensor.Tensor) *Pose {
	t.Helper()
	p, err := NewPose(pictureInput(100), outputs(tensors).Outputs(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestPoseOfOne(t *testing.T) {
	out := floats("poses", []int{1, 1, 17, 3}, walker(1)...)
	task := makePose(t, PoseOptions{}, out)
	got, err := task.Decode(outputs{out}, placement())
	if err != nil || len(got.Poses) != 1 {
		t.Fatal(got, err)
	}
	pose := got.Poses[0]
	if math.Abs(float64(pose.Score)-9./17) > 1e-6 { // the mean of 1 and 16 times 0.5
		t.Errorf("score %v", pose.Score)
	}
	for k, p := range pose.Keypoints {
		// 0 to 1 of an input of 100 pixels, then offset + pixels × scale.
		if x, y := -10+4*float64(k), 5+4*float64(k); p.Label != PoseKeypoints()[k] || math.Abs(float64(p.X)-x) > 1e-3 || math.Abs(float64(p.Y)-y) > 1e-3 {
			t.Errorf("key point %d: %v, want %v %v", k, p, x, y)
		}
	}
	if len(pose.Keypoints) != 17 || pose.Keypoints[0].Label != "nose" || pose.Keypoints[16].Label != "right_ankle" {
		t.Errorf("key points %v", pose.Keypoints)
	}
	for name, c := range map[string]struct {
		o                PoseOptions
		poses, keypoints int
	}{
		"pose's score too low":        {PoseOptions{Options: Options{ScoreThreshold: 0.55}}, 0, 0},
		"pose's score enough":         {PoseOptions{Options: Options{ScoreThreshold: 0.5}}, 1, 17},
		"key points' scores too low":  {PoseOptions{KeypointThreshold: 0.6}, 1, 1},
		"every key point's too low":   {PoseOptions{KeypointThreshold: 2}, 1, 0},
		"key points' scores are just": {PoseOptions{KeypointThreshold: 0.5}, 1, 17},
	} {
		got, err := makePose(t, c.o, out).Decode(outputs{out}, placement())
		if err != nil || got.Poses == nil || len(got.Poses) != c.poses || c.poses > 0 && len(got.Poses[0].Keypoints) != c.keypoints {
			t.Errorf("%s: %v, %v", name, got.Poses, err)
		}
	}
	if _, err := task.Decode(outputs{out}, pipeline.Placement{}); err == nil {
		t.Error("decoded without a placement")
	}
	out.Data = out.Data[:4]
	if _, err := task.Decode(outputs{out}, placement()); err == nil {
		t.Error("decoded a tensor that is too short")
	}
}

// scores of the poses, which are in order.
func scoresOf(poses []pipeline.Pose) []float32 {
	var all []float32
	for _, p := range poses {
		all = append(all, p.Score)
	}
	return all
}

func TestPosesOfMoveNet(t *testing.T) {
	nan := float32(math.NaN())
	person := func(score, nose float32) []float32 { return append(walker(nose), 0, 0, 1, 1, score) }
	var all []float32
	for _, p := range [][]float32{person(0.2, 0.1), person(0.9, 0.2), person(nan, 0.3), person(0.9, 0.4), person(0.8, nan), person(0.5, 0.6)} {
		all = append(all, p...)
	}
	out := floats("poses", []int{1, 6, 56}, all...)
	got, err := makePose(t, PoseOptions{Options: Options{ScoreThreshold: 0.3}}, out).Decode(outputs{out}, placement())
	if err != nil || !reflect.DeepEqual(scoresOf(got.Poses), []float32{0.9, 0.9, 0.5}) {
		t.Fatalf("%v, %v", scoresOf(got.Poses), err)
	}
	for i, nose := range []float32{0.2, 0.4, 0.6} { // of equal scores the first comes first
		if got.Poses[i].Keypoints[0].Score != nose {
			t.Errorf("pose %d is %v", i, got.Poses[i])
		}
	}
	got, err = makePose(t, PoseOptions{Options: Options{MaxResults: 1}}, out).Decode(outputs{out}, placement())
	if err != nil || len(got.Poses) != 1 || got.Poses[0].Score != 0.9 {
		t.Errorf("the best of all: %v, %v", got.Poses, err)
	}
}

func TestPosesOfPoseNet(t *testing.T) {
	const n = 3
	var points, scores []float32
	for i := range n {
		points = append(points, spread(func(k int) []float32 { return []float32{float32(10*i + k), float32(20*i + k)} })...)
		scores = append(scores, spread(func(k int) []float32 { return []float32{float32(i) / 10} })...)
	}
	out := func(count float32) outputs {
		return outputs{
			floats("count", []int{1}, count), floats("poses", []int{1, n}, 0.5, 0.7, 0.9),
			floats("points", []int{1, n, 17, 2}, points...), floats("scores", []int{1, n, 17}, scores...),
		}
	}
	roles := PoseOutputs{Keypoints: 2, KeypointScores: 3, Scores: 1, Count: 0}
	task := makePose(t, PoseOptions{Outputs: roles}, out(0)...)
	for _, c := range []struct {
		count float32
		want  []float32
	}{
		{0, nil}, {2, []float32{0.7, 0.5}}, {3, []float32{0.9, 0.7, 0.5}}, {1000, []float32{0.9, 0.7, 0.5}}, {-1, nil},
		{float32(math.NaN()), nil}, {float32(math.Inf(1)), []float32{0.9, 0.7, 0.5}},
	} {
		got, err := task.Decode(out(c.count), placement())
		if err != nil || got.Poses == nil || !reflect.DeepEqual(scoresOf(got.Poses), c.want) {
			t.Errorf("count %v: %v, %v", c.count, scoresOf(got.Poses), err)
		}
		if len(c.want) == 2 {
			// Pose 1, key point 3: y 13, x 23 in pixels of the input.
			if p := got.Poses[0].Keypoints[3]; p != (pipeline.Keypoint{Label: "left_ear", X: -10 + 2*23, Y: 5 + 4*13, Score: 0.1}) {
				t.Errorf("key point %v", p)
			}
		}
	}
}

func TestPoseRefuses(t *testing.T) {
	shaped := func(shapes ...[]int) []tensor.Info {
		var infos []tensor.Info
		for _, s := range shapes {
			infos = append(infos, tensor.Info{Name: "out", Type: tensor.Float32, Shape: s})
		}
		return infos
	}
	one := shaped([]int{1, 1, 17, 3})
	four := func() []tensor.Info { return shaped([]int{1, 20, 17, 2}, []int{1, 20, 17}, []int{1, 20}, []int{1}) }
	changed := func(i int, shape ...int) []tensor.Info {
		infos := four()
		infos[i].Shape = shape
		return infos
	}
	strings1 := shaped([]int{1, 1, 17, 3})
	strings1[0].Type = tensor.String
	for want, c := range map[string]struct {
		in, out []tensor.Info
		o       PoseOptions
	}{
		"one input, a picture":               {nil, one, PoseOptions{}},
		"must be one picture":                {[]tensor.Info{{Type: tensor.UInt8, Shape: []int{1, 8}}}, one, PoseOptions{}},
		"it has 2 outputs":                   {pictureInput(8), shaped([]int{1}, []int{1}), PoseOptions{}},
		"does not hold poses":                {pictureInput(8), shaped([]int{1, 17, 3}), PoseOptions{}},
		"not supported":                      {pictureInput(8), strings1, PoseOptions{}},
		"does not hold key points":           {pictureInput(8), changed(0, 1, 20, 34), PoseOptions{}},
		"the scores of the key points of 20": {pictureInput(8), changed(1, 1, 19, 17), PoseOptions{}},
		"the scores of 20 poses":             {pictureInput(8), changed(2, 1, 17), PoseOptions{}},
		"does not hold one count":            {pictureInput(8), changed(3, 2), PoseOptions{}},
		"there is no output 4":               {pictureInput(8), four(), PoseOptions{Outputs: PoseOutputs{0, 1, 2, 4}}},
		"output 1 has two roles":             {pictureInput(8), four(), PoseOptions{Outputs: PoseOutputs{0, 1, 1, 3}}},
		"category_allowlist":                 {pictureInput(8), one, PoseOptions{Options: Options{Allow: []string{"person"}}}},
		"invalid max_results -1":             {pictureInput(8), one, PoseOptions{Options: Options{MaxResults: -1}}},
		"invalid keypoint_threshold NaN":     {pictureInput(8), one, PoseOptions{KeypointThreshold: float32(math.NaN())}},
	} {
		if _, err := NewPose(c.in, c.out, c.o); err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "pose: ") {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	task, err := NewPose(pictureInput(8), four(), PoseOptions{})
	if err != nil || task.Name() != "pose" {
		t.Fatal(err)
	}
	task.Close()
}
