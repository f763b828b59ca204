package zone

import (
	"math"
	"strings"
	"testing"

	"corallite/pipeline"
)

func TestSelector(t *testing.T) {
	s := Selection{
		Masks: []Shape{shape(t, "0,0,0.5,0,0.5,0.5,0,0.5", 3)},
		Filters: []Filter{
			{Label: "person", MinArea: 0.01, MaxArea: 0.25, MinRatio: 0.25, MaxRatio: 2, Threshold: 0.7, Masks: []Shape{shape(t, "600,400,640,400,640,480,600,480", 3)}},
			{Label: "car", MinArea: 1000},
		},
	}
	r, err := NewSelector(s, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		label string
		score float32
		box   [4]float32
		kept  bool
	}{
		{"fine", "person", 0.8, [4]float32{300, 250, 400, 400}, true},
		{"low", "person", 0.69, [4]float32{300, 250, 400, 400}, false},
		{"low, of no filter", "dog", 0.1, [4]float32{300, 250, 400, 400}, true},
		{"NaN", "person", float32(math.NaN()), [4]float32{300, 250, 400, 400}, false},
		{"foot in the mask of all", "dog", 0.8, [4]float32{100, 100, 200, 240}, false},
		{"foot below it", "dog", 0.8, [4]float32{100, 100, 200, 241}, true},
		{"foot in its mask", "person", 0.8, [4]float32{590, 300, 630, 410}, false},
		{"the mask of others", "dog", 0.8, [4]float32{590, 300, 630, 410}, true},
		{"least area", "person", 0.8, [4]float32{400, 300, 464, 348}, true}, // 3072 of 307200
		{"too small", "person", 0.8, [4]float32{400, 300, 463, 348}, false},
		{"too large", "person", 0.8, [4]float32{100, 100, 500, 400}, false},
		{"too narrow", "person", 0.8, [4]float32{400, 200, 440, 400}, false},
		{"too wide", "person", 0.8, [4]float32{300, 350, 460, 420}, false},
		{"pixels", "car", 0.8, [4]float32{400, 300, 440, 325}, true},
		{"too few pixels", "car", 0.8, [4]float32{400, 300, 439, 325}, false},
		{"no number", "dog", 0.8, [4]float32{float32(math.NaN()), 300, 439, 325}, false},
	} {
		got := r.Apply(640, 480, []pipeline.Detection{{Label: c.label, Score: c.score, Box: c.box}}, false)
		if (len(got) == 1) != c.kept {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if got := r.Apply(640, 480, []pipeline.Detection{{Label: "person", Score: 0.2, Box: [4]float32{300, 250, 400, 400}}}, true); len(got) != 1 || !r.hidden("person", 0.2) {
		t.Errorf("low ones are for the tracker: %v", got)
	}
}

func TestMerge(t *testing.T) {
	r, err := NewSelector(Selection{Merge: map[string]string{"truck": "car", "bus": "car"}}, func(label string) (int, bool) { return 2, label == "car" }, nil)
	if err != nil {
		t.Fatal(err)
	}
	box, beside := [4]float32{0, 0, 100, 50}, [4]float32{80, 0, 180, 50}
	got := r.Apply(640, 480, []pipeline.Detection{
		{Label: "car", Index: 2, Score: 0.6, Box: box}, {Label: "truck", Index: 7, Score: 0.7, Box: box},
		{Label: "bus", Index: 5, Score: 0.7, Box: box}, {Label: "truck", Index: 7, Score: 0.5, Box: beside},
		{Label: "person", Index: 0, Score: 0.5, Box: box}, {Label: "person", Index: 0, Score: 0.5, Box: box}, // of one label: not ours
	}, false)
	var words []string
	for _, d := range got {
		words = append(words, d.Label)
		if d.Label == "car" && d.Index != 2 {
			t.Errorf("%+v", d)
		}
	}
	if strings.Join(words, " ") != "car car person person" || got[0].Score != 0.7 || got[1].Box != beside {
		t.Errorf("%+v", got)
	}
	r, err = NewSelector(Selection{Merge: map[string]string{"truck": "vehicle", "car": "vehicle"}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range [][]pipeline.Detection{{{Label: "truck", Index: 7, Box: box}}, {{Label: "car", Index: 2, Box: box}}} {
		if got := r.Apply(640, 480, d, false); got[0].Label != "vehicle" || got[0].Index != 7 {
			t.Errorf("%+v: one class for the tracker", got)
		}
	}
}

func TestSelectionValidate(t *testing.T) {
	square := shape(t, "0,0,1,0,1,1,0,1", 3)
	for want, s := range map[string]Selection{
		"a becomes b, which becomes c":       {Merge: map[string]string{"a": "b", "b": "c"}},
		"mask at index 1: expected 3":        {Masks: []Shape{square, {Points: square.Points[:2]}}},
		"filter a: mask at index 0: all":     {Filters: []Filter{{Label: "a", Masks: []Shape{shape(t, "0,0,0.5,0.5,1,1", 3)}}}},
		"filter a: it is there twice":        {Filters: []Filter{{Label: "a"}, {Label: "a"}}},
		"areas and ratios must be 0 or more": {Filters: []Filter{{Label: "a", MinArea: math.NaN()}}},
		"min_area 0.5 and max_area 900":      {Filters: []Filter{{Label: "a", MinArea: 0.5, MaxArea: 900}}},
		"min_area 0.5 is above max_area 0.4": {Filters: []Filter{{Label: "a", MinArea: 0.5, MaxArea: 0.4}}},
		"min_ratio 2 is above max_ratio 1":   {Filters: []Filter{{Label: "a", MinRatio: 2, MaxRatio: 1}}},
		"a threshold of 1.5":                 {Filters: []Filter{{Label: "a", Threshold: 1.5}}},
	} {
		if _, err := NewSelector(s, nil, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

func TestThresholdsForTheTracker(t *testing.T) {
	r, err := NewSelector(Selection{Filters: []Filter{{Label: "person", Threshold: 0.8}, {Label: "dog", Threshold: 0.4}}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	var all []pipeline.Detection
	for _, label := range []string{"person", "dog", "cat"} {
		for _, s := range []float32{0, 0.1, 0.3999, 0.5, 0.7999999, 0.8, 1} {
			all = append(all, pipeline.Detection{Label: label, Score: s})
		}
	}
	low := append([]pipeline.Detection{}, all...)
	r.Lower(low, 0.5)
	for i, d := range low {
		if d.Label == "person" && (d.Score >= 0.5) != (all[i].Score >= 0.8) || d.Label != "person" && d.Score != all[i].Score {
			t.Errorf("%+v becomes %v", all[i], d.Score)
		}
	}
	r.Raise(low, 0.5)
	for i, d := range low {
		if math.Abs(float64(d.Score-all[i].Score)) > 1e-6 {
			t.Errorf("%+v comes back as %v", all[i], d.Score)
		}
	}
}
