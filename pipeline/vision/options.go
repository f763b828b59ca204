package vision

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"corallite/internal/score"
)

// Activation turns a model's values into scores.
type Activation = score.Activation

// The activations.
const (
	ActivationUnknown = score.Unknown // nobody says: the values are looked at
	ActivationNone    = score.None    // the values are the scores, whatever their range
	ActivationSigmoid = score.Sigmoid // 1 / (1 + e^(-s·x)), each class by itself; s is the sensitivity
	ActivationSoftmax = score.Softmax // e^x / Σ e^x: one of the classes is the right one
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

	// Activation turns the model's values into scores, with Sensitivity for a sigmoid. Detectors with
	// TFLite_Detection_PostProcess or anchors have it in their graph or in their own options.
	Activation  Activation
	Sensitivity float64
	Calibration *score.Calibration // of the scores of a classifier; nil: none

	// MaxResults keeps so many of the results with the highest scores; 0: all.
	MaxResults int

	// Allow, when not empty, leaves out all labels but these; Deny leaves out these. Not both.
	Allow, Deny []string
}

// named is the result of a task's constructor: the task, or nil and the error with the task's name before it.
func named[T any](task string, t *T, err error) (*T, error) {
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
	anyRange  bool // scores of any range are taken
}

// newClasses checks the options for a model that tells count classes apart; 0 when that is not known.
func newClasses(o Options, count int) (*classes, error) {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if o.MaxResults < 0 {
		bad("invalid max_results %d (want 0 for all, or more)", o.MaxResults)
	}
	if t := o.ScoreThreshold; t != t || t-t != 0 {
		bad("invalid score_threshold %v (want a finite number)", t)
	}
	if o.LabelOffset < 0 {
		bad("invalid label offset %d (want 0 or more)", o.LabelOffset)
	}
	if len(o.Allow) > 0 && len(o.Deny) > 0 {
		bad("category_allowlist and category_denylist are mutually exclusive")
	}
	if count == 0 {
		count = o.Classes
	}
	if n := len(o.Labels); n > 0 && o.LabelOffset >= 0 && n < count+o.LabelOffset {
		bad("too few labels: the model has %d classes and needs %d labels (label offset %d), but there are %d",
			count, count+o.LabelOffset, o.LabelOffset, n)
	} else if want := count + max(o.LabelOffset, 0); count > 0 && n > want && o.Labels[want] != "" {
		// What stands behind a blank line is mostly a remark (Pascal VOC's list has one).
		bad("too many labels: the model has %d classes and needs %d labels (label offset %d), there are %d: the labels belong to another model, or label_offset is wrong",
			count, want, o.LabelOffset, n)
	}
	c := &classes{labels: o.Labels, offset: o.LabelOffset, threshold: o.ScoreThreshold, max: o.MaxResults, anyRange: o.Activation == score.None}
	scorer, err := score.New(score.Options{Activation: o.Activation, Sensitivity: o.Sensitivity, Threshold: o.ScoreThreshold, Calibration: o.Calibration})
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
		return nil, fmt.Errorf("%s: there is no label %s (labels: %s)", name, strings.Join(unknown, " or "), c.sample())
	}
	return wanted, nil
}

// sample is the first few labels, for messages.
func (c *classes) sample() string {
	const few = 8
	if len(c.labels) <= few {
		return strings.Join(c.labels, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(c.labels[:few], ", "), len(c.labels)-few)
}

// checkScore refuses what is no score of a detection: the model's last layer is missing, or its outputs are not those that
// they are taken for.
func (c *classes) checkScore(v float32) error {
	if !finite(v) {
		return errNoScore
	}
	if (v < score.Min || v > score.Max) && !c.anyRange {
		return fmt.Errorf("the model returned the score %.3g, which is not between 0 and 1 (a logit?): set activation: sigmoid, or activation: none to keep raw scores", v)
	}
	return nil
}

// wants says whether results of a class are wanted.
func (c *classes) wants(class int) bool {
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
		return "", fmt.Errorf("the model returned class %d, for which there is no label: there are %d (label offset %d)",
			class, len(c.labels), c.offset)
	}
	return c.labels[i], nil
}
