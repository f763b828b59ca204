package eval

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"corallite/internal/eval/classes"
	"corallite/internal/eval/dataset"
	"corallite/internal/eval/paired"
	"corallite/internal/plot"
	"corallite/pipeline"
)

// classifier measures classifiers. Classes of a model that share a label are one, with the highest of their scores.
type classifier struct {
	o      Options
	labels []string       // of all models
	at     map[string]int // in labels
	scores []map[*dataset.Sample][]float32
}

func newClassifier(o Options) (*classifier, error) {
	for _, s := range o.Set.Samples {
		if s.Label == "" {
			return nil, fmt.Errorf("%s has no label for %s as a whole, which a model for %s is measured by: give a folder for each class, or a CSV file with the columns path and label", o.Data, s.Path, o.Task)
		}
	}
	if err := o.fits(occurring(o.Set)); err != nil {
		return nil, err
	}
	c := &classifier{o: o, at: map[string]int{}}
	for _, m := range o.Models {
		for _, l := range m.Labels {
			if _, seen := c.at[l]; !seen {
				c.at[l] = len(c.labels)
				c.labels = append(c.labels, l)
			}
		}
		c.scores = append(c.scores, map[*dataset.Sample][]float32{})
	}
	return c, nil
}

func (c *classifier) add(model int, s *dataset.Sample, e *pipeline.Event, _ pipeline.Item) error {
	scores := make([]float32, len(c.labels))
	given := make([]bool, len(c.labels))
	for _, class := range e.Classes {
		i, ok := c.at[class.Label]
		if !ok {
			return fmt.Errorf("model %s gives the class %q, which is none of its labels", e.Model, class.Label)
		}
		if !given[i] || class.Score > scores[i] {
			scores[i], given[i] = class.Score, true
		}
	}
	c.scores[model][s] = scores
	return nil
}

// set is the outcome of a model on the samples that all models have.
func (c *classifier) set(model int) (*classes.Set, []*dataset.Sample) {
	set := &classes.Set{Classes: c.labels}
	var samples []*dataset.Sample
	for i := range c.o.Set.Samples {
		s := &c.o.Set.Samples[i]
		if !slices.ContainsFunc(c.scores, func(m map[*dataset.Sample][]float32) bool { return m[s] == nil }) {
			samples = append(samples, s)
			set.Truth, set.Scores = append(set.Truth, c.at[s.Label]), append(set.Scores, c.scores[model][s])
		}
	}
	return set, samples
}

func (c *classifier) report(r *Report) {
	for m := range r.Models {
		set, samples := c.set(m)
		r.Samples = len(samples)
		c.reportModel(&r.Models[m], set, samples)
	}
	if len(r.Models) == 2 && r.Samples > 0 {
		a, _ := c.set(0)
		b, _ := c.set(1)
		r.Compare = compareClasses(r.Models[0].Name, r.Models[1].Name, a, b)
	}
}

// bins of the calibration.
const bins = 15

func (c *classifier) reportModel(m *ModelReport, set *classes.Set, samples []*dataset.Sample) {
	if len(samples) == 0 {
		return
	}
	n := len(samples)
	accuracy := set.TopK(1)
	low, high := classes.Interval(accuracy, n)
	m.Figures = append(m.Figures, within("accuracy", "accuracy", accuracy, low, high))
	for _, k := range []int{3, 5} {
		if len(c.labels) > k {
			v := set.TopK(k)
			low, high := classes.Interval(v, n)
			m.Figures = append(m.Figures, within(fmt.Sprintf("top_%d", k), fmt.Sprintf("among the best %d", k), v, low, high))
		}
	}
	confusion := set.Confusion()
	rates, avg := classes.PerClass(confusion)
	for _, a := range []struct {
		name  string
		rates classes.Rates
	}{{"macro", avg.Macro}, {"weighted", avg.Weighted}, {"micro", avg.Micro}} {
		m.Figures = append(m.Figures, figure(a.name+"_precision", a.name+" precision", a.rates.Precision),
			figure(a.name+"_recall", a.name+" recall", a.rates.Recall), figure(a.name+"_f1", a.name+" F1", a.rates.F1))
	}
	calibration, e := set.Calibration(bins)
	losses := set.Losses()
	m.Figures = append(m.Figures, figure("calibration_error", "expected calibration error", e),
		figure("cross_entropy", "cross-entropy", losses.CrossEntropy), figure("mse", "mean squared error", losses.SquaredError), figure("hinge", "multi-class hinge", losses.Hinge))
	occur := occurs(confusion)
	aucs, counted := 0.0, 0
	for _, k := range occur {
		against := set.Against(k)
		row := Row{Label: c.labels[k], Samples: rates[k].Samples, Figures: []Figure{
			figure("precision", "precision", rates[k].Precision), figure("recall", "recall", rates[k].Recall), figure("f1", "F1", rates[k].F1),
			figure("auc", "ROC area", against.AUC()), figure("average_precision", "PR area", against.AveragePrecision()),
			figure("best_threshold", "best threshold", against.BestF1().Threshold)}}
		m.Classes = append(m.Classes, row)
		if v := against.AUC(); !math.IsNaN(v) {
			aucs, counted = aucs+v, counted+1
		}
		m.Labels = append(m.Labels, c.labels[k])
	}
	m.Figures = append(m.Figures, figure("macro_auc", "macro ROC area", aucs/float64(counted)))
	for _, i := range occur {
		var row []int
		for _, k := range occur {
			row = append(row, confusion[i][k])
		}
		m.Confusion = append(m.Confusion, row)
	}
	mistakes := set.Mistakes()
	for _, wrong := range mistakes[:min(c.o.Worst, len(mistakes))] {
		best := set.Best(wrong.Sample)
		m.Mistakes = append(m.Mistakes, Mistake{Path: samples[wrong.Sample].Path, Truth: samples[wrong.Sample].Label, Found: c.labels[best], Score: float64(set.Scores[wrong.Sample][best])})
	}
	m.Charts = classCharts(set, m, occur, calibration)
}

// occurs are the classes that are true of a sample, or the best in one.
func occurs(confusion [][]int) []int {
	var all []int
	for k, row := range confusion {
		n := 0
		for o := range confusion {
			n += row[o] + confusion[o][k]
		}
		if n > 0 {
			all = append(all, k)
		}
	}
	return all
}

// mostCharted is how many classes are drawn: more cannot be told apart.
const mostCharted = 6

func classCharts(set *classes.Set, m *ModelReport, occur []int, calibration []classes.Bin) (charts []Picture) {
	if len(occur) <= 40 {
		t := plot.Table{Title: "Confusions", Rows: "true", Columns: "found", Labels: m.Labels, Counts: m.Confusion}
		charts = append(charts, Picture{t.Title, template.HTML(t.SVG())})
	}
	var roc, pr []plot.Series
	for _, k := range occur[:min(mostCharted, len(occur))] {
		s := set.Against(k)
		if len(s.Positive) == 0 || len(s.Negative) == 0 {
			continue
		}
		r, p := plot.Series{Name: set.Classes[k]}, plot.Series{Name: set.Classes[k]}
		for _, at := range s.Points() {
			recall := float64(at.True) / float64(len(s.Positive))
			r.X, r.Y = append(r.X, float64(at.False)/float64(len(s.Negative))), append(r.Y, recall)
			if at.True+at.False > 0 {
				p.X, p.Y = append(p.X, recall), append(p.Y, float64(at.True)/float64(at.True+at.False))
			}
		}
		roc, pr = append(roc, r), append(pr, p)
	}
	reliable := plot.Series{Name: "samples", Points: true}
	for _, b := range calibration {
		if b.Samples > 0 {
			reliable.X, reliable.Y = append(reliable.X, b.Score), append(reliable.Y, b.Right)
		}
	}
	ideal := plot.Series{Name: "ideal", X: []float64{0, 1}, Y: []float64{0, 1}, Dashed: true}
	return append(charts, curveOf("ROC, one class against the others", "false positives", "true positives", roc...),
		curveOf("Precision and recall", "recall", "precision", pr...), curveOf("Calibration", "score of the best class", "share that is right", reliable, ideal))
}

func compareClasses(first, second string, a, b *classes.Set) *Comparison {
	var onlyA, onlyB, same int
	drift, most := 0.0, 0.0
	rightA, rightB := make([]float64, len(a.Truth)), make([]float64, len(a.Truth)) // 1: the best class is right
	for i, truth := range a.Truth {
		best, other := a.Best(i), b.Best(i)
		if best == other {
			same++
		}
		if best == truth {
			rightA[i] = 1
		}
		if other == truth {
			rightB[i] = 1
		}
		switch {
		case rightA[i] > rightB[i]:
			onlyA++
		case rightB[i] > rightA[i]:
			onlyB++
		}
		for k := range a.Scores[i] {
			d := math.Abs(float64(a.Scores[i][k] - b.Scores[i][k]))
			drift, most = drift+d/float64(len(a.Scores[i])), max(most, d)
		}
	}
	n := float64(len(a.Truth))
	p := paired.McNemar(onlyA, onlyB)
	d := paired.Bootstrap(len(a.Truth), 1000, 1, func(samples []int) (x, y float64) {
		for _, i := range samples {
			x, y = x+rightA[i], y+rightB[i]
		}
		return x / n, y / n
	})
	return &Comparison{First: first, Second: second, Measure: "accuracy", Difference: &d,
		Figures: []Figure{figure("agreement", "same best class", float64(same)/n), count("only_first", "right only in "+first, onlyA), count("only_second", "right only in "+second, onlyB),
			figure("mcnemar_p", "McNemar's p", p), figure("mean_drift", "mean difference of scores", drift/n), figure("max_drift", "largest difference of a score", most)},
		Verdict: verdict(first, second, "accuracy", d, p)}
}
