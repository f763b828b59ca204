package vision_test

import (
	"context"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"math"
	"os"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/score"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// mediapipeWheel is mediapipe 0.10.14, whose models and answers these tests use (scripts/mediapipe_reference.py).
const mediapipeWheel = "a807328339e7356fda0bb14df12fedbf1d33bdf81649c5f8666b0026b1cc30b4"

// mediapipeAnswers are what MediaPipe's own programs say of pictures: pixels, rounded to hundredths.
type mediapipeAnswers struct {
	Hands map[string][]struct {
		Mirrored string       `json:"mirrored_label"`
		Score    float64      `json:"score"`
		Points   [][3]float64 `json:"points"`
	} `json:"hands"`
	Poses map[string][][4]float64 `json:"poses"`
}

func readAnswers(t *testing.T) (a mediapipeAnswers) {
	t.Helper()
	b, err := os.ReadFile("testdata/mediapipe.json")
	if err == nil {
		err = json.Unmarshal(b, &a)
	}
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// turned is a picture of the test data, turned or mirrored as its name says behind a colon.
func turned(t *testing.T, name string) gocv.Mat {
	t.Helper()
	name, how, _ := strings.Cut(name, ":")
	m := gocv.IMRead(testdata.Path(t, "images/"+name), gocv.IMReadColor)
	switch how {
	case "90":
		gocv.Rotate(m, &m, gocv.Rotate90Clockwise)
	case "mirrored":
		gocv.Flip(m, &m, 1)
	}
	return m
}

// asMediaPipe fills a detector's input as MediaPipe's ImageToTensorCalculator does, from low to high: a letterbox whose pixels
// are taken where their upper left corners lie in the picture, and not their middles, which is half a pixel of the input aside.
func asMediaPipe(t *testing.T, in tensor.Tensor, m gocv.Mat, low, high float32) pipeline.Placement {
	t.Helper()
	size := in.Shape[1]
	side := max(m.Cols(), m.Rows())
	scale := float64(side) / float64(size)
	left, top := float64(m.Cols()-side)/2, float64(m.Rows()-side)/2
	warp := gocv.NewMatWithSize(2, 3, gocv.MatTypeCV64F)
	defer warp.Close()
	for i, v := range []float64{scale, 0, left, 0, scale, top} {
		warp.SetDoubleAt(i/3, i%3, v)
	}
	small := gocv.NewMat()
	defer small.Close()
	gocv.WarpAffineWithParams(m, &small, warp, image.Pt(size, size), gocv.InterpolationLinear|gocv.WarpInverseMap, gocv.BorderConstant, color.RGBA{})
	gocv.CvtColor(small, &small, gocv.ColorBGRToRGB)
	pixels, err := small.DataPtrUint8()
	if err != nil {
		t.Fatal(err)
	}
	values, err := tensor.Of[float32](in)
	if err != nil || len(values) != len(pixels) {
		t.Fatal(len(values), len(pixels), err)
	}
	for i, p := range pixels {
		values[i] = low + (high-low)*float32(p)/255
	}
	return pipeline.Placement{OffsetX: float32(left), OffsetY: float32(top), ScaleX: float32(scale), ScaleY: float32(scale), Width: m.Cols(), Height: m.Rows()}
}

// twoSteps runs a picture through both models of two; exactly: with the detector's input as MediaPipe has it, from low to 1.
func twoSteps(t *testing.T, s vision.Settings, first, second, picture string, exactly bool, low float32) pipeline.Result {
	t.Helper()
	const modules = "mediapipe/modules/"
	s.Landmarks = second
	one, two := open(t, inWheel(t, mediapipeWheel, modules+first)), open(t, inWheel(t, mediapipeWheel, modules+second))
	task, err := vision.NewTask(vision.ModelInfo{Inputs: one.Inputs(), Outputs: one.Outputs()}, s)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	l, err := vision.NewLandmarker(task, vision.ModelInfo{Inputs: two.Inputs(), Outputs: two.Outputs()}, []pipeline.Engine{two}, s)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	f, err := vision.NewFrame(turned(t, picture))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	at, err := task.Prepare(one.Input(0), f)
	if err != nil {
		t.Fatal(err)
	}
	if exactly {
		at = asMediaPipe(t, one.Input(0), f.Mat(), low, 1)
	}
	if err := one.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	found, err := task.Decode(one, at)
	if err == nil {
		found, err = l.Refine(context.Background(), f, found)
	}
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestHandsAsMediaPipe compares hands, upright, turned and mirrored, with MediaPipe's own answers: with the same input within
// half a pixel, with this project's resizing within a tenth of the hand (40 pixels, two hands that hold each other).
func TestHandsAsMediaPipe(t *testing.T) {
	for picture, hands := range readAnswers(t).Hands {
		for _, exactly := range []bool{true, false} {
			t.Run(fmt.Sprint(picture, exactly), func(t *testing.T) {
				got := twoSteps(t, vision.Settings{Task: "detect", DetectSettings: vision.DetectSettings{Decoder: "mediapipe_palm", NMSThreshold: 0.3}, InputSettings: vision.InputSettings{Resize: "letterbox"}, Settings: score.Settings{ScoreThreshold: 0.5}},
					"palm_detection/palm_detection_full.tflite", "hand_landmark/hand_landmark_full.tflite", picture, exactly, 0).Detections
				if len(got) != len(hands) {
					t.Fatalf("%d hands, MediaPipe has %d: %+v", len(got), len(hands), got)
				}
				for i, want := range hands {
					h := got[i]
					off, offZ, offScore := 0.5, 0.5, 0.01
					if !exactly {
						size := float64(max(h.Box[2]-h.Box[0], h.Box[3]-h.Box[1]))
						off, offZ, offScore = size/10, size/10, 0.05
					}
					side := map[string]string{"Left": "right", "Right": "left"}[want.Mirrored] // the pictures are not mirrored
					if len(h.Classes) != 1 || h.Classes[0].Label != side || math.Abs(float64(h.Classes[0].Score)-want.Score) > offScore {
						t.Errorf("whose hand: %+v, MediaPipe's %s %v", h.Classes, want.Mirrored, want.Score)
					}
					if h.Label != "hand" || h.Score < 0.5 || len(h.Keypoints) != len(want.Points) {
						t.Fatalf("%+v", h)
					}
					for k, p := range h.Keypoints {
						w := want.Points[k]
						if p.Label != vision.HandKeypoints()[k] || math.Hypot(float64(p.X)-w[0], float64(p.Y)-w[1]) > off || math.Abs(float64(p.Z)-w[2]) > offZ {
							t.Errorf("%+v, MediaPipe's %v", p, w)
						}
					}
				}
			})
		}
	}
}

// TestPosesAsMediaPipe compares people's key points, where MediaPipe says that they are seen, with MediaPipe's own answers, as
// shares of the person's size: with the same input 0.6 % in the mean and 1.5 % at most, with this project's resizing 1 % and 2 %.
// (A cell of the model's heat map is 2 % of a person.)
func TestPosesAsMediaPipe(t *testing.T) {
	for picture, want := range readAnswers(t).Poses {
		for _, exactly := range []bool{true, false} {
			t.Run(fmt.Sprint(picture, exactly), func(t *testing.T) {
				got := twoSteps(t, vision.Settings{Task: "pose", InputSettings: vision.InputSettings{Resize: "letterbox"}, Settings: score.Settings{ScoreThreshold: 0.5}},
					"pose_detection/pose_detection.tflite", "pose_landmark/pose_landmark_full.tflite", picture, exactly, -1).Poses
				size := 0.0
				for _, p := range want { // with the legs that are guessed below the picture
					size = math.Max(size, math.Hypot(p[0]-want[0][0], p[1]-want[0][1]))
				}
				offMean, offMost := 0.006, 0.015
				if !exactly {
					offMean, offMost = 0.01, 0.02
				}
				mean, most := math.Inf(1), math.Inf(1)
				for _, pose := range got { // MediaPipe looks at one person only
					if a, b := distances(t, pose, want); a < mean {
						mean, most = a/size, b/size
					}
				}
				t.Logf("%d people; %.4f of the person off in the mean, %.4f at most", len(got), mean, most)
				if mean > offMean || most > offMost {
					t.Errorf("too far off: mean %.4f, most %.4f", mean, most)
				}
			})
		}
	}
}

// distances are how far a pose's points are from MediaPipe's, in the mean and at most, of those that MediaPipe says are seen.
func distances(t *testing.T, pose pipeline.Pose, want [][4]float64) (mean, most float64) {
	t.Helper()
	if len(pose.Keypoints) != len(want) || pose.Score < 0.5 {
		t.Fatalf("%+v", pose)
	}
	seen := 0
	for k, p := range pose.Keypoints {
		w := want[k]
		if p.Label != vision.PoseLandmarks()[k] {
			t.Errorf("point %d is %s", k, p.Label)
		}
		if w[3] > 0.9 {
			seen++
			d := math.Hypot(float64(p.X)-w[0], float64(p.Y)-w[1])
			mean, most = mean+d, math.Max(most, d)
			if math.Abs(float64(p.Score)-w[3]) > 0.1 {
				t.Errorf("%+v, MediaPipe's %v", p, w)
			}
		}
	}
	if seen < 10 {
		t.Errorf("only %d points are seen", seen)
	}
	return mean / float64(seen), most
}
