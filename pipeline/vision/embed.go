package vision

import (
	"errors"
	"fmt"
	"math"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// EmbedOptions are the options of Embed. With a Gallery, Options apply to its labels: ScoreThreshold is the minimum
// cosine similarity to a picture of a label; MaxResults, Allow and Deny work as for other tasks. Labels, LabelOffset and
// Classes must not be set: the labels are the gallery's. Without a gallery only Input may be set.
type EmbedOptions struct {
	Options
	// Output is the name of the output tensor with the embedding; "" if the model has one output.
	Output string
	// Gallery, when set, labels pictures by their nearest gallery picture.
	Gallery *Gallery
	// NoVector omits the embedding from results, which then have only the gallery's labels.
	NoVector bool
}

// Embed is the task of turning a picture into an embedding (feature vector); pictures that show the same have a high
// cosine similarity. It is a pipeline.Task of frames.
type Embed struct {
	*Input
	output   int
	count    int
	gallery  *Gallery
	classes  *classes // the gallery's labels
	noVector bool
	buffers  bufferPool
}

var _ pipeline.Task[*Frame] = (*Embed)(nil)

// errNoDirection is an ItemError because a single odd picture causes it.
var errNoDirection = &pipeline.ItemError{Err: errors.New("the embedding is all zeros")}

// NewEmbed makes the task for a model with these inputs and outputs: one input, a picture (see NewInput), and an output
// with one vector, [1,N] or the like, of any numeric type. The caller closes the task.
func NewEmbed(inputs, outputs []tensor.Info, o EmbedOptions) (*Embed, error) {
	e, err := newEmbed(inputs, outputs, o)
	return named("embed", e, err)
}

func newEmbed(inputs, outputs []tensor.Info, o EmbedOptions) (*Embed, error) {
	in, err := picture("embed", inputs)
	if err != nil {
		return nil, err
	}
	e := &Embed{gallery: o.Gallery, noVector: o.NoVector}
	if e.output, err = selectOutput(outputs, o.Output, "an embedding model has one output, a vector"); err != nil {
		return nil, err
	}
	info := outputs[e.output]
	if err := checkReadable(info); err != nil {
		return nil, err
	}
	e.count = info.Elements()
	if n := len(info.Shape); n == 0 || e.count < 1 || info.Shape[n-1] != e.count {
		return nil, fmt.Errorf("output %s is not one vector, [1,N]", info)
	}
	if err := e.setGallery(o); err != nil {
		return nil, err
	}
	e.Input, err = NewInput(in, o.Input)
	return e, err
}

func (e *Embed) setGallery(o EmbedOptions) error {
	if len(o.Labels) > 0 || o.LabelOffset != 0 || o.Classes != 0 {
		return errors.New("embeddings have no classes, so there are no labels to give; use a gallery to label pictures")
	}
	if e.gallery == nil {
		if o.ScoreThreshold != 0 || o.MaxResults != 0 || len(o.Allow) > 0 || len(o.Deny) > 0 || o.NoVector {
			return errors.New("score_threshold, max_results, the category lists and NoVector need a gallery")
		}
		return nil
	}
	if e.gallery.size != e.count {
		return fmt.Errorf("the gallery's vectors have %d values and the model's %d: it was made with another model",
			e.gallery.size, e.count)
	}
	o.Labels = e.gallery.labels
	var err error
	e.classes, err = newClasses(o.Options, len(o.Labels))
	return err
}

// Name is "embed".
func (e *Embed) Name() string { return "embed" }

// Gallery returns the gallery; nil if there is none.
func (e *Embed) Gallery() *Gallery { return e.gallery }

// Decode returns the embedding with length 1. With a gallery it also returns the labels of the most similar pictures,
// best first, each with its highest cosine similarity as the score; none if none reaches the threshold.
func (e *Embed) Decode(out pipeline.Outputs, _ pipeline.Placement) (pipeline.Result, error) {
	b := e.buffers.get()
	defer e.buffers.put(b)
	raw, err := values(out.Output(e.output), e.count, &b.a)
	if err != nil {
		return pipeline.Result{}, err
	}
	v := pipeline.Vector(sized(&b.b, len(raw)))
	if err := normalize(v, raw); err != nil {
		return pipeline.Result{}, err
	}
	var r pipeline.Result
	if e.gallery != nil {
		if r.Classes, err = e.classes.best(e.gallery.similarities(v, &b.c), &b.order); err != nil {
			return pipeline.Result{}, err
		}
	}
	if !e.noVector {
		r.Embedding = append(make(pipeline.Vector, 0, len(v)), v...)
	}
	return r, nil
}

// normalize writes raw scaled to length 1 (L2). A vector of zeros is an *ItemError.
func normalize(to pipeline.Vector, raw []float32) error {
	length := math.Sqrt(dot(raw, raw))
	switch {
	case math.IsNaN(length) || math.IsInf(length, 0):
		return &pipeline.ItemError{Err: errors.New("the embedding has a value that is not finite")}
	case length == 0:
		return errNoDirection
	}
	for i, x := range raw {
		to[i] = float32(float64(x) / length)
	}
	return nil
}

// Cosine is the cosine similarity of two vectors with the same number of values, −1 to 1; 0 if one is all zeros.
func Cosine(a, b pipeline.Vector) float32 {
	lengths := math.Sqrt(dot(a, a) * dot(b, b))
	if lengths == 0 {
		return 0
	}
	return float32(min(max(dot(a, b)/lengths, -1), 1))
}

// dot is the dot product. It adds in float64, in which the product of two float32 values is exact.
func dot(a, b []float32) float64 {
	b = b[:len(a)]
	sum := 0.0
	for i, x := range a {
		sum += float64(float64(x) * float64(b[i]))
	}
	return sum
}
