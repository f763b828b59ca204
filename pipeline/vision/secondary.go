package vision

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"
	"time"

	"corallite/internal/key"
	"corallite/internal/panicerr"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// SecondaryOptions select the detections that a SecondaryClassifier classifies, and the part of the picture it sees.
type SecondaryOptions struct {
	// Margin enlarges a box on each side by this share of its width or height, 0 to 10: 0.1 makes it a fifth wider and
	// higher.
	Margin float32
	// Square makes the enlarged box a square around its centre and shifts it into the picture if it reaches beyond, so
	// that objects keep their proportions in a model whose input is square.
	Square bool
	// MaxBoxes is the maximum number of boxes per picture, those with the highest scores; 0: all.
	MaxBoxes int
	// Labels, when not empty, restricts it to detections with these labels.
	Labels []string
}

// Keys describes the keys of the options.
func (o *SecondaryOptions) Keys() key.Table {
	return key.Table{
		key.Strings(&o.Labels, "labels").DefaultDoc("all").Example("[person]").
			Doc("Only classify objects with these labels."),
		key.Number(&o.Margin, "margin").Min(0).Max(maxMargin).Default(0.0).ShowZero().Example("0.1").
			Doc("The margin added to each side of a box, relative to its width and height."),
		key.Bool(&o.Square, "square").Default(true).Example("false").
			Doc("Whether to extend the box to a square."),
		key.Int(&o.MaxBoxes, "max_boxes").Min(0).Max(1000).Default(0).ShowZero().Example("5").
			Doc("Maximum number of objects per picture, those with the highest scores. 0: all."),
	}
}

// SecondaryClassifier classifies each object that a detector found: it runs on the object's part of the picture and
// stores its classes in the Detection. It is a pipeline.Refiner of frames, safe for concurrent use; callers wait while
// all engines are busy.
type SecondaryClassifier struct {
	task  pipeline.Task[*Frame]
	opts  SecondaryOptions
	idle  chan pipeline.Engine
	parts *Pool
}

var _ pipeline.Refiner[*Frame] = (*SecondaryClassifier)(nil)

// NewSecondaryClassifier combines a task that returns classes (Classify, or Embed with a gallery) with the engines that
// run its model. The caller keeps both, must not use the engines until the SecondaryClassifier is closed, and closes
// them after it.
func NewSecondaryClassifier(task pipeline.Task[*Frame], engines []pipeline.Engine, o SecondaryOptions) (*SecondaryClassifier, error) {
	var errs []error
	switch t := task.(type) {
	case nil:
		errs = append(errs, errors.New("no task"))
	case *Embed:
		if t.Gallery() == nil {
			errs = append(errs, errors.New("embed needs a gallery here: a detection takes labels, not a vector"))
		}
	default:
		if name := t.Name(); name != "classify" {
			errs = append(errs, fmt.Errorf("task %s returns no classes; want classify, or embed with a gallery", name))
		}
	}
	if len(engines) == 0 || slices.Contains(engines, nil) {
		errs = append(errs, errors.New("no engine"))
	}
	if !(o.Margin >= 0 && o.Margin <= maxMargin) {
		errs = append(errs, fmt.Errorf("invalid margin %v: want 0 to %d", o.Margin, maxMargin))
	}
	if o.MaxBoxes < 0 {
		errs = append(errs, fmt.Errorf("invalid MaxBoxes %d: want 0 (all) or more", o.MaxBoxes))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("secondary classifier: %w", err)
	}
	c := &SecondaryClassifier{task: task, opts: o, idle: make(chan pipeline.Engine, len(engines)), parts: NewPool(len(engines))}
	for _, e := range engines {
		c.idle <- e
	}
	return c, nil
}

// maxMargin rejects margins that are surely mistakes, such as pixels.
const maxMargin = 10

// Refine adds to the Classes of the detections, which are mostly empty: a hand of two models has whose it is first. A box that cannot be classified keeps none and is part of the
// *ItemError that is returned together with the result; any other error is the engine's, or says that the model cannot
// be used.
func (c *SecondaryClassifier) Refine(ctx context.Context, f *Frame, found pipeline.Result) (pipeline.Result, error) {
	chosen := c.choose(found.Detections)
	if len(chosen) == 0 {
		return found, nil
	}
	var e pipeline.Engine
	select {
	case e = <-c.idle:
	case <-ctx.Done():
		return found, ctx.Err()
	}
	defer func() { c.idle <- e }()
	var failed []error
	for _, i := range chosen {
		d := &found.Detections[i]
		result, err := c.classify(ctx, e, f, d.Box)
		var one *pipeline.ItemError
		switch {
		case errors.As(err, &one):
			failed = append(failed, fmt.Errorf("%s at %v: %w", d.Label, d.Box, err))
		case err != nil:
			return found, fmt.Errorf("secondary classifier: %w", err)
		}
		d.Classes = append(slices.Clip(d.Classes), result.Classes...)
	}
	if len(failed) > 0 {
		return found, &pipeline.ItemError{Source: f.Meta().Source, Err: fmt.Errorf("secondary classifier: %w", errors.Join(failed...))}
	}
	return found, nil
}

// choose returns the indices of the detections to classify.
func (c *SecondaryClassifier) choose(all []pipeline.Detection) []int {
	var chosen []int
	for i, d := range all {
		if c.opts.MaxBoxes > 0 && len(chosen) == c.opts.MaxBoxes {
			break
		}
		if len(c.opts.Labels) == 0 || slices.Contains(c.opts.Labels, d.Label) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// classify runs the model on the part of the picture around a box.
func (c *SecondaryClassifier) classify(ctx context.Context, e pipeline.Engine, f *Frame, box [4]float32) (pipeline.Result, error) {
	return oncePart(ctx, e, c.task, c.parts, f, c.opts.Area(box, f.Width(), f.Height()))
}

// oncePart is Once on a part of a picture, whose memory is of a pool.
func oncePart(ctx context.Context, e pipeline.Engine, task pipeline.Task[*Frame], parts *Pool, f *Frame, at image.Rectangle) (pipeline.Result, error) {
	if at.Empty() {
		return pipeline.Result{}, &pipeline.ItemError{Err: errors.New("the box lies outside the picture")}
	}
	part, err := parts.Get()
	if err != nil {
		return pipeline.Result{}, err
	}
	defer part.Release()
	if err := part.Cut(f, at); err != nil {
		return pipeline.Result{}, err
	}
	if err := part.Seal(); err != nil {
		return pipeline.Result{}, err
	}
	return Once(ctx, e, task, part)
}

// Area is the region of a width × height picture to classify for a box, in pixels; empty when they do not overlap.
func (o SecondaryOptions) Area(box [4]float32, width, height int) image.Rectangle {
	right, bottom := float64(width), float64(height)
	x0, y0 := max(float64(box[0]), 0), max(float64(box[1]), 0)
	x1, y1 := min(float64(box[2]), right), min(float64(box[3]), bottom)
	if !(x0 < x1 && y0 < y1) { // also when one is not a number
		return image.Rectangle{}
	}
	w, h := (x1-x0)*(1+float64(2*float64(o.Margin))), (y1-y0)*(1+float64(2*float64(o.Margin)))
	x, y := (x0+x1)/2, (y0+y1)/2
	if o.Square {
		w = max(w, h)
		h = w
		x, y = moved(x, w, right), moved(y, h, bottom)
	}
	halfW, halfH := float64(w/2), float64(h/2)
	return image.Rect(
		int(math.Floor(max(x-halfW, 0))), int(math.Floor(max(y-halfH, 0))),
		int(math.Ceil(min(x+halfW, right))), int(math.Ceil(min(y+halfH, bottom))),
	)
}

// moved shifts the middle of a side so that all of its length lies in 0 … size, if it fits.
func moved(middle, length, size float64) float64 {
	if length >= size {
		return size / 2
	}
	half := float64(length / 2)
	return min(max(middle, half), size-half)
}

// Close frees the pool of picture regions, not the engines. Calling it twice is safe.
func (c *SecondaryClassifier) Close() error { return c.parts.Close() }

// Once runs a model on one frame outside a Stream: Prepare, Invoke, Decode, for each part of a pipeline.MultiRunTask. Nobody
// else may use the engine meanwhile. An *ItemError from the task is the fault of this frame. A panic of the engine, which leaves
// it in an unknown state, is returned as an error.
func Once(ctx context.Context, e pipeline.Engine, task pipeline.Task[*Frame], f *Frame) (pipeline.Result, error) {
	r, _, err := OnceTimed(ctx, e, task, f)
	return r, err
}

// OnceTimed is Once, and says how long each step took, of all parts. Total is their sum.
func OnceTimed(ctx context.Context, e pipeline.Engine, task pipeline.Task[*Frame], f *Frame) (r pipeline.Result, took pipeline.Latency, err error) {
	began := time.Now()
	step := func(to *time.Duration) {
		now := time.Now()
		*to += now.Sub(began)
		took.Total += now.Sub(began)
		began = now
	}
	run := func(prepare func(dst tensor.Tensor) (pipeline.Placement, error), decode func(p pipeline.Placement) error) error {
		place, err := prepare(e.Input(0))
		if err != nil {
			return fmt.Errorf("prepare: %w", err)
		}
		step(&took.Prepare)
		if err := invoke(ctx, e); err != nil {
			return fmt.Errorf("invoke on %s: %w", e.Device().Name, err)
		}
		step(&took.Invoke)
		if err := decode(place); err != nil {
			return fmt.Errorf("decode: %w", err)
		}
		step(&took.Decode)
		return nil
	}
	multi, ok := task.(pipeline.MultiRunTask[*Frame])
	if !ok {
		err = run(func(dst tensor.Tensor) (pipeline.Placement, error) { return task.Prepare(dst, f) },
			func(p pipeline.Placement) (err error) { r, err = task.Decode(e, p); return err })
		if err != nil {
			r = pipeline.Result{}
		}
		return r, took, err
	}
	runs, err := multi.Plan(f, 0)
	if err != nil {
		return r, took, fmt.Errorf("prepare: %w", err)
	}
	for i := range runs.Len() {
		if err := run(func(dst tensor.Tensor) (pipeline.Placement, error) { return runs.Prepare(i, dst) },
			func(p pipeline.Placement) error { return runs.Decode(i, e, p) }); err != nil {
			return r, took, err
		}
	}
	r, err = runs.Result()
	return r, took, err
}

func invoke(ctx context.Context, e pipeline.Engine) (err error) {
	defer panicerr.Recover(&err, "the engine")
	return e.Invoke(ctx)
}
