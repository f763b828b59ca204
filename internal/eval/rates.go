package eval

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"corallite/internal/eval/dataset"
	"corallite/internal/plot"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// rates measures a model for words as a detector: how many words it misses, and how often an hour it hears one in
// recordings that have none, at its own threshold and at others. Scores are judged by the rules of the stream: a word that
// stays or comes back within the refractory time is one.
func (h *Hearing) rates(model int, m *ModelReport, samples []*dataset.Sample) {
	words, hours := 0, 0.0
	for _, s := range samples {
		if s.Label == Other {
			hours += h.length(model, s)
		} else {
			words++
		}
	}
	own := h.at(model, h.judges[model].Thresholds, samples)
	m.Figures = append(m.Figures,
		figure("false_reject_rate", "words missed, at the model's threshold", ratio(own.missed, words)),
		figure("false_accepts_per_hour", fmt.Sprintf("false words an hour there (%d in %.2f h without words)", own.heard, hours), float64(own.heard)/hours),
		figure("confused", "words taken for another there", ratio(own.confused, words)))
	if hours == 0 || words == 0 {
		return
	}
	curve := plot.Series{}
	best := map[float64]point{} // by how many false ones are allowed
	allowed := []float64{0}
	for _, an := range targets {
		if float64(an*hours) >= 1 { // fewer hours do not tell
			allowed = append(allowed, float64(an*hours))
		}
	}
	for _, t := range sweep {
		at := h.at(model, []float32{t}, samples)
		at.threshold = float64(t)
		curve.X, curve.Y = append(curve.X, float64(at.heard)/hours), append(curve.Y, ratio(at.missed, words))
		for _, n := range allowed {
			if b, ok := best[n]; float64(at.heard) <= n && (!ok || at.missed < b.missed) {
				best[n] = at
			}
		}
	}
	for _, n := range allowed {
		if b, ok := best[n]; ok {
			m.Figures = append(m.Figures, figure(fmt.Sprintf("false_reject_rate_at_%.3g", n/hours),
				fmt.Sprintf("words missed with at most %.3g false ones an hour (threshold %.3g)", n/hours, b.threshold), ratio(b.missed, words)))
		}
	}
	c := plot.Chart{Title: "Detection errors (DET)", X: plot.Axis{Name: "false words an hour"}, Y: plot.Axis{Name: "words missed", Min: 0, Max: 1}, Series: []plot.Series{curve}}
	m.Charts = append(m.Charts, Picture{c.Title, template.HTML(c.SVG())})
}

// targets are false accepts an hour that wake words are asked to keep below.
var targets = []float64{0.1, 0.5, 1, 5}

// sweep are the thresholds that are tried.
var sweep = func() []float32 {
	var all []float32
	for i := 2; i < 100; i++ {
		all = append(all, float32(i)/100)
	}
	return append(all, 0.995, 0.999)
}()

// point is what happens at a threshold.
type point struct {
	threshold               float64
	missed, confused, heard int
}

// at judges all recordings at thresholds, one for each label or one for all.
func (h *Hearing) at(model int, thresholds []float32, samples []*dataset.Sample) (p point) {
	o := *h.judges[model]
	o.Watch = nil
	o.Thresholds = thresholds
	if len(thresholds) == 1 {
		o.Thresholds = slices.Repeat(thresholds, len(o.Labels))
	}
	spotter, err := audio.NewSpotter(o)
	if err != nil {
		panic("eval: a model's own options: " + err.Error())
	}
	for _, s := range samples {
		t := h.traces[model][s.Path]
		spotter.Reset()
		right, wrong := false, 0
		var words []pipeline.Keyword
		for i, end := range t.ends {
			words = spotter.Add(words[:0], t.scores[i*t.labels:(i+1)*t.labels], 0, end)
			for _, w := range words {
				if w.Label == s.Label {
					right = true
				} else {
					wrong++
				}
			}
		}
		switch {
		case s.Label == Other:
			p.heard += wrong
		case !right:
			p.missed++
			fallthrough
		default:
			if wrong > 0 {
				p.confused++
			}
		}
	}
	return p
}

// length is how long a recording is, in hours.
func (h *Hearing) length(model int, s *dataset.Sample) float64 {
	ends := h.traces[model][s.Path].ends
	return ends[len(ends)-1].Hours()
}

func ratio(n, of int) float64 {
	if of == 0 {
		return math.NaN()
	}
	return float64(n) / float64(of)
}
