package coco

import (
	"encoding/json"
	"flag"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

var update = flag.Bool("update", false, "write the golden values anew, from pycocotools")

// aCase is a case as COCO's files have it.
type aCase struct {
	GT struct {
		Images      []record `json:"images"`
		Annotations []record `json:"annotations"`
		Categories  []record `json:"categories"`
		Info        struct{} `json:"info"`
	} `json:"gt"`
	DT   []record `json:"dt"`
	Kind string   `json:"kind"`
}

type record struct {
	ID        int       `json:"id"`
	Image     int       `json:"image_id"`
	Category  int       `json:"category_id"`
	Box       *Box      `json:"bbox,omitempty"`
	Area      float64   `json:"area"`
	Crowd     int       `json:"iscrowd"`
	Score     float64   `json:"score"`
	KeyPoints []float64 `json:"keypoints,omitempty"`
	Labelled  int       `json:"num_keypoints"`
}

// outcome is what pycocotools says.
type outcome struct {
	Rows       []float64 `json:"rows"`
	Categories []float64 `json:"categories"`
}

func points(v []float64) []KeyPoint {
	var all []KeyPoint
	for i := 0; i+2 < len(v); i += 3 {
		all = append(all, KeyPoint{v[i], v[i+1], v[i+2]})
	}
	return all
}

func (c aCase) read() (Set, []Detection, Kind) {
	var set Set
	for _, r := range c.GT.Images {
		set.Images = append(set.Images, r.ID)
	}
	for _, r := range c.GT.Categories {
		set.Categories = append(set.Categories, r.ID)
	}
	for _, r := range c.GT.Annotations {
		set.Annotations = append(set.Annotations, Annotation{r.Image, r.Category, *r.Box, r.Area, r.Crowd == 1, false, points(r.KeyPoints)})
	}
	var found []Detection
	for _, r := range c.DT {
		d := Detection{Image: r.Image, Category: r.Category, Score: r.Score, KeyPoints: points(r.KeyPoints)}
		if r.Box != nil {
			d.Box = *r.Box
		}
		found = append(found, d)
	}
	kind := Boxes
	if c.Kind == "keypoints" {
		kind = Poses
	}
	return set, found, kind
}

func (c aCase) evaluate(t *testing.T) outcome {
	t.Helper()
	set, found, kind := c.read()
	e, err := Evaluate(set, found, kind)
	if err != nil {
		t.Fatal(err)
	}
	var o outcome
	for _, l := range e.Lines() {
		o.Rows = append(o.Rows, l.Value)
	}
	for k := range e.Categories {
		o.Categories = append(o.Categories, e.Mean(Average{Category: k + 1}))
	}
	p, err := NewPictures(set, found, kind)
	if err != nil {
		t.Fatal(err)
	}
	all := make([]int, len(sorted(set.Images)))
	for i := range all {
		all[i] = i
	}
	if ap := p.AP(all); math.Abs(ap-o.Rows[0]) > 1e-9 {
		t.Errorf("AP of all pictures is %v, that of the set %v", ap, o.Rows[0])
	}
	return o
}

// made makes a case: crowds, scores that are equal, categories without things, with more detections than the limits, of
// all sizes, annotations whose area is less than their box's.
func made(seed uint64) aCase {
	r := rand.New(rand.NewPCG(seed, 1))
	c := aCase{Kind: "bbox"}
	if seed%4 == 3 {
		c.Kind = "keypoints"
	}
	categories := 1 + r.IntN(4)
	for k := range categories {
		c.GT.Categories = append(c.GT.Categories, record{ID: 3*k + 1})
	}
	id := 1
	for image := range 1 + r.IntN(12) {
		c.GT.Images = append(c.GT.Images, record{ID: 100 - image})
		for range r.IntN(6) {
			side := math.Exp(1 + 5*r.Float64())
			b := Box{round(600 * r.Float64()), round(400 * r.Float64()), round(side), round(side * (0.5 + r.Float64()))}
			k := 3*r.IntN(categories) + 1
			a := record{ID: id, Image: 100 - image, Category: k, Box: &b, Area: round(b.Area() * (0.4 + 0.6*r.Float64()))}
			id++
			if r.IntN(8) == 0 {
				a.Crowd = 1
			}
			a.place(r, 0)
			c.GT.Annotations = append(c.GT.Annotations, a)
			for range r.IntN(4) {
				n := func() float64 { return (r.Float64() - 0.5) * 0.4 * side }
				d := Box{round(b[0] + n()), round(b[1] + n()), round(b[2] * (0.7 + 0.6*r.Float64())), round(b[3] * (0.7 + 0.6*r.Float64()))}
				f := record{Image: a.Image, Category: 3*r.IntN(categories) + 1, Box: &d, Score: float64(r.IntN(20)) / 20}
				if r.IntN(3) > 0 {
					f.Category = k
				}
				f.place(r, 0.1*side)
				c.DT = append(c.DT, f)
			}
		}
	}
	if seed%5 == 4 { // more than a hundred of a category in one picture
		for range 130 {
			b := Box{round(600 * r.Float64()), round(400 * r.Float64()), 30, 40}
			f := record{Image: 100, Category: 1, Box: &b, Score: float64(r.IntN(9)) / 9}
			f.place(r, 9)
			c.DT = append(c.DT, f)
		}
	}
	if len(c.DT) == 0 {
		c.DT = []record{{Image: 100, Category: 1, Box: &Box{1, 2, 3, 4}, Score: 1}}
		c.DT[0].place(r, 1)
	}
	if c.Kind == "bbox" {
		for i := range c.DT {
			c.DT[i].KeyPoints = nil
		}
	} else {
		for i := range c.DT {
			c.DT[i].Box = nil
		}
	}
	return c
}

// place gives a record key points in its box, moved by up to far.
func (a *record) place(r *rand.Rand, far float64) {
	none := r.IntN(6) == 0
	for range 17 {
		v := float64(r.IntN(3))
		if none {
			v = 0
		}
		if v > 0 {
			a.Labelled++
		}
		x, y := a.Box[0]+a.Box[2]*r.Float64()+far*(r.Float64()-0.5), a.Box[1]+a.Box[3]*r.Float64()+far*(r.Float64()-0.5)
		a.KeyPoints = append(a.KeyPoints, round(x), round(y), v)
	}
}

func round(v float64) float64 { return math.Round(v*100) / 100 }

const madeCases = 60

func TestEqualsPycocotools(t *testing.T) {
	var cases []aCase
	for seed := range uint64(madeCases) {
		cases = append(cases, made(seed))
	}
	var want []outcome
	testdata.Golden(t, *update, cases, &want)
	for seed, c := range cases {
		compare(t, seed, c.evaluate(t), want[seed])
	}
}

func compare(t *testing.T, name any, got, want outcome) {
	t.Helper()
	if len(got.Rows) != len(want.Rows) || len(got.Categories) != len(want.Categories) {
		t.Fatalf("%v: %d rows and %d categories, want %d and %d", name, len(got.Rows), len(got.Categories), len(want.Rows), len(want.Categories))
	}
	for i, v := range append(want.Rows, want.Categories...) {
		if g := append(got.Rows, got.Categories...)[i]; math.Abs(g-v) > 1e-9 {
			t.Errorf("%v: row %d: %.12f, pycocotools says %.12f", name, i, g, v)
		}
	}
}

// The reference of 122 boxes and 151 detections, with crowds and equal scores.
func TestReference(t *testing.T) {
	data, err := os.ReadFile(testdata.Path(t, "../learning/coco_reference.json"))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		GT    json.RawMessage    `json:"ground_truth"`
		DT    []record           `json:"detections"`
		Stats map[string]float64 `json:"stats"`
		Each  map[string]float64 `json:"ap_per_category"`
	}
	var c aCase
	if err := json.Unmarshal(data, &file); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(file.GT, &c.GT); err != nil {
		t.Fatal(err)
	}
	c.DT, c.Kind = file.DT, "bbox"
	want := outcome{Categories: []float64{file.Each["1"], file.Each["3"], file.Each["7"]}}
	set, found, kind := c.read()
	e, err := Evaluate(set, found, kind)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range e.Lines() {
		want.Rows = append(want.Rows, file.Stats[l.Name])
	}
	compare(t, "reference", c.evaluate(t), want)
}

// The traps: annotation number 0 never matters here, since numbers are not looked at; no detections are 0, no things -1.
func TestNothing(t *testing.T) {
	set := Set{Images: []int{1}, Categories: []int{1, 2}, Annotations: []Annotation{{Image: 1, Category: 1, Box: Box{0, 0, 50, 50}, Area: 2500}}}
	e, err := Evaluate(set, nil, Boxes)
	if err != nil {
		t.Fatal(err)
	}
	if v := e.Mean(Average{}); v != 0 {
		t.Errorf("AP without detections is %v, want 0", v)
	}
	if v := e.Mean(Average{Category: 2}); v != -1 {
		t.Errorf("AP of a category without things is %v, want -1", v)
	}
	e, err = Evaluate(set, []Detection{{Image: 1, Category: 1, Box: Box{0, 0, 50, 50}, Score: 0.5}}, Boxes)
	if err != nil {
		t.Fatal(err)
	}
	if v := e.Mean(Average{}); math.Abs(v-1) > 1e-9 {
		t.Errorf("AP of what is right is %v, want 1", v)
	}
	if p, s := e.Curve(0, 0); len(p) != 101 || s[0] != 0.5 || p[100] < 0.999 {
		t.Errorf("curve %v %v", p, s)
	}
}

func TestRefuses(t *testing.T) {
	set := Set{Images: []int{1}, Categories: []int{1}}
	for want, d := range map[string]Detection{
		"picture 2, which":  {Image: 2, Category: 1},
		"category 3, which": {Image: 1, Category: 3},
		"that is no number": {Image: 1, Category: 1, Score: math.NaN()},
		"box of negative":   {Image: 1, Category: 1, Box: Box{0, 0, -1, 3}},
	} {
		if _, err := Evaluate(set, []Detection{d}, Boxes); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", d, err, want)
		}
	}
	if _, err := Evaluate(set, []Detection{{Image: 1, Category: 1}}, Poses); err == nil || !strings.Contains(err.Error(), "key points") {
		t.Error(err)
	}
}
