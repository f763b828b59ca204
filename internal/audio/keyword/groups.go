package keyword

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"corallite/internal/didyoumean"
	"corallite/pipeline/audio"
)

// Group makes one keyword of several classes: it has the highest of their scores.
type Group struct {
	Name       string         // the label of its keywords
	Labels     []string       // of its classes, at least one, none of them in another group
	Threshold  float32        // of its classes, unless Options.Thresholds has the label; 0: that of the group's name there, or Options.Threshold
	Refractory *time.Duration // nil: Options.Refractory
}

// name is the label of what a class is reported as.
func (g *Group) name(label string) string {
	if g == nil {
		return label
	}
	return g.Name
}

// groupOf returns the group of a label; nil: it has none.
func (o *Options) groupOf(label string) *Group {
	for i := range o.Groups {
		if label != "" && slices.Contains(o.Groups[i].Labels, label) {
			return &o.Groups[i]
		}
	}
	return nil
}

// threshold is the lowest score of a class that counts.
func (o *Options) threshold(label string, g *Group) float32 {
	if t, ok := o.Thresholds[label]; ok {
		return t
	}
	if g != nil && g.Threshold > 0 {
		return g.Threshold
	}
	if t, ok := o.Thresholds[g.name(label)]; ok {
		return t
	}
	return o.Threshold
}

// grouping makes of the scores of classes those of what is reported: of classes without a group, and of groups.
type grouping struct {
	labels       []string // of the classes
	names        []string // of what is reported
	thresholds   []float32
	refractories []time.Duration // nil: of no group one of its own

	of     []int     // what a class is reported as; nil: as itself
	least  []float32 // of a class: lower scores do not count in its group
	scores []float32
}

func newGrouping(o Options, labels []string) (*grouping, error) {
	g := &grouping{labels: labels, names: labels}
	if len(o.Groups) == 0 {
		for _, label := range labels {
			g.thresholds = append(g.thresholds, o.threshold(label, nil))
		}
		return g, nil
	}
	if err := o.checkGroups(labels); err != nil {
		return nil, err
	}
	g.names = nil
	places := map[*Group]int{}
	for _, label := range labels {
		group := o.groupOf(label)
		least := o.threshold(label, group)
		at, there := places[group]
		if group == nil || !there {
			at = len(g.names)
			g.names, g.thresholds = append(g.names, group.name(label)), append(g.thresholds, least)
			refractory := o.Refractory
			if group != nil {
				places[group] = at
				if group.Refractory != nil {
					refractory = *group.Refractory
				}
			}
			g.refractories = append(g.refractories, refractory)
		}
		g.thresholds[at] = min(g.thresholds[at], least)
		g.of, g.least = append(g.of, at), append(g.least, least)
	}
	g.scores = make([]float32, len(g.names))
	return g, nil
}

// change takes the thresholds of options that have become others, and gives them to the spotter of what is reported.
func (g *grouping) change(o *Options, s *audio.Spotter) error {
	with, err := newGrouping(*o, g.labels)
	if err != nil {
		return err
	}
	if err := s.SetThresholds(with.thresholds); err != nil {
		return err
	}
	g.thresholds, g.least = with.thresholds, with.least
	return nil
}

func (o *Options) checkGroups(labels []string) error {
	var errs []error
	taken := map[string]string{}
	for _, g := range o.Groups {
		if slices.Contains(labels, g.Name) && o.groupOf(g.Name) == nil {
			errs = append(errs, fmt.Errorf("groups: %q is also a label of the model: add it to the group, or give the group another name", g.Name))
		}
		if g.Refractory != nil && (*g.Refractory < 0 || *g.Refractory > maxRefractory) {
			errs = append(errs, fmt.Errorf("groups: invalid refractory time %v of %q (want 0 to %v)", *g.Refractory, g.Name, maxRefractory))
		}
		for _, label := range g.Labels {
			if other, ok := taken[label]; ok {
				errs = append(errs, fmt.Errorf("groups: %q is in %q and in %q: want one group", label, other, g.Name))
			}
			taken[label] = g.Name
			if label == "" || !slices.Contains(labels, label) {
				hint := ""
				if n := didyoumean.Suggest(label, labels); n != "" {
					hint = fmt.Sprintf("; did you mean %q?", n)
				}
				errs = append(errs, fmt.Errorf("groups: the model has no label %q for %q%s", label, g.Name, hint))
			}
		}
	}
	return errors.Join(errs...)
}

// join returns the scores of what is reported, valid until the next call.
func (g *grouping) join(classes []float32) []float32 {
	if g.of == nil {
		return classes
	}
	clear(g.scores)
	for class, score := range classes {
		if at := g.of[class]; score >= g.least[class] { // NaN is not
			g.scores[at] = max(g.scores[at], score)
		}
	}
	return g.scores
}
