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

// newSpotter makes the Spotter for a model of so many classes.
func newSpotter(o Options, classes int) (*audio.Spotter, error) {
	labels, err := classLabels(o, classes)
	if err != nil {
		return nil, err
	}
	known := func(option string, names []string) (err error) {
		for _, name := range names {
			if name != "" && slices.Contains(labels, name) {
				continue
			}
			hint := ""
			if n := didyoumean.Suggest(name, labels); n != "" {
				hint = fmt.Sprintf("; did you mean %q?", n)
			}
			err = errors.Join(err, fmt.Errorf("%s: the model has no label %q%s", option, name, hint))
		}
		return err
	}
	err = errors.Join(known("category_allowlist", o.Allow), known("category_denylist", o.Deny),
		known("thresholds", slices.Sorted(maps.Keys(o.Thresholds))))
	if len(o.Allow) > 0 && len(o.Deny) > 0 {
		err = errors.Join(err, errors.New("category_allowlist and category_denylist are mutually exclusive"))
	}
	so := audio.SpotterOptions{Labels: labels, Refractory: o.Refractory, Max: o.MaxResults}
	words := 0
	for i, label := range labels {
		threshold, ok := o.Thresholds[label]
		if !ok {
			threshold = o.Threshold
		}
		so.Thresholds = append(so.Thresholds, threshold)
		ignored := slices.Contains(o.Deny, label) || IsBackground(label)
		if len(o.Allow) > 0 {
			ignored = !slices.Contains(o.Allow, label)
		}
		if ignored {
			so.Ignore = append(so.Ignore, i)
		} else if label != "" {
			words++
		}
	}
	if words == 0 && err == nil {
		err = errors.New("no label is left to listen for: all are in category_denylist, or stand for no word")
	}
	s, bad := audio.NewSpotter(so)
	return s, errors.Join(err, bad)
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
