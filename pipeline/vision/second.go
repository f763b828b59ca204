package vision

import (
	"context"
	"errors"
	"fmt"
	"image"
	"math"
	"slices"

	"corallite/pipeline"
)

// SecondOptions say which detections a Second looks at, and how much around each.
type SecondOptions struct {
	// Margin is added at each side of a box: so much of its width at the left and right, of its height above and below.
	// 0.1 makes a box wider and higher by a fifth. At most 10.
	Margin float32
	// Square makes the box with its margin a square, as high as wide, around its middle, and moves it into the picture
	// where it reaches beyond: for models whose input is square, so that things keep their proportions.
	Square bool
	// MaxBoxes looks at the first so many boxes of a picture, which are those with the highest scores; 0: at all.
	MaxBoxes int
	// Labels, when not empty, leaves out detections with other labels.
	Labels []string
}

// Second runs a second model on each object that a first one found: on a part of the picture, with its classes put into
// the Detection. It is a pipeline.Refiner of frames, and may be used by several goroutines at once, which wait for an
// engine when all run.
type Second struct {
	task  pipeline.Task[*Frame]
	opts  SecondOptions
	idle  chan pipeline.Engine
	parts *Pool
}

var _ pipeline.Refiner[*Frame] = (*Second)(nil)

// NewSecond makes a Second of a task that gives classes, Classify or an Embed with a gallery, and the engines that run
// its model. Task and engines stay with the caller, who closes the Second before them, and uses the engines for nothing
// else until then.
func NewSecond(task pipeline.Task[*Frame], engines []pipeline.Engine, o SecondOptions) (*Second, error) {
	var errs []error
	switch t := task.(type) {
	case nil:
		errs = append(errs, errors.New("it has no task"))
	case *Embed:
		if t.Gallery() == nil {
			errs = append(errs, errors.New("embed needs a gallery here: a box takes labels and no vector"))
		}
	default:
		if name := t.Name(); name != "classify" {
			errs = append(errs, fmt.Errorf("its task is %s, which gives a box no classes: classify, and embed with a gallery, do", name))
		}
	}
	if len(engines) == 0 || slices.Contains(engines, nil) {
		errs = append(errs, errors.New("it has no engine"))
	}
	if !(o.Margin >= 0 && o.Margin <= maxMargin) {
		errs = append(errs, fmt.Errorf("a margin of %v is not possible: 0 to %d are", o.Margin, maxMargin))
	}
	if o.MaxBoxes < 0 {
		errs = append(errs, fmt.Errorf("%d boxes at most is not possible: 0 is all", o.MaxBoxes))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("second model: %w", err)
	}
	s := &Second{task: task, opts: o, idle: make(chan pipeline.Engine, len(engines)), parts: NewPool(len(engines))}
	for _, e := range engines {
		s.idle <- e
	}
	return s, nil
}

// maxMargin keeps a margin from making boxes that mean nothing.
const maxMargin = 10

// Refine fills in the Classes of the detections. A box that the second model cannot say anything of keeps none and is
// part of the *ItemError that is returned with the others; any other error is the engine's or says that the model
// cannot be used.
func (s *Second) Refine(ctx context.Context, f *Frame, found pipeline.Result) (pipeline.Result, error) {
	chosen := s.choose(found.Detections)
	if len(chosen) == 0 {
		return found, nil
	}
	var e pipeline.Engine
	select {
	case e = <-s.idle:
	case <-ctx.Done():
		return found, ctx.Err()
	}
	defer func() { s.idle <- e }()
	var failed []error
	for _, i := range chosen {
		d := &found.Detections[i]
		result, err := s.look(ctx, e, f, d.Box)
		var one *pipeline.ItemError
		switch {
		case errors.As(err, &one):
			failed = append(failed, fmt.Errorf("%s at %v: %w", d.Label, d.Box, err))
		case err != nil:
			return found, fmt.Errorf("second model: %w", err)
		}
		d.Classes = result.Classes
	}
	if len(failed) > 0 {
		return found, &pipeline.ItemError{Source: f.Meta().Source, Err: fmt.Errorf("second model: %w", errors.Join(failed...))}
	}
	return found, nil
}

// choose is which detections are looked at.
func (s *Second) choose(all []pipeline.Detection) []int {
	var chosen []int
	for i, d := range all {
		if s.opts.MaxBoxes > 0 && len(chosen) == s.opts.MaxBoxes {
			break
		}
		if len(s.opts.Labels) == 0 || slices.Contains(s.opts.Labels, d.Label) {
			chosen = append(chosen, i)
		}
	}
	return chosen
}

// look runs the second model on the part of the picture around a box.
func (s *Second) look(ctx context.Context, e pipeline.Engine, f *Frame, box [4]float32) (pipeline.Result, error) {
	at := s.opts.part(box, f.Width(), f.Height())
	if at.Empty() {
		return pipeline.Result{}, &pipeline.ItemError{Err: errors.New("nothing of the box is in the picture")}
	}
	part, err := s.parts.Get()
	if err != nil {
		return pipeline.Result{}, err
	}
	defer part.Release()
	picture := f.Mat()
	region := picture.Region(at)
	region.CopyTo(part.Target()) // without the gaps between the rows of a region
	region.Close()
	*part.Meta() = *f.Meta()
	if err := part.Seal(); err != nil {
		return pipeline.Result{}, err
	}
	return Once(ctx, e, s.task, part)
}

// part is the pixels of a picture of width × height to look at for a box; empty when the box is none in the picture.
func (o SecondOptions) part(box [4]float32, width, height int) image.Rectangle {
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

// moved is the middle of a side of that length, moved so that all of it lies in 0 … size where there is room for it.
func moved(middle, length, size float64) float64 {
	if length >= size {
		return size / 2
	}
	half := float64(length / 2)
	return min(max(middle, half), size-half)
}

// Close frees the memory of parts of pictures. It does not close the engines. Twice is safe.
func (s *Second) Close() error { return s.parts.Close() }

// Once runs a model on one frame, outside a Stream: Prepare, Invoke, Decode. The engine must be the caller's alone
// meanwhile. An *ItemError from the task is the fault of this frame. A panic of the engine, after which it is in an
// unknown state, is an error.
func Once(ctx context.Context, e pipeline.Engine, task pipeline.Task[*Frame], f *Frame) (pipeline.Result, error) {
	place, err := task.Prepare(e.Input(0), f)
	if err != nil {
		return pipeline.Result{}, fmt.Errorf("prepare: %w", err)
	}
	if err := invoke(ctx, e); err != nil {
		return pipeline.Result{}, fmt.Errorf("invoke on %s: %w", e.Device().Name, err)
	}
	result, err := task.Decode(e, place)
	if err != nil {
		return pipeline.Result{}, fmt.Errorf("decode: %w", err)
	}
	return result, nil
}

func invoke(ctx context.Context, e pipeline.Engine) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("the engine panicked: %v", v)
		}
	}()
	return e.Invoke(ctx)
}
