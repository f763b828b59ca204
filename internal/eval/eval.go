// Package eval measures models on labelled files: it takes what a pipeline found in each, and makes a report of it.
package eval

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/internal/eval/dataset"
	"corallite/pipeline"
)

// Model is a model that is measured.
type Model struct {
	Name   string
	Labels []string // all that it can give, in its order
}

// Options say what is measured.
type Options struct {
	Task   string
	Data   string // what the user named
	Set    *dataset.Set
	Models []Model           // one, or two that are compared
	Rename map[string]string // labels of the set, by what the models call them
	Only   []string          // labels, as the models call them, that are measured alone; nil: all
	Worst  int               // how many mistakes are reported
}

// measure measures one task.
type measure interface {
	// add takes the result of the model for a sample.
	add(model int, s *dataset.Sample, e *pipeline.Event, item pipeline.Item) error
	// report writes into a report what was found. Samples are those that all models have a result for.
	report(r *Report)
}

// Gather is a sink that keeps what models found in the files of a set.
type Gather struct {
	o       Options
	measure measure
	at      map[string][]int // samples by path
	models  map[string]int
	device  []string
}

// NewGather checks that the set, which is prepared, fits the models: the task, and the labels.
func NewGather(o Options) (*Gather, error) {
	g := &Gather{o: o, at: map[string][]int{}, models: map[string]int{}, device: make([]string, len(o.Models))}
	for i, m := range o.Models {
		g.models[m.Name] = i
	}
	for i, s := range o.Set.Samples {
		g.at[s.Path] = append(g.at[s.Path], i)
	}
	var err error
	switch o.Task {
	case "classify":
		g.measure, err = newClassifier(o)
	case "detect":
		g.measure, err = newDetector(o)
	case "pose":
		g.measure, err = newPoses(o)
	case "segment":
		g.measure, err = newSegmenter(o)
	case "embed":
		g.measure, err = newEmbedder(o)
	default:
		err = fmt.Errorf("models for %s cannot be measured", o.Task)
	}
	if err != nil {
		return nil, err
	}
	return g, nil
}

// Paths are the files of the set, each once, in its order.
func (g *Gather) Paths() []string { return paths(g.o.Set) }

func paths(set *dataset.Set) []string {
	var paths []string
	seen := map[string]bool{}
	for _, s := range set.Samples {
		if !seen[s.Path] {
			paths, seen[s.Path] = append(paths, s.Path), true
		}
	}
	return paths
}

// Consume takes a report of the pipeline.
func (g *Gather) Consume(_ context.Context, r pipeline.Report) error {
	for k := range r.Events {
		e := &r.Events[k]
		model, ok := g.models[e.Model]
		if !ok {
			continue
		}
		g.device[model] = e.Device
		for _, i := range g.at[e.Source] {
			if err := g.measure.add(model, &g.o.Set.Samples[i], e, r.Item); err != nil {
				return &pipeline.ItemError{Source: e.Source, Err: err}
			}
		}
	}
	return nil
}

// Lossless is true: every file counts.
func (g *Gather) Lossless() bool { return true }

// Close does nothing.
func (g *Gather) Close() error { return nil }

// Prepare gives the set's labels their new names, and leaves out what is not to be measured.
func (o Options) Prepare() error {
	for from := range o.Rename {
		if !slices.Contains(o.Set.Classes, from) {
			return fmt.Errorf("%s has no label %q to rename%s", o.Data, from, nearest(from, o.Set.Classes))
		}
	}
	to := func(label string) string {
		if new, ok := o.Rename[label]; ok {
			return new
		}
		return label
	}
	for i, c := range o.Set.Classes {
		o.Set.Classes[i] = to(c)
	}
	o.Set.Classes = unique(o.Set.Classes)
	for i := range o.Set.Samples {
		s := &o.Set.Samples[i]
		s.Label = to(s.Label)
		for k := range s.Objects {
			s.Objects[k].Label = to(s.Objects[k].Label)
		}
	}
	return o.keepOnly()
}

// keepOnly leaves out other labels than those of Only: files as a whole, and objects in pictures.
func (o Options) keepOnly() error {
	if len(o.Only) == 0 {
		return nil
	}
	for _, label := range o.Only {
		if !slices.Contains(o.Set.Classes, label) {
			return fmt.Errorf("%s has no label %q%s", o.Data, label, nearest(label, o.Set.Classes))
		}
	}
	other := func(label string) bool { return label != "" && !slices.Contains(o.Only, label) }
	o.Set.Classes = slices.DeleteFunc(o.Set.Classes, other)
	o.Set.Samples = slices.DeleteFunc(o.Set.Samples, func(s dataset.Sample) bool { return other(s.Label) })
	for i := range o.Set.Samples {
		s := &o.Set.Samples[i]
		s.Objects = slices.DeleteFunc(s.Objects, func(object dataset.Object) bool { return other(object.Label) })
	}
	return nil
}

// fits refuses labels of the set that occur and that a model does not have. Case must fit, too: what is meant is said.
func (o Options) fits(occurring []string) error {
	for _, m := range o.Models {
		var unknown []string
		for _, label := range occurring {
			if !slices.Contains(m.Labels, label) {
				unknown = append(unknown, fmt.Sprintf("%q%s", label, nearest(label, m.Labels)))
			}
		}
		switch n := len(unknown); {
		case len(m.Labels) == 0:
			return fmt.Errorf("model %s has no labels: name them (--labels), so that its classes can be compared with the set's", m.Name)
		case n > 0:
			const most = 5
			more := ""
			if n > most {
				unknown, more = unknown[:most], fmt.Sprintf(" and %d more", n-most)
			}
			return fmt.Errorf("%d of the %d labels of %s are none of model %s's %d: %s%s; rename them (--rename OLD=NEW), or leave them out of the set",
				n, len(occurring), o.Data, m.Name, len(m.Labels), strings.Join(unknown, ", "), more)
		}
	}
	return nil
}

// nearest is " (did you mean …?)", or nothing.
func nearest(word string, words []string) string {
	near := didyoumean.Suggest(word, words)
	if near == "" {
		if all := didyoumean.Containing(word, words); len(all) > 0 {
			near = all[0]
		}
	}
	if near == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", near)
}

// occurring are the labels that samples or objects have, in the set's order.
func occurring(set *dataset.Set) []string {
	has := map[string]bool{}
	for _, s := range set.Samples {
		has[s.Label] = true
		for _, o := range s.Objects {
			has[o.Label] = true
		}
	}
	var all []string
	for _, c := range set.Classes {
		if has[c] {
			all = append(all, c)
		}
	}
	return all
}

func unique(words []string) []string {
	var all []string
	for _, w := range words {
		if !slices.Contains(all, w) {
			all = append(all, w)
		}
	}
	return all
}
