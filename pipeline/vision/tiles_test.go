package vision_test

import (
	"bufio"
	"context"
	"image"
	"os"
	"strconv"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/key"
	"corallite/internal/overlap"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// tiledCOCO is SSD MobileNet v1 on tiles.
func tiledCOCO(t *testing.T, engine pipeline.Engine, o *vision.TileOptions) vision.Task {
	t.Helper()
	labels, err := vision.ReadLabels(testdata.Path(t, "labels/coco_labels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	detector, err := vision.NewDetect(engine.Inputs(), engine.Outputs(), vision.DetectOptions{
		Options: vision.Options{Labels: labels, ScoreThreshold: 0.5}, Outputs: vision.DetectionOutputs{Boxes: 0, Classes: 1, Scores: 2, Count: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	if o == nil {
		t.Cleanup(func() { detector.Close() })
		return detector
	}
	tiled, err := vision.NewTiled(detector, *o, 0)
	t.Cleanup(func() { tiled.Close() })
	if err != nil {
		t.Fatal(err)
	}
	return tiled
}

// byEye is what is to be seen in a picture.
func byEye(t *testing.T, name string) (all []pipeline.Detection) {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), "\t")
		if len(fields) != 5 || strings.HasPrefix(fields[0], "#") {
			continue
		}
		d := pipeline.Detection{Label: fields[0]}
		for i := range d.Box {
			v, err := strconv.ParseFloat(fields[i+1], 32)
			if err != nil {
				t.Fatal(err)
			}
			d.Box[i] = float32(v)
		}
		all = append(all, d)
	}
	return all
}

// judge compares what was found, best first, with what is to be seen: each finding is the object with its label that it
// overlaps most and that none before it is, by at least 0.3 of intersection over union, because some are only eight pixels
// high. It returns the overlap of each object, 0 where it was not found, and how many findings are none.
func judge(found, truth []pipeline.Detection) (overlaps []float64, wrong int) {
	overlaps = make([]float64, len(truth))
	for _, d := range found {
		best, at := 0.3, -1
		for i, o := range truth {
			if v := float64(overlap.IoU(d.Box, o.Box)); o.Label == d.Label && overlaps[i] == 0 && v >= best {
				best, at = v, i
			}
		}
		if at < 0 {
			wrong++
			continue
		}
		overlaps[at] = best
	}
	return overlaps, wrong
}

func matched(overlaps []float64) (n int) {
	for _, v := range overlaps {
		if v > 0 {
			n++
		}
	}
	return n
}

// TestTilesFindMore compares what SSD MobileNet v1 finds in kite_and_cold.jpg with tiles and without, by a count by eye
// (testdata/kite_and_cold.tsv): more objects, all that it finds without tiles among them, and fewer wrong boxes.
func TestTilesFindMore(t *testing.T) {
	truth := byEye(t, "testdata/kite_and_cold.tsv")
	if len(truth) != 19 {
		t.Fatalf("%d objects", len(truth))
	}
	engine := open(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	frame, err := vision.NewFrame(gocv.IMRead(testdata.Path(t, "images/kite_and_cold.jpg"), gocv.IMReadColor))
	if err != nil {
		t.Fatal(err)
	}
	defer frame.Release()
	run := func(o *vision.TileOptions) ([]float64, int) {
		r, err := vision.Once(context.Background(), engine, tiledCOCO(t, engine, o), frame)
		if err != nil {
			t.Fatal(err)
		}
		return judge(r.Detections, truth)
	}
	before, wrongBefore := run(nil)
	for _, c := range []struct {
		change func(*vision.TileOptions)
		least  int // objects found
	}{
		{func(*vision.TileOptions) {}, 16},
		{func(o *vision.TileOptions) { o.Merge = vision.MergeNMS }, 16},
		{func(o *vision.TileOptions) { o.Size = 400 }, 15},
	} {
		o := key.New[vision.TileOptions]()
		c.change(o)
		with, wrong := run(o)
		t.Logf("%+v: %d of 19 found, %d wrong; without tiles %d and %d", *o, matched(with), wrong, matched(before), wrongBefore)
		if matched(with) < c.least || wrong > wrongBefore {
			t.Errorf("%+v: %d objects found, %d boxes wrong; want at least %d and at most %d", *o, matched(with), wrong, c.least, wrongBefore)
		}
		for i, v := range before {
			if v > 0 && with[i] == 0 {
				t.Errorf("%+v: the %s at %v is lost", *o, truth[i].Label, truth[i].Box)
			}
		}
	}
}

// TestTilesKeepWhatIsLarge looks at pictures of few large things: with tiles each is still found once, with as good a box.
func TestTilesKeepWhatIsLarge(t *testing.T) {
	engine := open(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	whole, tiled := tiledCOCO(t, engine, nil), tiledCOCO(t, engine, key.New[vision.TileOptions]())
	for _, name := range []string{"cat_720p.jpg", "bird.bmp", "cat.bmp", "face.jpg", "parrot.jpg", "hot_dog.jpg", "squat.bmp"} {
		frame, err := vision.NewFrame(gocv.IMRead(testdata.Path(t, "images/"+name), gocv.IMReadColor))
		if err != nil {
			t.Fatal(err)
		}
		before, err := vision.Once(context.Background(), engine, whole, frame)
		if err != nil {
			t.Fatal(err)
		}
		with, err := vision.Once(context.Background(), engine, tiled, frame)
		if err != nil {
			t.Fatal(err)
		}
		frame.Release()
		overlaps, more := judge(with.Detections, before.Detections)
		t.Logf("%s: %d boxes, with tiles %d more: %v", name, len(before.Detections), more, with.Detections)
		for i, v := range overlaps {
			if v < 0.7 {
				t.Errorf("%s: the %s at %v overlaps by %.2f what is found with tiles", name, before.Detections[i].Label, before.Detections[i].Box, v)
			}
		}
	}
}

// TestTilesAroundMotion runs only on the tiles in which the source saw something move, and on all of them where nothing is
// known, on single pictures, and on each so many-th frame.
func TestTilesAroundMotion(t *testing.T) {
	engine := open(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	o := vision.DefaultTiles()
	o.Motion, o.Full = true, 4
	task := tiledCOCO(t, engine, &o).(pipeline.MultiRunTask[*vision.Frame])
	runs := func(n uint64, change func(f *vision.Frame)) int {
		pool := vision.NewPool(0)
		f, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		defer f.Release()
		if _, err := f.Reserve(780, 540); err != nil { // 3 x 2 tiles
			t.Fatal(err)
		}
		f.SetFPS(10)
		change(f)
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		r, err := task.Plan(f, n)
		if err != nil {
			t.Fatal(err)
		}
		return r.Len()
	}
	moved := func(x0, y0, x1, y1 int) func(*vision.Frame) {
		return func(f *vision.Frame) { f.SetMoved([]image.Rectangle{image.Rect(x0, y0, x1, y1)}) }
	}
	for _, c := range []struct {
		what   string
		n      uint64
		change func(*vision.Frame)
		want   int
	}{
		{"nothing is known", 1, func(*vision.Frame) {}, 7},
		{"nothing moves", 1, func(f *vision.Frame) { f.SetMoved(nil) }, 1},
		{"nothing moves, but it is the fourth frame", 4, func(f *vision.Frame) { f.SetMoved(nil) }, 7},
		{"nothing moves, but it is a picture", 1, func(f *vision.Frame) { f.SetMoved(nil); f.SetFPS(0) }, 7},
		{"something moves in the left upper tile", 1, moved(0, 0, 20, 20), 2},
		{"something moves where two tiles overlap", 1, moved(250, 0, 260, 20), 3},
		{"something moves where four tiles overlap", 1, moved(250, 250, 260, 260), 5},
	} {
		if n := runs(c.n, c.change); n != c.want {
			t.Errorf("%s: %d runs, want %d", c.what, n, c.want)
		}
	}
}

// TestTilesRefused refuses what cannot be.
func TestTilesRefused(t *testing.T) {
	engine := open(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	for _, c := range []struct {
		change func(*vision.TileOptions)
		want   string
	}{
		{func(o *vision.TileOptions) { o.Overlap = 0.95 }, "overlap"},
		{func(o *vision.TileOptions) { o.Merge = "wbf" }, "merge"},
		{func(o *vision.TileOptions) { o.Motion, o.Whole = true, false }, "motion needs whole"},
		{func(o *vision.TileOptions) { *o = vision.TileOptions{} }, "DefaultTiles"},
	} {
		o := vision.DefaultTiles()
		c.change(&o)
		detector := tiledCOCO(t, engine, nil)
		if _, err := vision.NewTiled(detector, o, 0); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want an error about %q", o, err, c.want)
		}
	}
	o := vision.DefaultTiles()
	o.Size = 8
	frame, err := vision.NewFrame(gocv.NewMatWithSize(1000, 1000, gocv.MatTypeCV8UC3))
	if err != nil {
		t.Fatal(err)
	}
	defer frame.Release()
	if _, err := vision.Once(context.Background(), engine, tiledCOCO(t, engine, &o), frame); err == nil || !strings.Contains(err.Error(), "tiles of 8x8") {
		t.Errorf("a picture of too many tiles: %v", err)
	}
}
