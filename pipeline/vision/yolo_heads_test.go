package vision

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// yoloGolden is what Ultralytics' post-processing makes of heads that seeded makes; scripts/exports/yolo_heads.py wrote it.
type yoloGolden struct {
	Width, Height, Boxes, Most int
	Conf, IoU                  float32
	Detect, Pose               [][]float64
	Segment                    []struct {
		Row  []float64
		Runs []int
	}
	OBB []struct{ Row, Corners []float64 }
}

func readYOLOGolden(t *testing.T) *yoloGolden {
	t.Helper()
	text, err := os.ReadFile("testdata/yolo_heads.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(yoloGolden)
	if err := json.Unmarshal(text, g); err != nil {
		t.Fatal(err)
	}
	if len(g.Detect) < 10 || len(g.Pose) < 10 || len(g.Segment) < 10 || len(g.OBB) < 10 {
		t.Fatalf("the golden answers have too few objects: %d, %d, %d, %d", len(g.Detect), len(g.Pose), len(g.Segment), len(g.OBB))
	}
	return g
}

// seeded is the rule of the script.
func seeded(seed uint32, n int) []float64 {
	out := make([]float64, n)
	for i, x := 0, seed; i < n; i++ {
		x = 1664525*x + 1013904223
		out[i] = float64(x) / (1 << 32)
	}
	return out
}

// head is the script's: rows of values of all boxes, in pixels.
func (g *yoloGolden) head(seed uint32, classes, extra int) [][]float64 {
	all := slices.Collect(slices.Chunk(seeded(seed, (4+classes+extra)*g.Boxes), g.Boxes))
	for k, row := range all {
		for i, v := range row {
			switch {
			case k == 0:
				row[i] = v * float64(g.Width)
			case k == 1:
				row[i] = v * float64(g.Height)
			case k < 4:
				row[i] = 8 + 40*v
			case k < 4+classes:
				row[i] = math.Pow(v, 4)
			}
		}
	}
	return all
}

// asOutput is a head as [1,values,N], or turned to [1,N,values].
func asOutput(name string, head [][]float64, rows bool) tensor.Tensor {
	n := len(head[0])
	values := make([]float32, len(head)*n)
	for k, row := range head {
		for i, v := range row {
			if rows {
				values[i*len(head)+k] = float32(v)
			} else {
				values[k*n+i] = float32(v)
			}
		}
	}
	if rows {
		return floats(name, []int{1, n, len(head)}, values...)
	}
	return floats(name, []int{1, len(head), n}, values...)
}

// normalized divides what is in pixels, two rows after another, by the input's size.
func (g *yoloGolden) normalized(head [][]float64, xs ...int) [][]float64 {
	out := slices.Clone(head)
	for _, k := range xs {
		out[k], out[k+1] = slices.Clone(head[k]), slices.Clone(head[k+1])
		for i := range out[k] {
			out[k][i] /= float64(g.Width)
			out[k+1][i] /= float64(g.Height)
		}
	}
	return out
}

// decode runs a task on outputs, with a picture of the input's size.
func (g *yoloGolden) decode(t *testing.T, name string, out outputs, o YOLOOptions) []pipeline.Detection {
	t.Helper()
	o.ScoreThreshold, o.MaxResults, o.Input = g.Conf, g.Most, YOLOInput()
	if o.Layout != YOLOEnd2End {
		o.NMSThreshold = g.IoU
	}
	in := []tensor.Info{{Name: "image", Type: tensor.Float32, Shape: []int{1, 3, g.Height, g.Width}}}
	task, err := NewYOLO(in, out.Outputs(), o)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	defer task.Close()
	r, err := task.Decode(out, fitInto(Letterbox, g.Width, g.Height, g.Width, g.Height).placement(g.Width, g.Height))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return r.Detections
}

// same holds detections against rows of xmin, ymin, xmax, ymax, score and class.
func (g *yoloGolden) same(t *testing.T, name string, got []pipeline.Detection, want [][]float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d objects, want %d", name, len(got), len(want))
	}
	for i, w := range want {
		d := got[i]
		limits := [4]float64{float64(g.Width), float64(g.Height), float64(g.Width), float64(g.Height)}
		same := d.Index == int(w[5]) && math.Abs(float64(d.Score)-w[4]) < 1e-4
		for k, x := range d.Box {
			same = same && math.Abs(float64(x)-min(max(w[k], 0), limits[k])) < 1e-3*limits[k]
		}
		if !same {
			t.Fatalf("%s: object %d is %+v, want %v", name, i, d, w)
		}
	}
}

func TestYOLOHeadsAgainstUltralytics(t *testing.T) {
	g := readYOLOGolden(t)
	for _, rows := range []bool{false, true} {
		name := fmt.Sprintf("rows %v", rows)
		head := g.head(1, 5, 0)
		labels := Options{Labels: []string{"a", "b", "c", "d", "e"}}
		g.same(t, name+", pixels", g.decode(t, name, outputs{asOutput("o", head, rows)}, YOLOOptions{Options: labels, Layout: YOLOv8, Pixels: true}), g.Detect)
		unit := g.normalized(head, 0, 2)
		g.same(t, name+", 0 to 1", g.decode(t, name, outputs{asOutput("o", unit, rows)}, YOLOOptions{Layout: YOLOv8}), g.Detect)
		for _, scoreRows := range []bool{false, true} {
			boxes, scores := asOutput("b", unit[:4], rows), asOutput("s", unit[4:], scoreRows)
			g.same(t, name+", apart", g.decode(t, name, outputs{boxes, scores}, YOLOOptions{Layout: YOLOv8}), g.Detect)
			g.same(t, name+", apart, scores first", g.decode(t, name, outputs{scores, boxes}, YOLOOptions{Layout: YOLOv8}), g.Detect)
		}
	}

	head := g.head(4, 2, 15)
	for k := range 5 {
		for i := range head[0] {
			head[6+3*k][i] *= float64(g.Width)
			head[7+3*k][i] *= float64(g.Height)
		}
	}
	points := []string{"a", "b", "c", "d", "e"}
	o := YOLOOptions{Options: Options{Labels: []string{"x", "y"}}, Layout: YOLOv8, Head: YOLOPose, Keypoints: points}
	for _, pixels := range []bool{false, true} {
		out := head
		if o.Pixels = pixels; !pixels {
			out = g.normalized(head, 0, 2, 6, 9, 12, 15, 18)
		}
		got := g.decode(t, "pose", outputs{asOutput("o", out, false)}, o)
		g.same(t, "pose", got, g.Pose)
		for i, w := range g.Pose {
			if len(got[i].Keypoints) != 5 {
				t.Fatalf("pose %d has the points %+v", i, got[i].Keypoints)
			}
			for k, p := range got[i].Keypoints {
				x := w[6+3*k:]
				if p.Label != points[k] || math.Abs(float64(p.X)-x[0]) > 0.05 || math.Abs(float64(p.Y)-x[1]) > 0.05 || math.Abs(float64(p.Score)-x[2]) > 1e-3 {
					t.Fatalf("pose %d, point %d is %+v, want %v", i, k, p, x[:3])
				}
			}
		}
	}
}

func TestYOLOMasksAgainstUltralytics(t *testing.T) {
	g := readYOLOGolden(t)
	head := g.head(2, 3, 8)
	for _, row := range head[7:] {
		for i := range row {
			row[i] = 2*row[i] - 1
		}
	}
	const high, wide, factors = 24, 32, 8
	planar := make([]float32, factors*high*wide)
	last := make([]float32, len(planar))
	for i, v := range seeded(3, len(planar)) {
		planar[i] = float32(2*v - 1)
		last[i%(high*wide)*factors+i/(high*wide)] = planar[i]
	}
	var want [][]float64
	for _, s := range g.Segment {
		want = append(want, s.Row)
	}
	box := asOutput("o", head, false)
	for name, out := range map[string]outputs{
		"planes":        {box, floats("p", []int{1, factors, high, wide}, planar...)},
		"channels last": {box, floats("p", []int{1, high, wide, factors}, last...)},
		"masks first":   {floats("p", []int{1, factors, high, wide}, planar...), box},
	} {
		got := g.decode(t, name, out, YOLOOptions{Layout: YOLOv8, Pixels: true})
		g.same(t, name, got, want)
		total, differ := 0, 0
		for i, s := range g.Segment {
			mask := make([]bool, g.Width*g.Height)
			if m := got[i].Mask; m != nil {
				x0, y0 := int(math.Round(float64(m.Box[0]))), int(math.Round(float64(m.Box[1])))
				at, on := 0, false
				for _, n := range m.Counts {
					for ; n > 0; n-- {
						if on {
							mask[(y0+at/m.Width)*g.Width+x0+at%m.Width] = true
						}
						at++
					}
					on = !on
				}
				if at != m.Width*m.Height {
					t.Fatalf("%s: the runs of mask %d have %d pixels of %d x %d", name, i, at, m.Width, m.Height)
				}
			}
			for run := range slices.Chunk(s.Runs, 2) {
				for k := run[0]; k < run[1]; k++ {
					total++
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
		}
		if total < 1000 || differ > total/1000 {
			t.Errorf("%s: %d of %d pixels differ", name, differ, total)
		}
	}
}

func TestYOLORotatedAgainstUltralytics(t *testing.T) {
	g := readYOLOGolden(t)
	head := g.head(5, 2, 1)
	for i := range head[0] {
		head[6][i] = (head[6][i] - 0.25) * math.Pi
		head[2][i] *= 2
	}
	for _, pixels := range []bool{true, false} {
		out := head
		if !pixels {
			out = g.normalized(head, 0, 2)
		}
		got := g.decode(t, "obb", outputs{asOutput("o", out, false)}, YOLOOptions{Layout: YOLOv8, Head: YOLORotated, Pixels: pixels})
		if len(got) != len(g.OBB) {
			t.Fatalf("%d objects, want %d", len(got), len(g.OBB))
		}
		for i, w := range g.OBB {
			d := got[i]
			if d.Rotated == nil || d.Index != int(w.Row[5]) || math.Abs(float64(d.Score)-w.Row[4]) > 1e-4 {
				t.Fatalf("object %d is %+v, want %v", i, d, w.Row)
			}
			r := d.Rotated
			for k, v := range []float32{r.X, r.Y, r.Width, r.Height} {
				if math.Abs(float64(v)-w.Row[k]) > 0.02 {
					t.Fatalf("object %d is %+v, want %v", i, *r, w.Row)
				}
			}
			if math.Abs(float64(r.Angle)-w.Row[6]) > 1e-4 {
				t.Fatalf("object %d has the angle %v, want %v", i, r.Angle, w.Row[6])
			}
			for _, c := range r.Corners() {
				if !slices.ContainsFunc(slices.Collect(slices.Chunk(w.Corners, 2)), func(p []float64) bool {
					return math.Abs(float64(c[0])-p[0]) < 0.05 && math.Abs(float64(c[1])-p[1]) < 0.05
				}) {
					t.Fatalf("object %d has the corner %v, want one of %v", i, c, w.Corners)
				}
				if x, y := min(max(c[0], 0), float32(g.Width)), min(max(c[1], 0), float32(g.Height)); x < d.Box[0]-0.05 || x > d.Box[2]+0.05 || y < d.Box[1]-0.05 || y > d.Box[3]+0.05 {
					t.Fatalf("object %d: the box %v is not around the corner %v", i, d.Box, c)
				}
			}
		}
	}
}

// TestYOLOEnd2End reads rows that Ultralytics' suppression left, as an export with nms=True gives them, behind which are zeros.
func TestYOLOEnd2End(t *testing.T) {
	g := readYOLOGolden(t)
	rows := make([]float32, 300*6)
	for i, w := range g.Detect {
		for k, v := range w {
			rows[6*i+k] = float32(v)
		}
	}
	g.same(t, "pixels", g.decode(t, "pixels", outputs{floats("o", []int{1, 300, 6}, rows...)}, YOLOOptions{Layout: YOLOEnd2End, Pixels: true}), g.Detect)
	for i := range rows {
		switch i % 6 {
		case 0, 2:
			rows[i] /= float32(g.Width)
		case 1, 3:
			rows[i] /= float32(g.Height)
		}
	}
	g.same(t, "0 to 1", g.decode(t, "0 to 1", outputs{floats("o", []int{1, 300, 6}, rows...)}, YOLOOptions{Layout: YOLOEnd2End}), g.Detect)
}
