package eval

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"corallite/internal/eval/classes"
	"corallite/internal/eval/dataset"
	"corallite/pipeline/audio"
)

// Other is the label of recordings without any of a model's words.
const Other = "other"

// Hearing measures models for words by all scores that they give in each recording.
type Hearing struct {
	o Options

	mu     sync.Mutex
	traces []map[string]*trace
	judges []*audio.SpotterOptions // how each model judges its scores; nil: it heard nothing
}

// trace is the scores of a model in one recording.
type trace struct {
	labels int
	scores []float32       // of all windows, labels of each
	ends   []time.Duration // of the windows
}

// NewHearing checks that the set has labels of whole recordings.
func NewHearing(o Options) (*Hearing, error) {
	h := &Hearing{o: o, judges: make([]*audio.SpotterOptions, len(o.Models))}
	for _, s := range o.Set.Samples {
		if s.Label == "" {
			return nil, fmt.Errorf("%s has no label for %s: give a folder for each word, or a CSV file with the columns path and label", o.Data, s.Path)
		}
	}
	labels := slices.DeleteFunc(occurring(o.Set), func(l string) bool { return l == Other })
	if err := o.fits(labels); err != nil {
		return nil, fmt.Errorf("%w; recordings with none of the words have the label %q", err, Other)
	}
	for range o.Models {
		h.traces = append(h.traces, map[string]*trace{})
	}
	return h, nil
}

// Paths are the files of the set, each once.
func (h *Hearing) Paths() []string { return paths(h.o.Set) }

// Watch takes the scores of a model, by its place in Options.Models.
func (h *Hearing) Watch(model int) func(source string, o *audio.SpotterOptions, scores []float32, end time.Duration) {
	return func(source string, o *audio.SpotterOptions, scores []float32, end time.Duration) {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.judges[model] = o
		t := h.traces[model][source]
		if t == nil {
			t = &trace{labels: len(scores)}
			h.traces[model][source] = t
		}
		t.scores, t.ends = append(t.scores, scores...), append(t.ends, end)
	}
}

// Report makes the report. It fails when no model gave a score.
func (h *Hearing) Report() (*Report, error) {
	r := &Report{Task: h.o.Task, Data: h.o.Data, Form: h.o.Set.Form}
	var samples []*dataset.Sample
	for i := range h.o.Set.Samples {
		s := &h.o.Set.Samples[i]
		if !slices.ContainsFunc(h.traces, func(t map[string]*trace) bool { return t[s.Path] == nil }) {
			samples = append(samples, s)
		}
	}
	r.Samples, r.Missing = len(samples), len(h.o.Set.Samples)-len(samples)
	if len(samples) == 0 {
		return nil, fmt.Errorf("no recording of %s gave a score: they are shorter than a window of the model, or could not be read", h.o.Data)
	}
	var sets []*classes.Set
	for m, model := range h.o.Models {
		report := ModelReport{Name: model.Name}
		words, at := h.words(m)
		c := &classifier{o: h.o, labels: append(words, Other)}
		set := &classes.Set{Classes: c.labels}
		for _, s := range samples {
			set.Truth = append(set.Truth, slices.Index(c.labels, s.Label))
			set.Scores = append(set.Scores, highest(h.traces[m][s.Path], at, len(words)))
		}
		if err := set.Check(); err != nil {
			return nil, fmt.Errorf("model %s: %w", model.Name, err)
		}
		c.reportModel(&report, set, samples)
		h.rates(m, &report, samples)
		sets, r.Models = append(sets, set), append(r.Models, report)
	}
	if len(sets) == 2 && slices.Equal(sets[0].Classes, sets[1].Classes) {
		r.Compare = compareClasses(r.Models[0].Name, r.Models[1].Name, sets[0], sets[1])
	}
	r.Notes = append(r.Notes, "A word's score in a recording is its highest in any window; that of "+Other+" is what the highest of all words leaves to 1.")
	return r, nil
}

// words are the labels that a model listens for, and at says which of them each of its labels is; -1: none.
func (h *Hearing) words(model int) (words []string, at []int) {
	o := h.judges[model]
	for i, label := range o.Labels {
		if label == "" || slices.Contains(o.Ignore, i) {
			at = append(at, -1)
			continue
		}
		k := slices.Index(words, label)
		if k < 0 {
			k, words = len(words), append(words, label)
		}
		at = append(at, k)
	}
	return words, at
}

// highest is each word's highest score in a recording, and what the highest of all leaves for Other.
func highest(t *trace, at []int, words int) []float32 {
	best := make([]float32, words+1)
	top := float32(0)
	for i, score := range t.scores {
		if k := at[i%t.labels]; k >= 0 {
			best[k], top = max(best[k], score), max(top, score)
		}
	}
	best[words] = 1 - min(top, 1)
	return best
}
