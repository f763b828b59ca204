package vision

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"corallite/pipeline/score"
)

// Options are what the tasks have in common.
type Options struct {
	Input InputOptions

	// Labels are the names of the classes; none: results have the index alone. The label of class i is
	// Labels[i+LabelOffset]: 1 when the labels start with a line for a background that the model does not count.
	Labels      []string
	LabelOffset int

	// Classes is how many classes the model tells apart, where its outputs do not say it (TFLite_Detection_PostProcess
	// has it in its options); 0: not known. With it, labels that are too few are refused when the task is made.
	Classes int

	// ScoreThreshold leaves out results with a lower score.
	ScoreThreshold float32

	// Activation turns the model's values into scores, with Sensitivity for a sigmoid; see package score. Detectors with
	// TFLite_Detection_PostProcess or anchors have it in their graph or in their own options.
	Activation  score.Activation
	Sensitivity float64

	// MaxResults keeps so many of the results with the highest scores; 0: all.
	MaxResults int

	// Allow, when not empty, leaves out all labels but these; Deny leaves out these. Not both.
	Allow, Deny []string
}

// made is the result of a task's constructor: the task, or nil and the error with the task's name before it.
func made[T any](task string, t *T, err error) (*T, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", task, err)
	}
	return t, nil
}

// classes is what Options say about classes, checked and made quick to look up.
type classes struct {
	labels    []string
	offset    int
	wanted    []bool // by class; nil: all
	threshold float32
	max       int
	scorer    *score.Scorer
	asTheyAre bool // scores of any range are taken
}

// newClasses checks the options for a model that tells count classes apart; 0 when that is not known.
func newClasses(o Options, count int) (*classes, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.MaxResults < 0 {
		bad("max_results of %d is not possible: 0 is all", o.MaxResults)
	}
	if t := o.ScoreThreshold; t != t || t-t != 0 {
		bad("score_threshold of %v is not possible", t)
	}
	if o.LabelOffset < 0 {
		bad("a label offset of %d is not possible", o.LabelOffset)
	}
	if len(o.Allow) > 0 && len(o.Deny) > 0 {
		bad("category_allowlist and category_denylist exclude each other: give one of them")
	}
	if count == 0 {
		count = o.Classes
	}
	if n := len(o.Labels); n > 0 && o.LabelOffset >= 0 && n < count+o.LabelOffset {
		bad("too few labels: the model has %d classes and needs %d labels (label offset %d), the label file has %d",
			count, count+o.LabelOffset, o.LabelOffset, n)
	} else if want := count + max(o.LabelOffset, 0); count > 0 && n > want && o.Labels[want] != "" {
		// What stands behind a blank line is mostly a remark (Pascal VOC's list has one).
		bad("too many labels: the model has %d classes and needs %d labels (label offset %d), the label file has %d: it is another model's, or needs another label_offset",
			count, want, o.LabelOffset, n)
	}
	c := &classes{labels: o.Labels, offset: o.LabelOffset, threshold: o.ScoreThreshold, max: o.MaxResults, asTheyAre: o.Activation == score.None}
	scorer, err := score.New(score.Options{Activation: o.Activation, Sensitivity: o.Sensitivity, Threshold: o.ScoreThreshold})
	if err != nil {
		errs = append(errs, err)
	}
	c.scorer = scorer
	if len(errs) == 0 {
		var err error
		if c.wanted, err = c.filter(o); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return c, nil
}

// filter is which classes are wanted, by class.
func (c *classes) filter(o Options) ([]bool, error) {
	list, name, keep := o.Allow, "category_allowlist", true
	if len(list) == 0 {
		list, name, keep = o.Deny, "category_denylist", false
	}
	if len(list) == 0 {
		return nil, nil
	}
	if len(c.labels) == 0 {
		return nil, fmt.Errorf("%s needs labels: the model has none", name)
	}
	wanted := make([]bool, max(len(c.labels)-c.offset, 0))
	for i := range wanted {
		wanted[i] = slices.Contains(list, c.labels[i+c.offset]) == keep
	}
	var unknown []string
	for _, label := range list {
		if label == "" || !slices.Contains(c.labels, label) {
			unknown = append(unknown, fmt.Sprintf("%q", label))
		}
	}
	if len(unknown) > 0 {
		return nil, fmt.Errorf("%s: no label is %s; the labels are %s", name, strings.Join(unknown, " or "), c.some())
	}
	return wanted, nil
}

// some is the first few labels, for messages.
func (c *classes) some() string {
	const few = 8
	if len(c.labels) <= few {
		return strings.Join(c.labels, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(c.labels[:few], ", "), len(c.labels)-few)
}

// isScore refuses what is no score of a detection: the model's last layer is missing, or its outputs are not those that
// they are taken for.
func (c *classes) isScore(v float32) error {
	if !finite(v) {
		return errNoScore
	}
	if (v < score.Min || v > score.Max) && !c.asTheyAre {
		return fmt.Errorf("the model gives a score of %.3g, which is none from 0 to 1 (a logit?): say activation: sigmoid, or activation: none to take scores as they are", v)
	}
	return nil
}

// want says whether results of a class are wanted.
func (c *classes) want(class int) bool {
	return c.wanted == nil || (class >= 0 && class < len(c.wanted) && c.wanted[class])
}

// label is a class's label. Without labels it is "". A class beyond them is an error: the label file is not this
// model's, and every other label may be wrong as well.
func (c *classes) label(class int) (string, error) {
	if len(c.labels) == 0 {
		return "", nil
	}
	i := class + c.offset
	if class < 0 || i >= len(c.labels) {
		return "", fmt.Errorf("the model found class %d, for which there is no label: the label file has %d (label offset %d)",
			class, len(c.labels), c.offset)
	}
	return c.labels[i], nil
}
