package eval

import (
	"fmt"

	"corallite/internal/eval/binary"
	"corallite/internal/eval/dataset"
	"corallite/internal/plot"
	"corallite/pipeline"
)

// mostEmbedded is the most files of which all pairs are compared: 12.5 million pairs.
const mostEmbedded = 5000

// embedder measures embeddings by pairs of files: those with the same label should be more alike than others.
type embedder struct {
	o     Options
	found []map[*dataset.Sample]pipeline.Vector
}

func newEmbedder(o Options) (*embedder, error) {
	files := map[string]int{}
	twice := false
	for _, s := range o.Set.Samples {
		if s.Label == "" {
			return nil, fmt.Errorf("%s has no label for %s as a whole: give a folder for each label, or a CSV file with the columns path and label", o.Data, s.Path)
		}
		files[s.Label]++
		twice = twice || files[s.Label] > 1
	}
	switch {
	case len(files) < 2 || !twice:
		return nil, fmt.Errorf("%s has no pairs to tell apart: want two labels, and two files of at least one", o.Data)
	case len(o.Set.Samples) > mostEmbedded:
		return nil, fmt.Errorf("%s has %d files: all pairs are compared, of at most %d", o.Data, len(o.Set.Samples), mostEmbedded)
	}
	e := &embedder{o: o}
	for range o.Models {
		e.found = append(e.found, map[*dataset.Sample]pipeline.Vector{})
	}
	return e, nil
}

func (e *embedder) add(model int, s *dataset.Sample, event *pipeline.Event, _ pipeline.Item) error {
	if event.Embedding == nil {
		return fmt.Errorf("model %s gives no embedding", event.Model)
	}
	e.found[model][s] = event.Embedding
	return nil
}

func (e *embedder) report(r *Report) {
	var samples []*dataset.Sample
	for i := range e.o.Set.Samples {
		s := &e.o.Set.Samples[i]
		all := true
		for _, found := range e.found {
			all = all && found[s] != nil
		}
		if all {
			samples = append(samples, s)
		}
	}
	r.Samples = len(samples)
	for m := range r.Models {
		e.reportModel(&r.Models[m], e.found[m], samples)
	}
}

func (e *embedder) reportModel(m *ModelReport, found map[*dataset.Sample]pipeline.Vector, samples []*dataset.Sample) {
	var pairs binary.Scores
	right, asked := 0, 0
	for i, a := range samples {
		nearest, best, other := -1, -2.0, false
		for k, b := range samples {
			if i == k {
				continue
			}
			alike := 0.0
			for d, v := range found[a] {
				alike += float64(float64(v) * float64(found[b][d]))
			}
			same := a.Label == b.Label
			other = other || same
			if alike > best {
				nearest, best = k, alike
			}
			switch {
			case k < i:
			case same:
				pairs.Positive = append(pairs.Positive, alike)
			default:
				pairs.Negative = append(pairs.Negative, alike)
			}
		}
		if other {
			asked++
			if samples[nearest].Label == a.Label {
				right++
			} else if len(m.Mistakes) < e.o.Worst {
				m.Mistakes = append(m.Mistakes, Mistake{Path: a.Path, Truth: a.Label, Found: samples[nearest].Label, Score: best})
			}
		}
	}
	m.Figures = []Figure{figure("nearest", "nearest other file has the same label", float64(right)/float64(asked)),
		figure("auc", "ROC area of pairs", pairs.AUC()), figure("equal_error", "equal error rate", pairs.EqualError()), figure("d_prime", "d'", pairs.DPrime())}
	for _, rate := range []float64{0.1, 0.01, 0.001} {
		at := pairs.AtFalse(rate)
		m.Figures = append(m.Figures, figure(fmt.Sprintf("verified_at_%g", rate), fmt.Sprintf("pairs verified with %g %% false ones (score %.3f)", 100*rate, at.Threshold), float64(at.True)/float64(len(pairs.Positive))))
	}
	roc := plot.Series{}
	for _, p := range pairs.Points() {
		roc.X, roc.Y = append(roc.X, float64(p.False)/float64(len(pairs.Negative))), append(roc.Y, float64(p.True)/float64(len(pairs.Positive)))
	}
	m.Charts = []Picture{curveOf("Pairs of files", "others taken for the same", "same verified", roc)}
}
