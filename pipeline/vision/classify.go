package vision

import (
	"cmp"
	"fmt"
	"slices"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// ClassifyOptions are the options of Classify.
type ClassifyOptions struct {
	Options
	// Output is the name of the output with the scores; "" when the model has one output.
	Output string
}

// Classify is a task that classifies pictures: a score for each class. It is a pipeline.Task of frames.
type Classify struct {
	*Input
	classes *classes
	output  int
	count   int
	buffers bufferPool
}

var _ pipeline.Task[*Frame] = (*Classify)(nil)

// NewClassify makes the task for a model with these inputs and outputs. The model must have one input, a picture
// (see NewInput), and an output of one score for each class: [1,N] or the like, of any numeric type. Whoever makes
// the task closes it.
func NewClassify(inputs, outputs []tensor.Info, o ClassifyOptions) (*Classify, error) {
	c, err := newClassify(inputs, outputs, o)
	return named("classify", c, err)
}

func newClassify(inputs, outputs []tensor.Info, o ClassifyOptions) (*Classify, error) {
	in, err := picture("classify", inputs)
	if err != nil {
		return nil, err
	}
	c := &Classify{}
	if c.output, err = selectOutput(outputs, o.Output, "a classifier has one output, a score for each class"); err != nil {
		return nil, err
	}
	info := outputs[c.output]
	if err := checkReadable(info); err != nil {
		return nil, err
	}
	c.count = info.Elements()
	if n := len(info.Shape); n == 0 || c.count < 1 || info.Shape[n-1] != c.count {
		return nil, fmt.Errorf("the output must hold one score per class, [1,N]; it is %s", info)
	}
	if c.classes, err = newClasses(o.Options, c.count); err != nil {
		return nil, err
	}
	c.Input, err = NewInput(in, o.Input)
	return c, err
}

// selectOutput finds the output that a task reads: the one that is named, or the only one. wanted is said when the model
// has more and none is named.
func selectOutput(outputs []tensor.Info, name, wanted string) (int, error) {
	if name == "" {
		if len(outputs) == 1 {
			return 0, nil
		}
		return 0, fmt.Errorf("%s; the model has %s; name the one to read: output: in YAML, --output on the command line", wanted, list("output", outputs))
	}
	i := slices.IndexFunc(outputs, func(info tensor.Info) bool { return info.Name == name })
	if i < 0 {
		return 0, fmt.Errorf("the model has no output named %q; it has %s", name, list("output", outputs))
	}
	return i, nil
}

// OnWarning sets the function that is told, once, that the model gives no scores from 0 to 1 although nobody said what they are.
func (c *Classify) OnWarning(f func(message string)) { c.classes.scorer.OnWarning(f) }

// Name is "classify".
func (c *Classify) Name() string { return "classify" }

// Decode gives the classes with the highest scores, best first; of equal scores the lower class comes first.
func (c *Classify) Decode(out pipeline.Outputs, _ pipeline.Placement) (pipeline.Result, error) {
	b := c.buffers.get()
	defer c.buffers.put(b)
	scores, err := values(out.Output(c.output), c.count, &b.a)
	if err != nil {
		return pipeline.Result{}, err
	}
	if scores, err = c.classes.scorer.Scores(scores, sized(&b.b, len(scores))); err != nil {
		return pipeline.Result{}, err
	}
	found, err := c.classes.best(scores, &b.order)
	return pipeline.Result{Classes: found}, err
}

// best picks the classes whose results are wanted from a score for each class.
func (c *classes) best(scores []float32, order *[]int) ([]pipeline.Class, error) {
	keep := (*order)[:0]
	better := func(a, b int) int { return cmp.Or(cmp.Compare(scores[b], scores[a]), cmp.Compare(a, b)) }
	for i, score := range scores {
		switch {
		case isNaN(score):
			return nil, errNoScore
		case c.threshold != 0 && score < c.threshold || !c.wants(i): // 0 is no threshold: logits may be lower
		case c.max > 0 && len(keep) == c.max:
			if last := keep[len(keep)-1]; score > scores[last] {
				keep = insert(keep[:len(keep)-1], i, better)
			}
		case c.max > 0:
			keep = insert(keep, i, better)
		default:
			keep = append(keep, i)
		}
	}
	if c.max == 0 {
		slices.SortFunc(keep, better)
	}
	*order = keep
	found := make([]pipeline.Class, 0, len(keep))
	for _, i := range keep {
		label, err := c.label(i)
		if err != nil {
			return nil, err
		}
		found = append(found, pipeline.Class{Label: label, Index: i, Score: scores[i]})
	}
	return found, nil
}

// insert puts v where it belongs in a sorted slice, behind its equals.
func insert(sorted []int, v int, compare func(a, b int) int) []int {
	at := len(sorted)
	for at > 0 && compare(v, sorted[at-1]) < 0 {
		at--
	}
	return slices.Insert(sorted, at, v)
}
