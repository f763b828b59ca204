//go:build exports

package vision_test

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/delegate"
	"corallite/internal/score"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

// exported is what Ultralytics' own predictor, or yolov5's detect.py, finds with a model that its exporter made;
// scripts/exports/yolo_models.py and yolov5_models.py wrote both. The weights are seeded and not trained, so that boxes lie anywhere: only the way from the picture to them is tested.
type exported struct {
	Task    string
	Side    int
	Conf    float64
	IoU     float64
	Most    int
	Names   []string
	Decoder string  // that has to be named, with the labels: onnx2tf keeps nothing of what a file said of itself
	Pixels  float64 // how exact boxes are; 0: 0.3
	Objects []exportedObject
}

type exportedObject struct {
	Class  int
	Score  float64
	Box    [4]float64
	XYWHR  []float64
	Points [][]float64
	Runs   []int
}

// TestUltralyticsExports runs real exports with nothing that is named: what the files say decides. Making them takes a quarter
// of an hour and Ultralytics' packages, so they are not part of the set-up, and this test has a build tag (go test -tags
// exports). The usual tests hold the heads alone against Ultralytics' answers (TestYOLOHeadsAgainstUltralytics).
func TestUltralyticsExports(t *testing.T) {
	files, err := filepath.Glob("../../.native/exports/*.tflite")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are no exports in .native/exports: scripts/exports/yolo_models.py and yolov5_models.py make them")
	}
	picture := gocv.IMRead(testdata.Path(t, "images/cat.bmp"), gocv.IMReadColor)
	defer picture.Close()
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".tflite"), func(t *testing.T) {
			text, err := os.ReadFile(strings.TrimSuffix(file, ".tflite") + ".json")
			if errors.Is(err, fs.ErrNotExist) {
				t.Skip("another test's")
			}
			if err != nil {
				t.Fatal(err)
			}
			var want exported
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			// The predictor lists boxes in a letterbox's bars, which have no area in the picture.
			want.Objects = slices.DeleteFunc(want.Objects, func(o exportedObject) bool {
				x0, y0 := max(o.Box[0], 0), max(o.Box[1], 0)
				return x0 >= min(o.Box[2], float64(picture.Cols())) || y0 >= min(o.Box[3], float64(picture.Rows()))
			})
			want.Most = len(want.Objects)
			got := runExport(t, file, picture.Clone(), want)
			if strings.Contains(file, "int8") || strings.Contains(file, "onnx2tf-fp16") { // the answer for that is of 32 bits
				compareQuantized(t, got, want)
			} else {
				compareExport(t, got, want, float64(picture.Cols()), float64(picture.Rows()))
			}
		})
	}
}

// runExport detects with a model as a program does that knows only its file.
func runExport(t *testing.T, file string, picture gocv.Mat, want exported) []pipeline.Detection {
	t.Helper()
	model, err := delegate.Read(delegate.Files{CPU: file})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	engine, err := tflite.New(text, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	info := vision.ModelInfo{Inputs: engine.Inputs(), Outputs: engine.Outputs(), Graph: model.Graph(), Warn: func(s string) { t.Log(s) }}
	for _, note := range model.Notes() {
		if info.Ultralytics, err = vision.ParseUltralytics(note); err != nil {
			t.Fatal(err)
		}
	}
	settings := vision.Settings{Task: "detect", Settings: score.Settings{ScoreThreshold: want.Conf, MaxResults: want.Most}}
	if want.Decoder != "" {
		settings.Decoder, settings.Labels = want.Decoder, want.Names
	} else if u := info.Ultralytics; u == nil || u.Task != "" && u.Task != want.Task || !slices.Equal(u.Labels, want.Names) {
		t.Fatalf("the file says %+v, want %s of %q", u, want.Task, want.Names)
	}
	return detectOnce(t, engine, info, settings, picture)
}

// detectOnce runs a detector on a picture, which it closes.
func detectOnce(t *testing.T, engine pipeline.Engine, info vision.ModelInfo, s vision.Settings, picture gocv.Mat) []pipeline.Detection {
	t.Helper()
	task, err := vision.NewTask(info, s)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	frame, err := vision.NewFrame(picture)
	if err != nil {
		t.Fatal(err)
	}
	defer frame.Release()
	r, err := vision.Once(context.Background(), engine, task, frame)
	if err != nil {
		t.Fatal(err)
	}
	return r.Detections
}

// compareQuantized looks for each of the predictor's objects: it cuts an input of 8 bits off where this program rounds it, so
// that values differ by a step of 8 bits, boxes change places, and a few are suppressed in place of others.
func compareQuantized(t *testing.T, got []pipeline.Detection, want exported) {
	t.Helper()
	found := 0
	for _, w := range want.Objects {
		if slices.ContainsFunc(got, func(d pipeline.Detection) bool {
			near := d.Index == w.Class && math.Abs(float64(d.Score)-w.Score) < 0.02
			for k := range d.Box {
				near = near && math.Abs(float64(d.Box[k])-w.Box[k]) < 9
			}
			return near
		}) {
			found++
		}
	}
	if len(want.Objects) < 10 || found*5 < len(want.Objects)*4 {
		t.Errorf("%d objects of %d are found: %+v, want %+v", found, len(want.Objects), got, want.Objects)
	}
}

// compareExport holds detections against the predictor's, which cuts boxes and points off at the picture's edges.
func compareExport(t *testing.T, got []pipeline.Detection, want exported, width, height float64) {
	t.Helper()
	if len(got) != len(want.Objects) || len(got) < 5 {
		t.Fatalf("%d objects, want %d", len(got), len(want.Objects))
	}
	const scores = 2e-3
	pixels := cmp.Or(want.Pixels, 0.3)
	limits := [2]float64{width, height}
	near := func(a float32, b float64, k int) bool {
		return math.Abs(min(max(float64(a), 0), limits[k%2])-min(max(b, 0), limits[k%2])) <= pixels
	}
	for i, w := range want.Objects {
		d := got[i]
		if d.Index != w.Class || d.Label != want.Names[w.Class] || math.Abs(float64(d.Score)-w.Score) > scores {
			t.Fatalf("object %d is %s (%d) %.5f, want class %d, %.5f", i, d.Label, d.Index, d.Score, w.Class, w.Score)
		}
		if w.XYWHR == nil {
			for k := range d.Box {
				if !near(d.Box[k], w.Box[k], k) {
					t.Fatalf("object %d has the box %v, want %v", i, d.Box, w.Box)
				}
			}
		} else {
			r := d.Rotated
			if r == nil {
				t.Fatalf("object %d is not turned", i)
			}
			for k, v := range []float32{r.X, r.Y, r.Width, r.Height, r.Angle} {
				if math.Abs(float64(v)-w.XYWHR[k]) > []float64{pixels, 0.002}[k/4] {
					t.Fatalf("object %d is turned as %+v, want %v", i, *r, w.XYWHR)
				}
			}
		}
		if len(d.Keypoints) != len(w.Points) {
			t.Fatalf("object %d has %d key points, want %d", i, len(d.Keypoints), len(w.Points))
		}
		for k, p := range w.Points {
			if q := d.Keypoints[k]; !near(q.X, p[0], 0) || !near(q.Y, p[1], 1) || math.Abs(float64(q.Score)-p[2]) > 2e-3 {
				t.Fatalf("object %d has the key point %+v, want %v", i, q, p)
			}
		}
		if w.Runs != nil {
			compareMask(t, i, d.Mask, w.Runs, want.Side, width/float64(want.Side))
		}
	}
}

// compareMask holds a mask against the runs of one of the whole input, of side × side, whose pixels are so wide in a picture
// that is wider than high.
func compareMask(t *testing.T, object int, m *pipeline.Cutout, runs []int, side int, scale float64) {
	t.Helper()
	mask := make([]bool, side*side)
	if m != nil {
		x0 := int(math.Round(float64(m.Box[0]) / scale))
		y0 := int(math.Round(float64(m.Box[1])/scale)) + (side-int(math.Round(341/scale)))/2
		at, on := 0, false
		for _, n := range m.Counts {
			for ; n > 0; n-- {
				mask[(y0+at/m.Width)*side+x0+at%m.Width] = on
				at++
			}
			on = !on
		}
	}
	all, differ := 0, 0
	for r := range slices.Chunk(runs, 2) {
		for k := r[0]; k < r[1]; k++ {
			// The predictor's masks reach into the letterbox's bars.
			if y := k / side; y < (side-int(math.Round(341/scale)))/2 || y >= (side+int(math.Round(341/scale)))/2 {
				continue
			}
			all++
			if !mask[k] {
				differ++
			}
			mask[k] = false
		}
	}
	for _, on := range mask {
		if on {
			differ++
		}
	}
	if differ > 2+all/100 {
		t.Errorf("object %d: %d pixels of %d of its mask differ", object, differ, all)
	}
}

// TestNanoDetExport runs a real export of NanoDet-m on pictures, against NanoDet's own post-processing (scripts/exports/nanodet_heads.py).
func TestNanoDetExport(t *testing.T) {
	file, err := os.ReadFile("../../.native/exports/nanodet.tflite")
	if err != nil {
		t.Fatal("there is no export of NanoDet in .native/exports: scripts/exports/nanodet_heads.py says where from: ", err)
	}
	text, err := os.ReadFile("testdata/nanodet.json")
	if err != nil {
		t.Fatal(err)
	}
	var want struct {
		Least    float64
		Pictures map[string][]exportedObject
	}
	if err := json.Unmarshal(text, &want); err != nil || len(want.Pictures) < 4 {
		t.Fatal(err, len(want.Pictures))
	}
	engine, err := tflite.New(file, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer engine.Close()
	info := vision.ModelInfo{Inputs: engine.Inputs(), Outputs: engine.Outputs()}
	s := vision.Settings{Task: "detect", Settings: score.Settings{ScoreThreshold: want.Least - 0.02, MaxResults: 20}}
	s.Decoder = "nanodet"
	for name, objects := range want.Pictures {
		path := testdata.Path(t, "images/cat.bmp")
		for _, folder := range []string{"images", "wild"} {
			if p := filepath.Join(filepath.Dir(path), "..", folder, name); exists(p) {
				path = p
			}
		}
		got := detectOnce(t, engine, info, s, gocv.IMRead(path, gocv.IMReadColor))
		got = slices.DeleteFunc(got, func(d pipeline.Detection) bool { return float64(d.Score) < want.Least })
		if len(got) != len(objects) {
			t.Fatalf("%s: %d objects, want %d: %+v", name, len(got), len(objects), got)
		}
		for i, w := range objects {
			near := got[i].Index == w.Class && math.Abs(float64(got[i].Score)-w.Score) < 0.02
			for k, v := range got[i].Box {
				near = near && math.Abs(float64(v)-w.Box[k]) < 8 // the demo scales pictures with fewer pixels
			}
			if !near {
				t.Errorf("%s: object %d is %+v, want %+v", name, i, got[i], w)
			}
		}
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
