package vision

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// nanodetGolden is what NanoDet's own post-processing makes of outputs that seeded makes, and of a real export's for pictures;
// scripts/exports/nanodet_heads.py wrote it.
type nanodetGolden struct {
	Width, Height, Classes int
	Conf, Least            float64
	Heads                  map[string][]exportedBox
	Pictures               map[string][]exportedBox
}

// exportedBox is an object that another program found, in pixels.
type exportedBox struct {
	Class int
	Score float64
	Box   [4]float64
}

func readNanoDetGolden(t *testing.T) (g nanodetGolden) {
	t.Helper()
	text, err := os.ReadFile("testdata/nanodet.json")
	if err == nil {
		err = json.Unmarshal(text, &g)
	}
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func (g nanodetGolden) infos(places int) (in, out []tensor.Info) {
	return []tensor.Info{{Name: "data", Type: tensor.Float32, Shape: []int{1, 3, g.Height, g.Width}}},
		[]tensor.Info{{Name: "output", Type: tensor.Float32, Shape: []int{1, places, g.Classes + 4*nanodetBins}}}
}

// sameBoxes holds detections, best first, against what another program found.
func sameBoxes(t *testing.T, got []pipeline.Detection, want []exportedBox, pixels, scores float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%d objects, want %d: %+v", len(got), len(want), got)
	}
	for i, w := range want {
		same := got[i].Index == w.Class && math.Abs(float64(got[i].Score)-w.Score) <= scores
		for k, v := range got[i].Box {
			same = same && math.Abs(float64(v)-w.Box[k]) <= pixels
		}
		if !same {
			t.Fatalf("object %d is %+v, want %+v", i, got[i], w)
		}
	}
}

func TestNanoDetHeadsAgainstNanoDet(t *testing.T) {
	g := readNanoDetGolden(t)
	for name, c := range map[string]struct {
		seed   uint32
		places int
	}{"nanodet": {1, 16*12 + 8*6 + 4*3}, "nanodet_plus": {2, 16*12 + 8*6 + 4*3 + 2*2}} {
		t.Run(name, func(t *testing.T) {
			want := g.Heads[name]
			if len(want) < 20 {
				t.Fatalf("the golden answer has %d objects", len(want))
			}
			size := g.Classes + 4*nanodetBins
			values := make([]float32, c.places*size)
			for i, v := range seeded(c.seed, len(values)) {
				values[i] = float32(v) * 6
				if i%size < g.Classes {
					values[i] = float32(math.Pow(v, 4))
				}
			}
			in, out := g.infos(c.places)
			o := NanoDetOptions{Options: Options{ScoreThreshold: float32(g.Conf), Input: nanodetInput(false)}, NMSThreshold: 0.6}
			task, err := NewNanoDet(in, out, o)
			if err != nil {
				t.Fatal(err)
			}
			defer task.Close()
			r, err := task.Decode(outputs{floats("output", out[0].Shape, values...)}, fitInto(Letterbox, g.Width, g.Height, g.Width, g.Height).placement(g.Width, g.Height))
			if err != nil {
				t.Fatal(err)
			}
			sameBoxes(t, r.Detections, want, 0.01, 1e-4)
		})
	}
}

func TestNanoDetRefuses(t *testing.T) {
	g := readNanoDetGolden(t)
	in, out := g.infos(252)
	good := NanoDetOptions{NMSThreshold: 0.6}
	for name, change := range map[string]func(in, out []tensor.Info, o *NanoDetOptions){
		"other places":  func(_, out []tensor.Info, _ *NanoDetOptions) { out[0].Shape = []int{1, 253, 35} },
		"no classes":    func(_, out []tensor.Info, _ *NanoDetOptions) { out[0].Shape = []int{1, 252, 32} },
		"no threshold":  func(_, _ []tensor.Info, o *NanoDetOptions) { o.NMSThreshold = 0 },
		"softmax":       func(_, _ []tensor.Info, o *NanoDetOptions) { o.Activation = score.Softmax },
		"other labels":  func(_, _ []tensor.Info, o *NanoDetOptions) { o.Labels = []string{"a", "b"} },
		"another input": func(in, _ []tensor.Info, _ *NanoDetOptions) { in[0].Shape = []int{1, 3, 96} },
	} {
		i, o, opts := slices.Clone(in), slices.Clone(out), good
		change(i, o, &opts)
		if task, err := NewNanoDet(i, o, opts); err == nil {
			task.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	task, err := NewNanoDet(in, out, good)
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	values := make([]float32, 252*35)
	values[0] = 3 // a logit
	p := fitInto(Letterbox, g.Width, g.Height, g.Width, g.Height).placement(g.Width, g.Height)
	if _, err := task.Decode(outputs{floats("output", out[0].Shape, values...)}, p); err == nil || !strings.Contains(err.Error(), "activation: sigmoid") {
		t.Errorf("a logit: %v", err)
	}
	values[0] = float32(math.NaN())
	if _, err := task.Decode(outputs{floats("output", out[0].Shape, values...)}, p); err == nil {
		t.Error("a score that is no number: no error")
	}
}
