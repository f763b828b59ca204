package vision_test

import (
	"encoding/csv"
	"math"
	"os"
	"strconv"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
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

// compareWithCoral holds key points against Coral's expectation, as its own test decides (libcoral, coral/pose_estimation/test_utils.cc): key points that
// both score above least lie within 0.04 of the picture, and at least 8 are compared. It says how far the worst is off.
func compareWithCoral(t *testing.T, got, want []pipeline.Keypoint, width, height, least float32) {
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
		if off > 0.04 {
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
		t.Run(resize.String(), func(t *testing.T) { compareWithCoral(t, poses[0].Keypoints, want, 500, 610, 0.4) })
	}
}
