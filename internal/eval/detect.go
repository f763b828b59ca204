package eval

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/eval/coco"
	"corallite/internal/eval/dataset"
	"corallite/internal/eval/paired"
	"corallite/internal/plot"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// detector measures detectors, and models for poses.
type detector struct {
	o      Options
	kind   coco.Kind
	labels []string // those that occur in the set
	found  []map[*dataset.Sample][]coco.Detection
	sizes  map[*dataset.Sample][2]float64 // of pictures, in pixels
}

func newDetector(o Options) (*detector, error) {
	if !slices.ContainsFunc(o.Set.Samples, func(s dataset.Sample) bool { return len(s.Objects) > 0 }) {
		return nil, fmt.Errorf("%s has no boxes of objects, which a model for %s is measured by: give COCO's JSON, a YOLO or VOC set, or a CSV file with the columns path, label, xmin, ymin, xmax and ymax", o.Data, o.Task)
	}
	labels := occurring(o.Set)
	if err := o.fits(labels); err != nil {
		return nil, err
	}
	return makeDetector(o, coco.Boxes, labels), nil
}

func makeDetector(o Options, kind coco.Kind, labels []string) *detector {
	d := &detector{o: o, kind: kind, labels: labels, sizes: map[*dataset.Sample][2]float64{}}
	for range o.Models {
		d.found = append(d.found, map[*dataset.Sample][]coco.Detection{})
	}
	return d
}

// category is that of a label, from 1; 0: the set has none of it.
func (d *detector) category(label string) int { return slices.Index(d.labels, label) + 1 }

func (d *detector) add(model int, s *dataset.Sample, e *pipeline.Event, item pipeline.Item) error {
	f, ok := item.(*vision.Frame)
	if !ok {
		return fmt.Errorf("%T is no picture", item)
	}
	d.sizes[s] = [2]float64{float64(f.Width()), float64(f.Height())}
	all := []coco.Detection{}
	for _, o := range e.Detections {
		c := d.category(o.Label)
		if c == 0 {
			continue // what the set does not know is not measured
		}
		b := o.Box
		all = append(all, coco.Detection{Image: s.ID, Category: c, Score: float64(o.Score), Box: coco.Box{
			float64(b[0]), float64(b[1]), float64(b[2]) - float64(b[0]), float64(b[3]) - float64(b[1])}})
	}
	d.found[model][s] = all
	return nil
}

// measured are the samples that all models have, in the order of their numbers, which COCO's rules go by.
func (d *detector) measured() []*dataset.Sample {
	var all []*dataset.Sample
	for i := range d.o.Set.Samples {
		s := &d.o.Set.Samples[i]
		if !slices.ContainsFunc(d.found, func(m map[*dataset.Sample][]coco.Detection) bool { return m[s] == nil }) {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b *dataset.Sample) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// truth is what is there in samples.
func (d *detector) truth(samples []*dataset.Sample) coco.Set {
	var set coco.Set
	for i := range d.labels {
		set.Categories = append(set.Categories, i+1)
	}
	for _, s := range samples {
		set.Images = append(set.Images, s.ID)
		for _, o := range s.Objects {
			a := coco.Annotation{Image: s.ID, Category: d.category(o.Label), Box: coco.Box(o.Box), Area: o.Area, Crowd: o.Crowd, Ignored: o.Hard}
			if o.Relative {
				w, h := d.sizes[s][0], d.sizes[s][1]
				a.Box = coco.Box{o.Box[0] * w, o.Box[1] * h, o.Box[2] * w, o.Box[3] * h}
				a.Area *= w * h
			}
			a.Area = cmp.Or(a.Area, a.Box.Area())
			for _, p := range o.Points {
				a.KeyPoints = append(a.KeyPoints, coco.KeyPoint{X: p[0], Y: p[1], Visible: p[2]})
			}
			set.Annotations = append(set.Annotations, a)
		}
	}
	return set
}

// of is what a model found in samples.
func (d *detector) of(model int, samples []*dataset.Sample) []coco.Detection {
	var all []coco.Detection
	for _, s := range samples {
		all = append(all, d.found[model][s]...)
	}
	return all
}

func (d *detector) report(r *Report) {
	samples := d.measured()
	r.Samples = len(samples)
	truth := d.truth(samples)
	var pictures []*coco.Pictures
	for m := range r.Models {
		found := d.of(m, samples)
		e, err := coco.Evaluate(truth, found, d.kind)
		if err == nil && len(r.Models) == 2 {
			var p *coco.Pictures
			p, err = coco.NewPictures(truth, found, d.kind)
			pictures = append(pictures, p)
		}
		if err != nil {
			r.Notes = append(r.Notes, fmt.Sprintf("%s cannot be measured: %v", r.Models[m].Name, err))
			return
		}
		d.reportModel(&r.Models[m], e, truth)
		if d.kind == coco.Boxes {
			r.Models[m].Mistakes = d.mistakes(samples, truth, found)
		}
	}
	if len(pictures) == 2 && len(samples) > 0 {
		r.Compare = d.compare(r, pictures, samples)
	}
}

// words are what COCO's rows mean.
var words = map[string]string{
	"AP": "AP (0.50 to 0.95)", "AP50": "AP at 0.50", "AP75": "AP at 0.75", "APs": "AP, small", "APm": "AP, medium", "APl": "AP, large",
	"AR": "AR", "AR50": "AR at 0.50", "AR75": "AR at 0.75",
	"AR1": "AR, 1 a picture", "AR10": "AR, 10 a picture", "AR100": "AR, 100 a picture", "ARs": "AR, small", "ARm": "AR, medium", "ARl": "AR, large",
}

func (d *detector) reportModel(m *ModelReport, e *coco.Evaluation, truth coco.Set) {
	for _, l := range e.Lines() {
		m.Figures = append(m.Figures, figure(strings.ToLower(l.Name), words[l.Name], absent(l.Value)))
	}
	there := map[int]int{}
	for _, a := range truth.Annotations {
		there[a.Category]++
	}
	type filter struct {
		Threshold float64 `yaml:"threshold"`
	}
	filters, least := map[string]filter{}, 1.0
	var curves []plot.Series
	for k, c := range e.Categories {
		best := e.Best(k)
		m.Classes = append(m.Classes, Row{Label: d.labels[c-1], Samples: there[c], Figures: []Figure{
			figure("ap", "AP", absent(e.Mean(coco.Average{Category: k + 1}))), figure("ap50", "AP at 0.50", absent(e.Mean(coco.Average{Category: k + 1, Threshold: 0.5}))),
			figure("best_f1", "best F1", best.F1), figure("best_threshold", "at score", best.Threshold),
			figure("precision", "precision there", best.Precision), figure("recall", "recall there", best.Recall)}})
		if best.F1 > 0 {
			t := math.Floor(best.Threshold*1000) / 1000 // a rounded one must not leave out the last
			filters[d.labels[c-1]] = filter{t}
			least = min(least, t)
		}
		if p, _ := e.Curve(k, 0); p != nil && len(curves) < mostCharted {
			s := plot.Series{Name: d.labels[c-1], Y: p}
			for r := range p {
				s.X = append(s.X, float64(r)/float64(len(p)-1))
			}
			curves = append(curves, s)
		}
	}
	m.Charts = []Picture{curveOf("Precision and recall at an overlap of 0.5", "recall", "precision", curves...)}
	if d.kind != coco.Boxes || len(filters) == 0 {
		return
	}
	if text, err := yaml.Marshal(map[string]any{
		"models":    map[string]any{m.Name: map[string]any{"score_threshold": least}},
		"pipelines": map[string]any{"NAME": map[string]any{"filters": filters}},
	}); err == nil {
		m.YAML = string(text)
	}
}

// absent is NaN for COCO's -1.
func absent(v float64) float64 {
	if v == -1 {
		return math.NaN()
	}
	return v
}

// mistakes are the detections with the highest scores that are wrong, and the largest things that were not found at all.
func (d *detector) mistakes(samples []*dataset.Sample, truth coco.Set, found []coco.Detection) []Mistake {
	path := map[int]string{}
	for _, s := range samples {
		path[s.ID] = s.Path
	}
	there := map[int][]coco.Annotation{}
	for _, a := range truth.Annotations {
		there[a.Image] = append(there[a.Image], a)
	}
	var wrong []Mistake
	seen := map[int][]coco.Detection{}
	for _, f := range found {
		seen[f.Image] = append(seen[f.Image], f)
		right, near, most := false, "", 0.5
		for _, a := range there[f.Image] {
			if o := coco.Overlap(f.Box, a); o >= most {
				right, near, most = right || a.Category == f.Category, d.labels[a.Category-1], o
			}
		}
		if !right {
			wrong = append(wrong, Mistake{Path: path[f.Image], Truth: near, Found: d.labels[f.Category-1], Score: f.Score, Box: corners(f.Box)})
		}
	}
	slices.SortStableFunc(wrong, func(a, b Mistake) int { return cmp.Compare(b.Score, a.Score) })
	wrong = wrong[:min(len(wrong), (d.o.Worst+1)/2)]
	missed := slices.DeleteFunc(slices.Clone(truth.Annotations), func(a coco.Annotation) bool {
		return a.Crowd || a.Ignored || slices.ContainsFunc(seen[a.Image], func(f coco.Detection) bool { return f.Category == a.Category && coco.Overlap(f.Box, a) >= 0.5 })
	})
	slices.SortStableFunc(missed, func(a, b coco.Annotation) int { return cmp.Compare(b.Area, a.Area) })
	for _, a := range missed[:min(len(missed), d.o.Worst-len(wrong))] {
		wrong = append(wrong, Mistake{Path: path[a.Image], Truth: d.labels[a.Category-1], Box: corners(a.Box)})
	}
	return wrong
}

func corners(b coco.Box) *Box { return &Box{b[0], b[1], b[0] + b[2], b[1] + b[3]} }

// compare says how much better the second model is.
func (d *detector) compare(r *Report, pictures []*coco.Pictures, samples []*dataset.Sample) *Comparison {
	diff := paired.Bootstrap(len(samples), 300, 1, func(drawn []int) (float64, float64) {
		return absent(pictures[0].AP(drawn)), absent(pictures[1].AP(drawn))
	})
	c := &Comparison{First: r.Models[0].Name, Second: r.Models[1].Name, Measure: "AP", Difference: &diff}
	c.Verdict = verdict(c.First, c.Second, "AP", diff, math.NaN())
	if d.kind != coco.Boxes {
		return c
	}
	both, all, drift := 0, 0, 0.0
	for _, s := range samples {
		for _, a := range d.found[0][s] {
			if a.Score < 0.3 {
				continue
			}
			all++
			for _, b := range d.found[1][s] {
				if b.Category == a.Category && coco.Overlap(a.Box, coco.Annotation{Box: b.Box}) >= 0.5 {
					both, drift = both+1, drift+math.Abs(a.Score-b.Score)
					break
				}
			}
		}
	}
	c.Figures = []Figure{figure("agreement", fmt.Sprintf("share of the %d detections of %s with a score of 0.3 or more that %s has too", all, c.First, c.Second), float64(both)/float64(all)),
		figure("mean_drift", "mean difference of their scores", drift/float64(both))}
	return c
}
