package vision

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// threeBoxes are a dog, the same dog found a little beside, and a cat that covers the dog, in an input of 0 to 1: middle,
// size, object, score of cat and dog.
var threeBoxes = [][7]float32{
	{0.5, 0.5, 0.5, 0.5, 0.9, 0.25, 0.75},
	{0.5, 0.55, 0.5, 0.5, 0.9, 0, 1},
	{0.5, 0.5, 0.5, 0.25, 0.5, 1, 0.5},
	{0.1, 0.1, 0.1, 0.1, 0.25, 1, 1},
	{0.9, 0.5, 0.4, 0.5, 0.75, 0.5, 0.5},
}

// asV5 is an output of YOLOv5, asV8 of YOLOv8 with the products in place of the objects.
func asV5(boxes [][7]float32, unitX, unitY float32) tensor.Tensor {
	var v []float32
	for _, b := range boxes {
		v = append(v, b[0]*unitX, b[1]*unitY, b[2]*unitX, b[3]*unitY, b[4], b[5], b[6])
	}
	return floats("boxes", []int{1, len(boxes), 7}, v...)
}

func asV8(boxes [][7]float32, unitX, unitY float32) tensor.Tensor {
	v := make([]float32, 6*len(boxes))
	for i, b := range boxes {
		for k, x := range []float32{b[0] * unitX, b[1] * unitY, b[2] * unitX, b[3] * unitY, b[4] * b[5], b[4] * b[6]} {
			v[k*len(boxes)+i] = x
		}
	}
	return floats("boxes", []int{1, 6, len(boxes)}, v...)
}

func TestYOLODecode(t *testing.T) {
	stretch := fitInto(Stretch, 200, 100, 20, 10).placement(200, 100)
	dog := pipeline.Detection{Label: "dog", Index: 1, Score: 0.9, Box: [4]float32{50, 30, 150, 80}}
	cat := pipeline.Detection{Label: "cat", Index: 0, Score: 0.5, Box: [4]float32{50, 37.5, 150, 62.5}}
	edge := pipeline.Detection{Label: "cat", Index: 0, Score: 0.375, Box: [4]float32{140, 25, 200, 75}}
	far := pipeline.Detection{Label: "cat", Index: 0, Score: 0.25, Box: [4]float32{10, 5, 30, 15}}
	other := pipeline.Detection{Label: "dog", Index: 1, Score: 0.675, Box: [4]float32{50, 25, 150, 75}}
	for name, c := range map[string]struct {
		opts  Options
		over  float32
		place pipeline.Placement
		want  []pipeline.Detection
	}{
		"all":                  {Options{}, 0.45, stretch, []pipeline.Detection{dog, cat, edge, far}},
		"threshold":            {Options{ScoreThreshold: 0.3}, 0.45, stretch, []pipeline.Detection{dog, cat, edge}},
		"threshold is kept":    {Options{ScoreThreshold: 0.5}, 0.45, stretch, []pipeline.Detection{dog, cat}},
		"none":                 {Options{ScoreThreshold: 1}, 0.45, stretch, []pipeline.Detection{}},
		"max":                  {Options{MaxResults: 1}, 0.45, stretch, []pipeline.Detection{dog}},
		"more overlap allowed": {Options{MaxResults: 2}, 0.95, stretch, []pipeline.Detection{dog, other}},
		// Where dogs do not count, a box is of its best class that does.
		"allow": {Options{Allow: []string{"cat"}, ScoreThreshold: 0.3}, 0.45, stretch, []pipeline.Detection{cat, edge}},
		"letterbox": {Options{MaxResults: 1}, 0.45, pipeline.Placement{OffsetY: -50, ScaleX: 10, ScaleY: 20, Width: 200, Height: 100}, []pipeline.Detection{
			{Label: "dog", Index: 1, Score: 0.9, Box: [4]float32{50, 10, 150, 100}}}},
	} {
		in := pictureInput(8)
		in[0].Shape = []int{1, 10, 20, 3}
		for layout, out := range map[string]tensor.Tensor{
			"yolov5": asV5(threeBoxes, 1, 1), "yolov8": asV8(threeBoxes, 1, 1),
			"yolov5 in pixels": asV5(threeBoxes, 20, 10), "yolov8 in pixels": asV8(threeBoxes, 20, 10),
		} {
			o := YOLOOptions{Options: c.opts, NMSThreshold: c.over, Pixels: strings.Contains(layout, "pixels")}
			o.Labels = []string{"cat", "dog"}
			o.Layout = map[string]YOLOLayout{"yolov5": YOLOv5, "yolov8": YOLOv8}[strings.Fields(layout)[0]]
			task, err := NewYOLO(in, []tensor.Info{out.Info}, o)
			if err != nil {
				t.Errorf("%s, %s: %v", name, layout, err)
				continue
			}
			for range 2 {
				got, err := task.Decode(outputs{out}, c.place)
				if err != nil || got.Detections == nil {
					t.Errorf("%s, %s: %v, %v", name, layout, got.Detections, err)
				}
				if diff := differ(got.Detections, c.want, 1e-4); diff != "" {
					t.Errorf("%s, %s: %s", name, layout, diff)
				}
			}
			task.Close()
		}
	}
}

// differ says where two lists of detections differ by more than that in scores and coordinates.
func differ(got, want []pipeline.Detection, by float64) string {
	if len(got) != len(want) {
		return fmt.Sprintf("%d objects, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		g := got[i]
		same := g.Label == w.Label && g.Index == w.Index && math.Abs(float64(g.Score-w.Score)) <= by
		for k := range w.Box {
			same = same && math.Abs(float64(g.Box[k]-w.Box[k])) <= by*100
		}
		if !same {
			return fmt.Sprintf("object %d is %+v, want %+v", i, g, w)
		}
	}
	return ""
}

// TestYOLOQuantized has outputs of 8 bits; the layout is found by itself.
func TestYOLOQuantized(t *testing.T) {
	q := tensor.PerTensor(1./200, 10)
	at := func(v ...float32) []byte {
		var stored []byte
		for _, x := range v {
			stored = append(stored, byte(math.Round(float64(x)*200))+10)
		}
		return stored
	}
	nothing := at(0.5, 0.5, 0.1, 0.1, 0, 0)
	var rows, columns []byte
	for i := range 7 {
		row := nothing
		if i == 3 {
			row = at(0.5, 0.25, 0.5, 0.25, 0.8, 0.5)
		}
		rows = append(rows, row...)
	}
	for k := range 6 {
		for i := range 7 {
			columns = append(columns, rows[6*i+k])
		}
	}
	for _, c := range []struct {
		out    tensor.Tensor
		layout YOLOLayout
		want   pipeline.Detection
	}{
		{bytesOf("v5", tensor.UInt8, q, []int{1, 7, 6}, rows...), YOLOv5, pipeline.Detection{Score: 0.4, Box: [4]float32{25, 12.5, 75, 37.5}}},
		{bytesOf("v8", tensor.UInt8, q, []int{1, 6, 7}, columns...), YOLOv8, pipeline.Detection{Score: 0.8, Box: [4]float32{25, 12.5, 75, 37.5}}},
	} {
		task, err := NewYOLO(pictureInput(10), []tensor.Info{c.out.Info}, YOLOOptions{NMSThreshold: 0.45, Options: Options{ScoreThreshold: 0.3}})
		if err != nil {
			t.Fatal(err)
		}
		if task.opts.Layout != c.layout {
			t.Errorf("the layout is %v, want %v", task.opts.Layout, c.layout)
		}
		got, err := task.Decode(outputs{c.out}, fitInto(Stretch, 100, 100, 10, 10).placement(100, 100))
		if diff := differ(got.Detections, []pipeline.Detection{c.want}, 1e-5); err != nil || diff != "" {
			t.Errorf("%v: %s, %v", c.layout, diff, err)
		}
		task.Close()
	}
}

func TestYOLODecodeOfStrangeOutputs(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	place := fitInto(Stretch, 100, 100, 10, 10).placement(100, 100)
	for name, c := range map[string]struct {
		box   [7]float32
		found int // -1: an error
	}{
		"a box":               {[7]float32{0.5, 0.5, 0.2, 0.2, 1, 1, 0}, 1},
		"no area":             {[7]float32{0.5, 0.5, 0, 0.2, 1, 1, 0}, 0},
		"turned round":        {[7]float32{0.5, 0.5, -0.2, 0.2, 1, 1, 0}, 0},
		"outside":             {[7]float32{1.5, 0.5, 0.2, 0.2, 1, 1, 0}, 0},
		"box is no number":    {[7]float32{nan, 0.5, 0.2, 0.2, 1, 1, 0}, 0},
		"size is endless":     {[7]float32{0.5, 0.5, inf, 0.2, 1, 1, 0}, 1},
		"object is no number": {[7]float32{0.5, 0.5, 0.2, 0.2, nan, 1, 0}, -1},
		"score is no number":  {[7]float32{0.5, 0.5, 0.2, 0.2, 1, nan, 1}, -1},
		"last is no number":   {[7]float32{0.5, 0.5, 0.2, 0.2, 1, 1, nan}, -1},
	} {
		for _, out := range []tensor.Tensor{asV5([][7]float32{c.box}, 1, 1), asV8([][7]float32{c.box}, 1, 1)} {
			layout := YOLOv5
			if out.Shape[2] == 1 {
				layout = YOLOv8
			}
			task, err := NewYOLO(pictureInput(10), []tensor.Info{out.Info}, YOLOOptions{Layout: layout, NMSThreshold: 0.45, Options: Options{ScoreThreshold: 0.1, Labels: []string{"a", "b"}}})
			if err != nil {
				t.Fatal(err)
			}
			got, err := task.Decode(outputs{out}, place)
			if (err != nil) != (c.found < 0) || err == nil && len(got.Detections) != c.found {
				t.Errorf("%s, %v: %d objects, %v; want %d", name, layout, len(got.Detections), err, c.found)
			}
			if _, err := task.Decode(outputs{out}, pipeline.Placement{}); err == nil {
				t.Errorf("%s: decoded without a placement", name)
			}
			out.Data = out.Data[:8]
			if _, err := task.Decode(outputs{out}, place); err == nil {
				t.Errorf("%s: an output that is too short was decoded", name)
			}
			task.Close()
		}
	}
}

// TestYOLOLayoutsAgree decodes the same boxes, made by chance, from both layouts.
func TestYOLOLayoutsAgree(t *testing.T) {
	place := fitInto(Letterbox, 123, 77, 32, 32).placement(123, 77)
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 2))
		boxes := make([][7]float32, 8+rnd.IntN(100))
		for i := range boxes {
			for k := range boxes[i] {
				boxes[i][k] = rnd.Float32()
			}
			boxes[i][4] = 1 // else products are rounded differently
		}
		o := YOLOOptions{NMSThreshold: 0.3, Options: Options{ScoreThreshold: rnd.Float32(), MaxResults: rnd.IntN(10)}}
		if seed%4 == 0 { // then a box of score 0 is kept as well
			o.ScoreThreshold, o.MaxResults, boxes[0][5], boxes[0][6] = 0, 0, 0, 0
		}
		var found [2][]pipeline.Detection
		for i, out := range []tensor.Tensor{asV5(boxes, 1, 1), asV8(boxes, 1, 1)} {
			task, err := NewYOLO(pictureInput(32), []tensor.Info{out.Info}, o)
			if err != nil {
				t.Fatal(err)
			}
			r, err := task.Decode(outputs{out}, place)
			if err != nil {
				t.Fatal(err)
			}
			found[i] = r.Detections
			task.Close()
		}
		if diff := differ(found[0], found[1], 0); diff != "" {
			t.Fatalf("seed %d: %s", seed, diff)
		}
	}
}

func TestYOLORefusesModels(t *testing.T) {
	in := pictureInput(8)
	info := func(kind tensor.Type, shape ...int) []tensor.Info {
		return []tensor.Info{{Name: "boxes", Type: kind, Shape: shape}}
	}
	v5, v8 := info(tensor.Float32, 1, 25200, 85), info(tensor.Float32, 1, 84, 8400)
	unit, pixels := info(tensor.UInt8, 1, 84, 8400), info(tensor.Int8, 1, 84, 8400)
	unit[0].Quantization, pixels[0].Quantization = tensor.PerTensor(1./255, 0), tensor.PerTensor(2.5, -128)
	for name, c := range map[string]struct {
		outputs []tensor.Info
		opts    YOLOOptions
		want    string
	}{
		"two outputs":        {append(v5, v8...), YOLOOptions{NMSThreshold: 0.5}, "2 outputs"},
		"a classifier":       {info(tensor.Float32, 1, 1001), YOLOOptions{NMSThreshold: 0.5}, "[1,4+C,N]"},
		"a batch":            {info(tensor.Float32, 2, 84, 8400), YOLOOptions{NMSThreshold: 0.5}, "[2,84,8400]"},
		"no boxes":           {info(tensor.Float32, 1, 84, 0), YOLOOptions{NMSThreshold: 0.5}, "does not hold boxes"},
		"either":             {info(tensor.Float32, 1, 84, 84), YOLOOptions{NMSThreshold: 0.5}, "layout must be named"},
		"no class of v5":     {info(tensor.Float32, 1, 100, 5), YOLOOptions{NMSThreshold: 0.5}, "yolov5 leaves no class"},
		"no class of v8":     {info(tensor.Float32, 1, 4, 100), YOLOOptions{NMSThreshold: 0.5}, "yolov8 leaves no class"},
		"text":               {info(tensor.String, 1, 84, 8400), YOLOOptions{NMSThreshold: 0.5}, "string"},
		"no overlap":         {v8, YOLOOptions{}, "nms_threshold 0"},
		"overlap beyond":     {v8, YOLOOptions{NMSThreshold: 1.1}, "nms_threshold 1.1"},
		"strange layout":     {v8, YOLOOptions{NMSThreshold: 0.5, Layout: 7}, "unknown layout yolo(7)"},
		"few labels":         {v8, YOLOOptions{NMSThreshold: 0.5, Options: Options{Labels: []string{"a"}}}, "80 classes"},
		"few labels for v5":  {v5, YOLOOptions{NMSThreshold: 0.5, Options: Options{Labels: []string{"a"}}}, "80 classes"},
		"pixels of 0 to 1":   {unit, YOLOOptions{NMSThreshold: 0.5, Pixels: true}, "cannot be in pixels"},
		"scores of 0 alone":  {pixels, YOLOOptions{NMSThreshold: 0.5, Pixels: true}, "steps of 2.5"},
		"parts that are 637": {pixels, YOLOOptions{NMSThreshold: 0.5}, "if they are in pixels"},
	} {
		task, err := NewYOLO(in, c.outputs, c.opts)
		if err == nil {
			t.Errorf("%s: taken", name)
			task.Close()
		} else if !strings.HasPrefix(err.Error(), "detect: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %q does not say %q", name, err, c.want)
		}
	}
	if _, err := NewYOLO(append(in, in...), v8, YOLOOptions{NMSThreshold: 0.5}); err == nil || !strings.Contains(err.Error(), "one input") {
		t.Errorf("two inputs: %v", err)
	}
}

func BenchmarkYOLODecode(b *testing.B) {
	for name, shape := range map[string][]int{"yolov5 25200x85 uint8": {1, 25200, 85}, "yolov8 84x8400 uint8": {1, 84, 8400}} {
		b.Run(name, func(b *testing.B) {
			out := bytesOf("boxes", tensor.UInt8, tensor.PerTensor(1./255, 0), shape, make([]byte, shape[1]*shape[2])...)
			rnd := rand.New(rand.NewPCG(1, 2))
			for i := range out.Data {
				out.Data[i] = byte(rnd.IntN(60)) // below the threshold
			}
			for i := range 40 { // objects in places of their own
				row, column := i*200, 1
				if shape[1] == 84 {
					row, column = i, shape[2]
				} else {
					row *= shape[2]
				}
				for k, v := range []byte{byte(20 + i%8*30), byte(20 + i/8*40), 20, 20, 250, 250} {
					out.Data[row+k*column] = v
				}
			}
			task, err := NewYOLO(pictureInput(640), []tensor.Info{out.Info}, YOLOOptions{NMSThreshold: 0.45, Options: Options{ScoreThreshold: 0.5}})
			if err != nil {
				b.Fatal(err)
			}
			defer task.Close()
			benchmarkDecode(b, task, outputs{out})
		})
	}
}
