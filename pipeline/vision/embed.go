package vision

import (
	"errors"
	"fmt"
	"math"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// EmbedOptions are the options of Embed. With a Gallery, Options choose among its labels: ScoreThreshold is the least
// cosine similarity with a picture of a label, below which the picture is of none of them; MaxResults, Allow and Deny
// are as for other tasks. Labels, LabelOffset and Classes must not be set: the gallery has the labels. Without a
// gallery only Input may be set.
type EmbedOptions struct {
	Options
	// Output is the name of the output with the embedding; "" when the model has one output.
	Output string
	// Gallery, when set, names what pictures show: see Gallery.
	Gallery *Gallery
	// NoVector leaves the embedding out of the results, which then have the gallery's labels alone.
	NoVector bool
}

// Embed is the task of turning a picture into a vector (an embedding, or feature vector) that points the same way as
// those of pictures that show the same. It is a pipeline.Task of frames.
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

// errNoDirection is the fault of one strange picture, so that the stream goes on.
var errNoDirection = &pipeline.ItemError{Err: errors.New("the embedding is all zeros and points nowhere")}

// NewEmbed makes the task for a model with these inputs and outputs. The model must have one input, a picture (see
// NewInput), and an output of one vector, [1,N] or the like, of any numeric type. Whoever makes the task closes it.
func NewEmbed(inputs, outputs []tensor.Info, o EmbedOptions) (*Embed, error) {
	e, err := newEmbed(inputs, outputs, o)
	return made("embed", e, err)
}

func newEmbed(inputs, outputs []tensor.Info, o EmbedOptions) (*Embed, error) {
	in, err := picture("embed", inputs)
	if err != nil {
		return nil, err
	}
	e := &Embed{gallery: o.Gallery, noVector: o.NoVector}
	if e.output, err = oneOutput(outputs, o.Output, "an embedding model has one output, a vector"); err != nil {
		return nil, err
	}
	info := outputs[e.output]
	if err := readable(info); err != nil {
		return nil, err
	}
	e.count = info.Elements()
	if n := len(info.Shape); n == 0 || e.count < 1 || info.Shape[n-1] != e.count {
		return nil, fmt.Errorf("the model must give one vector, [1,N]; it gives %s", info)
	}
	if err := e.setGallery(o); err != nil {
		return nil, err
	}
	e.Input, err = NewInput(in, o.Input)
	return e, err
}

func (e *Embed) setGallery(o EmbedOptions) error {
	if len(o.Labels) > 0 || o.LabelOffset != 0 || o.Classes != 0 {
		return errors.New("an embedding has no classes, so it takes no labels: a gallery names what pictures show")
	}
	if e.gallery == nil {
		if o.ScoreThreshold != 0 || o.MaxResults != 0 || len(o.Allow) > 0 || len(o.Deny) > 0 || o.NoVector {
			return errors.New("score_threshold, max_results, the lists of categories and leaving the vector out need a gallery, and there is none")
		}
		return nil
	}
	if e.gallery.size != e.count {
		return fmt.Errorf("the gallery has vectors of %d numbers and the model gives %d: it was made with another model",
			e.gallery.size, e.count)
	}
	o.Labels = e.gallery.labels
	var err error
	e.classes, err = newClasses(o.Options, len(o.Labels))
	return err
}

// Name is "embed".
func (e *Embed) Name() string { return "embed" }

// Gallery is what names the pictures; nil when nothing does.
func (e *Embed) Gallery() *Gallery { return e.gallery }

// Decode gives the embedding, of length 1. With a gallery it gives the labels whose pictures are the most similar as
// well, best first, each with its highest cosine similarity as the score; none when none reaches the threshold.
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

// normalize writes raw with length 1 (L2). A vector of zeros is an *ItemError.
func normalize(to pipeline.Vector, raw []float32) error {
	length := math.Sqrt(dot(raw, raw))
	switch {
	case math.IsNaN(length) || math.IsInf(length, 0):
		return &pipeline.ItemError{Err: errors.New("the model gave an embedding with a value that is not a finite number")}
	case length == 0:
		return errNoDirection
	}
	for i, x := range raw {
		to[i] = float32(float64(x) / length)
	}
	return nil
}

// Cosine is the cosine of the angle between two vectors of the same length, −1 to 1; 0 when one of them is all zeros.
// For embeddings, which have length 1, it is how similar what they stand for is.
func Cosine(a, b pipeline.Vector) float32 {
	lengths := math.Sqrt(dot(a, a) * dot(b, b))
	if lengths == 0 {
		return 0
	}
	return float32(min(max(dot(a, b)/lengths, -1), 1))
}

// dot is the sum of the products. It adds in float64, in which the product of two numbers of float32 is exact.
func dot(a, b []float32) float64 {
	b = b[:len(a)]
	sum := 0.0
	for i, x := range a {
		sum += float64(float64(x) * float64(b[i]))
	}
	return sum
}
