package vision_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// reference reads one of Coral's files of expected key points: id, x and y as parts of the picture's width and height.
func reference(t *testing.T, name string) [][]pipeline.Keypoint {
	t.Helper()
	f, err := os.Open(testdata.Path(t, "models/"+name+"_reference.csv"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	var poses [][]pipeline.Keypoint
	for _, row := range rows[1:] {
		var v [6]float64
		for i, s := range row {
			if v[i], err = strconv.ParseFloat(s, 64); err != nil {
				t.Fatal(err)
			}
		}
		if int(v[0]) == len(poses) {
			poses = append(poses, nil)
		}
		i := int(v[0])
		if int(v[2]) != len(poses[i]) {
			t.Fatalf("%s: key point %v of pose %d comes in another order", name, v[2], i)
		}
		poses[i] = append(poses[i], pipeline.Keypoint{Score: float32(v[3]), X: float32(v[4]), Y: float32(v[5])})
	}
	return poses
}

// compareWithCoral holds key points against Coral's expectation as Coral's own test does (libcoral,
// coral/pose_estimation/test_utils.cc): those that score above least in both lie within so much of the picture, which
// is 0.04 there, and at least 8 are compared. It says how far the worst is off.
func compareWithCoral(t *testing.T, got, want []pipeline.Keypoint, width, height, least float32, within float64) {
	t.Helper()
	compared, worst := 0, 0.0
	for k, w := range want {
		g := got[k]
		if w.Score <= least || g.Score <= least {
			continue
		}
		compared++
		off := math.Max(math.Abs(float64(g.X/width-w.X)), math.Abs(float64(g.Y/height-w.Y)))
		worst = math.Max(worst, off)
		if off > within {
			t.Errorf("%s is at %.3f, %.3f, want %.3f, %.3f", g.Label, g.X/width, g.Y/height, w.X, w.Y)
		}
	}
	if compared < 8 {
		t.Errorf("only %d key points could be compared", compared)
	}
	t.Logf("%d key points, the worst %.4f of the picture off", compared, worst)
}

// TestMoveNetAsCoral: Coral stretches the picture. Its values are steps of 0.00395 and this model gives steps of
// 0.00410, so the file comes from another quantization of the model, and scores are not compared.
func TestMoveNetAsCoral(t *testing.T) {
	const name = "movenet_single_pose_lightning_ptq"
	want := reference(t, name)[0]
	engine := open(t, testdata.Path(t, "models/"+name+".tflite"))
	for _, resize := range []vision.Resize{vision.Stretch, vision.Letterbox} {
		task, err := vision.NewPose(engine.Inputs(), engine.Outputs(), vision.PoseOptions{
			Options: vision.Options{Input: vision.InputOptions{Resize: resize}, ScoreThreshold: 0.3},
		})
		if err != nil {
			t.Fatal(err)
		}
		defer task.Close()
		poses := run(t, engine, task, "squat.bmp").Poses
		if len(poses) != 1 || len(poses[0].Keypoints) != len(want) {
			t.Fatalf("%v: %v", resize, poses)
		}
		t.Run(resize.String(), func(t *testing.T) { compareWithCoral(t, poses[0].Keypoints, want, 500, 610, 0.4, 0.04) })
	}
}

// TestPoseNetOnOne: Coral's file of key points for PoseNet was made with a picture of two people, which the test data
// does not have (posenet/test_image.bmp); package tflite/internal/posenet reads it. So what PoseNet sees in the picture
// of one is held against what Coral expects of MoveNet there.
func TestPoseNetOnOne(t *testing.T) {
	engine, task := poseNet(t, vision.Options{ScoreThreshold: 0.7})
	poses := run(t, engine, task, "squat.bmp").Poses
	if len(poses) != 1 || len(poses[0].Keypoints) != 17 {
		t.Fatalf("%v", poses)
	}
	compareWithCoral(t, poses[0].Keypoints, reference(t, "movenet_single_pose_lightning_ptq")[0], 500, 610, 0.4, 0.04)
}

// poseNet is PoseNet in a letterbox: the test picture is upright and the input is not.
func poseNet(t *testing.T, o vision.Options) (*tflite.Interpreter, *vision.Pose) {
	t.Helper()
	engine := open(t, testdata.Path(t, "models/posenet_mobilenet_v1_075_353_481_16_quant_decoder.tflite"))
	o.Input.Resize = vision.Letterbox
	task, err := vision.NewPose(engine.Inputs(), engine.Outputs(), vision.PoseOptions{Options: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	return engine, task
}

// TestPoseNetOnTwo: the same person twice, once mirrored, gives two poses, each where it is expected.
func TestPoseNetOnTwo(t *testing.T) {
	engine, task := poseNet(t, vision.Options{ScoreThreshold: 0.5})
	one := gocv.IMRead(testdata.Path(t, "images/squat.bmp"), gocv.IMReadColor)
	defer one.Close()
	mirrored, both := gocv.NewMat(), gocv.NewMat()
	defer mirrored.Close()
	gocv.Flip(one, &mirrored, 1)
	gocv.Hconcat(one, mirrored, &both)
	poses := runMat(t, engine, task, both).Poses
	if len(poses) != 2 {
		t.Fatalf("%d poses: %v", len(poses), poses)
	}
	want := reference(t, "movenet_single_pose_lightning_ptq")[0]
	sides := map[bool]int{}
	for _, p := range poses {
		points, right := p.Keypoints, p.Keypoints[0].X > 500
		sides[right]++
		if right { // mirrored back: left is right, too
			points = make([]pipeline.Keypoint, len(p.Keypoints))
			for k, point := range p.Keypoints {
				point.X = 1000 - point.X
				if k > 0 { // after the nose left and right take turns
					k = (k - 1) ^ 1 + 1
				}
				points[k] = point
			}
		}
		compareWithCoral(t, points, want, 500, 610, 0.4, 0.08) // each is half as large in the input
	}
	if sides[false] != 1 || sides[true] != 1 {
		t.Errorf("%d people on the left and %d on the right", sides[false], sides[true])
	}
}
