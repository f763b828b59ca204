package eval

import (
	"bytes"
	"context"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/eval/dataset"
	"corallite/internal/mot"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

func value(t *testing.T, figures []Figure, key string) float64 {
	t.Helper()
	i := slices.IndexFunc(figures, func(f Figure) bool { return f.Key == key })
	if i < 0 {
		t.Fatalf("no figure %s in %+v", key, figures)
	}
	return float64(figures[i].Value)
}

// give gives a gather what models found in a file.
func give(t *testing.T, g *Gather, path string, found map[string]pipeline.Result) {
	t.Helper()
	var r pipeline.Report
	for model, result := range found {
		r.Events = append(r.Events, pipeline.Event{Source: path, Model: model, Device: "cpu", Result: result})
	}
	if err := g.Consume(context.Background(), r); err != nil {
		t.Fatal(err)
	}
}

func classesOf(scores ...float32) pipeline.Result {
	var all pipeline.Classes
	for i, s := range scores {
		all = append(all, pipeline.Class{Label: []string{"a", "b", "b"}[i], Index: i, Score: s})
	}
	return pipeline.Result{Classes: all}
}

// Two classifiers on four files, of which one has no result. Two classes of a model have one label: the higher score counts.
func TestClassifiers(t *testing.T) {
	set := &dataset.Set{Classes: []string{"a", "B"}, Samples: []dataset.Sample{{Path: "1", Label: "a"}, {Path: "2", Label: "B"}, {Path: "3", Label: "B"}, {Path: "4", Label: "a"}}}
	o := Options{Task: "classify", Data: "set", Set: set, Rename: map[string]string{"B": "b"}, Worst: 5,
		Models: []Model{{"one", []string{"a", "b"}}, {"two", []string{"a", "b"}}}}
	if err := o.Prepare(); err != nil {
		t.Fatal(err)
	}
	g, err := NewGather(o)
	if err != nil {
		t.Fatal(err)
	}
	give(t, g, "1", map[string]pipeline.Result{"one": classesOf(0.9, 0.1, 0), "two": classesOf(0.2, 0.1, 0.8)})
	give(t, g, "2", map[string]pipeline.Result{"one": classesOf(0.3, 0.1, 0.6), "two": classesOf(0.3, 0.6, 0.1)})
	give(t, g, "3", map[string]pipeline.Result{"one": classesOf(0.2, 0.5, 0), "two": classesOf(0.8, 0.1, 0.1)})
	give(t, g, "4", map[string]pipeline.Result{"one": classesOf(1, 0, 0)}) // the second failed
	r := g.Report()
	if r.Samples != 3 || r.Missing != 1 {
		t.Errorf("%d samples, %d missing", r.Samples, r.Missing)
	}
	if a, b := value(t, r.Models[0].Figures, "accuracy"), value(t, r.Models[1].Figures, "accuracy"); a != 1 || math.Abs(b-1.0/3) > 1e-9 {
		t.Errorf("accuracies %v and %v", a, b)
	}
	if m := r.Models[1].Mistakes; len(m) != 2 || m[0].Path != "3" || m[0].Truth != "b" || m[0].Found != "a" {
		t.Errorf("%+v", m)
	}
	c := r.Compare
	if c == nil || value(t, c.Figures, "only_first") != 2 || value(t, c.Figures, "only_second") != 0 || value(t, c.Figures, "mcnemar_p") != 0.5 || !strings.HasPrefix(c.Verdict, "no difference") {
		t.Errorf("%+v", c)
	}
	var page bytes.Buffer
	if err := r.HTML(&page); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{page.String(), r.Markdown(), r.Text()} {
		if !strings.Contains(text, "0.3333 (95 %: ") || strings.Contains(text, "%!") {
			t.Error(text)
		}
	}
	if data, err := json.Marshal(r); err != nil || bytes.Contains(data, []byte("NaN")) {
		t.Errorf("%s %v", data, err)
	}
}

// Labels that do not fit, and sets of another kind, are refused.
func TestRefuses(t *testing.T) {
	file := func(label string) *dataset.Set {
		return &dataset.Set{Classes: []string{label}, Samples: []dataset.Sample{{Path: "1", Label: label}}}
	}
	model := []Model{{"m", []string{"cat", "dog"}}}
	for want, o := range map[string]Options{
		`"cta" (did you mean "cat"?)`: {Task: "classify", Set: file("cta"), Models: model},
		"has no labels: name them":    {Task: "classify", Set: file("cat"), Models: []Model{{"m", nil}}},
		"has no boxes of objects":     {Task: "detect", Set: file("cat"), Models: model},
		"names no key points":         {Task: "pose", Set: file("cat"), Models: model},
		"has no masks":                {Task: "segment", Set: file("cat"), Models: model},
		"has no pairs":                {Task: "embed", Set: file("cat"), Models: model},
		"has no label for 1 as a":     {Task: "classify", Set: file(""), Models: model},
	} {
		if _, err := NewGather(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	if err := (Options{Set: file("cat"), Rename: map[string]string{"dog": "x"}}).Prepare(); err == nil || !strings.Contains(err.Error(), `no label "dog"`) {
		t.Error(err)
	}
	if err := (Options{Set: file("cat"), Only: []string{"cats"}}).Prepare(); err == nil || !strings.Contains(err.Error(), `did you mean "cat"`) {
		t.Error(err)
	}
}

// Embeddings of two labels on two axes: every pair is told apart, but for one file that lies on the wrong side.
func TestEmbeddings(t *testing.T) {
	set := &dataset.Set{Classes: []string{"a", "b"}}
	vectors := map[string]pipeline.Vector{"1": {1, 0}, "2": {0.8, 0.6}, "3": {0, 1}, "4": {0.6, 0.8}, "5": {1, 0}}
	for path, label := range map[string]string{"1": "a", "2": "a", "3": "b", "4": "b", "5": "b"} {
		set.Samples = append(set.Samples, dataset.Sample{Path: path, Label: label})
	}
	g, err := NewGather(Options{Task: "embed", Set: set, Models: []Model{{"m", nil}}, Worst: 9})
	if err != nil {
		t.Fatal(err)
	}
	for path, v := range vectors {
		give(t, g, path, map[string]pipeline.Result{"m": {Embedding: v}})
	}
	r := g.Report()
	// Alike: 1-2 0.8; 3-4 0.8, 3-5 0, 4-5 0.6. Others: 1-3 0, 1-4 0.6, 1-5 1, 2-3 0.6, 2-4 0.96, 2-5 0.8.
	if auc := value(t, r.Models[0].Figures, "auc"); math.Abs(auc-(3.5+3.5+0.5+2)/24) > 1e-6 {
		t.Errorf("AUC %v", auc)
	}
	if n := value(t, r.Models[0].Figures, "nearest"); math.Abs(n-1.0/5) > 1e-9 { // 3's alone
		t.Errorf("nearest %v", n)
	}
}

// A word is heard at its threshold, missed above its highest score, and counted once within the refractory time.
func TestHearing(t *testing.T) {
	set := &dataset.Set{Classes: []string{"yes", Other}, Samples: []dataset.Sample{{Path: "y1", Label: "yes"}, {Path: "y2", Label: "yes"}, {Path: "n", Label: Other}}}
	h, err := NewHearing(Options{Task: "keyword", Set: set, Models: []Model{{"m", []string{"yes", "no"}}}, Worst: 9})
	if err != nil {
		t.Fatal(err)
	}
	o := &audio.SpotterOptions{Labels: []string{"silence", "yes", "no"}, Thresholds: []float32{0.5, 0.5, 0.5}, Ignore: []int{0}, Refractory: time.Second}
	watch := h.Watch(0)
	hear := func(path string, each time.Duration, scores ...float32) {
		for i, s := range scores {
			watch(path, o, []float32{0.99, s, 0}, time.Duration(i+1)*each)
		}
	}
	hear("y1", time.Second, 0, 0.9, 0)
	hear("y2", time.Second, 0, 0.4, 0)
	// 100 hours without the word: heard twice at 0.5, once at 0.65.
	hear("n", 10*time.Hour, 0, 0.6, 0, 0, 0.7, 0, 0, 0, 0, 0)
	r, err := h.Report()
	if err != nil {
		t.Fatal(err)
	}
	f := r.Models[0].Figures
	if v := value(t, f, "false_reject_rate"); v != 0.5 {
		t.Errorf("missed %v", v)
	}
	if v := value(t, f, "false_accepts_per_hour"); math.Abs(v-0.02) > 1e-9 {
		t.Errorf("false words an hour %v", v)
	}
	if v := value(t, f, "false_reject_rate_at_0"); v != 0.5 { // above 0.7, at which the first is still heard
		t.Errorf("missed without false words %v", v)
	}
	if v := value(t, f, "accuracy"); math.Abs(v-1.0/3) > 1e-9 { // the quiet yes is nearer to none, the other recording to yes
		t.Errorf("accuracy %v", v)
	}
	if _, err := NewHearing(Options{Set: &dataset.Set{Classes: []string{"yse"}, Samples: []dataset.Sample{{Path: "1", Label: "yse"}}}, Models: []Model{{"m", []string{"yes"}}}}); err == nil || !strings.Contains(err.Error(), `"yes"?); `) && !strings.Contains(err.Error(), `did you mean "yes"`) {
		t.Error(err)
	}
}

// An object that is followed in three of four frames, and a video that ends too early.
func TestFollowing(t *testing.T) {
	truth := mot.Frames{}
	for n := 1; n <= 4; n++ {
		truth[n] = []mot.Box{{ID: 7, X: float64(10 * n), Y: 5, W: 20, H: 40, Score: 1}}
	}
	f := NewFollowing("gt.txt", []string{"m"}, truth)
	frame := func(x float32, track uint64) {
		e := pipeline.Event{Model: "m", Result: pipeline.Result{Detections: pipeline.Detections{{Label: "person", Box: [4]float32{x, 5, x + 20, 45}, Track: track}, {Label: "person", Box: [4]float32{0, 0, 9, 9}}}}}
		if err := f.Consume(context.Background(), pipeline.Report{Events: []pipeline.Event{e}}); err != nil {
			t.Fatal(err)
		}
	}
	frame(10, 1)
	frame(20, 1)
	frame(30, 2)
	if _, err := f.Report(); err == nil || !strings.Contains(err.Error(), "up to frame 4, and the video had 3") {
		t.Error(err)
	}
	frame(300, 2)
	r, err := f.Report()
	if err != nil {
		t.Fatal(err)
	}
	v := r.Models[0].Figures
	if value(t, v, "switches") != 1 || value(t, v, "misses") != 1 || value(t, v, "false") != 1 || math.Abs(value(t, v, "mota")-0.25) > 1e-9 || value(t, v, "tracks") != 2 {
		t.Errorf("%+v", v)
	}
}
