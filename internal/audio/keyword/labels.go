package keyword

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"corallite/internal/didyoumean"
	"corallite/pipeline/audio"
)

// IsBackground says whether a label stands for the absence of a word: "silence", "background", "background noise",
// "noise", "other", "unknown", "negative" or "???", in any case, with underscores around and between.
func IsBackground(label string) bool {
	switch strings.Trim(strings.ReplaceAll(strings.ToLower(label), "_", " "), " ") {
	case "silence", "background", "background noise", "noise", "other", "unknown", "negative", "???":
		return true
	}
	return false
}

// newSpotter makes the Spotter for a model of so many classes, and what makes of their scores those that it takes.
func newSpotter(o Options, classes int) (*audio.Spotter, *grouping, error) {
	labels, err := classLabels(o, classes)
	if err != nil {
		return nil, nil, err
	}
	g, err := newGrouping(o, labels)
	if err != nil {
		return nil, nil, err
	}
	known := func(option string, names, all []string) (err error) {
		for _, name := range names {
			if name != "" && slices.Contains(all, name) {
				continue
			}
			hint := ""
			if n := didyoumean.Suggest(name, all); n != "" {
				hint = fmt.Sprintf("; did you mean %q?", n)
			}
			err = errors.Join(err, fmt.Errorf("%s: the model has no label %q%s", option, name, hint))
		}
		return err
	}
	err = errors.Join(known("category_allowlist", o.Allow, g.names), known("category_denylist", o.Deny, g.names),
		known("thresholds", slices.Sorted(maps.Keys(o.Thresholds)), slices.Concat(labels, g.names)))
	if len(o.Allow) > 0 && len(o.Deny) > 0 {
		err = errors.Join(err, errors.New("category_allowlist and category_denylist are mutually exclusive"))
	}
	so := audio.SpotterOptions{Labels: g.names, Thresholds: g.thresholds, Refractory: o.Refractory, Refractories: g.refractories, Max: o.MaxResults, Watch: o.Watch}
	words := 0
	for i, name := range g.names {
		if o.ignores(name) {
			so.Ignore = append(so.Ignore, i)
		} else if name != "" {
			words++
		}
	}
	if words == 0 && err == nil {
		err = errors.New("no label is left to listen for: all are in category_denylist, or stand for no word")
	}
	s, bad := audio.NewSpotter(so)
	return s, g, errors.Join(err, bad)
}

// ignores says whether a label is not listened for.
func (o Options) ignores(label string) bool {
	if len(o.Allow) > 0 {
		return !slices.Contains(o.Allow, label)
	}
	return slices.Contains(o.Deny, label) || IsBackground(label)
}

// Words are the labels and groups that are listened for, each once.
func (o Options) Words() (words []string) {
	for _, label := range o.Labels {
		name := o.groupOf(label).name(label)
		if name != "" && !o.ignores(name) && !slices.Contains(words, name) {
			words = append(words, name)
		}
	}
	return words
}

// classLabels are the labels of the classes, "" for one that has none.
func classLabels(o Options, classes int) ([]string, error) {
	switch {
	case len(o.Labels) == 0:
		return nil, errors.New("keywords need labels: the model has none; name its label file")
	case o.LabelOffset < -1:
		return nil, fmt.Errorf("a label_offset of %d is not possible: want -1 or more", o.LabelOffset)
	case len(o.Labels) == classes-1 && o.LabelOffset == 0:
		return nil, fmt.Errorf("the model has %d classes, the label file %d labels; if class 0 is for none of the words, set label_offset to -1",
			classes, len(o.Labels))
	case len(o.Labels) < classes+o.LabelOffset:
		return nil, fmt.Errorf("too few labels: the model has %d classes and needs %d labels (label_offset %d), the label file has %d",
			classes, classes+o.LabelOffset, o.LabelOffset, len(o.Labels))
	case len(o.Labels) > classes+o.LabelOffset && o.Labels[classes+o.LabelOffset] != "":
		// What stands behind a blank line is mostly a remark.
		return nil, fmt.Errorf("too many labels: the model has %d classes and needs %d labels (label_offset %d), the label file has %d: it is another model's, or needs another label_offset",
			classes, classes+o.LabelOffset, o.LabelOffset, len(o.Labels))
	}
	labels := make([]string, classes)
	for i := range labels {
		if at := i + o.LabelOffset; at >= 0 {
			labels[i] = o.Labels[at]
		}
	}
	return labels, nil
}
