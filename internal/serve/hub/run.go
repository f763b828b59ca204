package hub

import (
	"context"
	"net/http"
	"slices"
	"time"

	"corallite/internal/panicerr"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// Want is what a request wants of the results. The zero value is what the model's configuration says.
type Want struct {
	Threshold *float64          // minimum score, 0 to 1; below the lowest that models give (part.Served.Least) it is that
	Max       *int              // the best so many; 0: all
	Keep      func(string) bool // which labels; nil: all
	Source    string            // of the event
}

// Picture is a decoded picture of a job.
type Picture struct {
	Frame *vision.Frame
}

// Picture decodes a picture for models, the only one of the job at a time: a JPEG in a smaller size if that is enough for all of
// them. It belongs to the job until the next picture or End.
func (j *Job) Picture(data []byte, models ...*Model) (Picture, error) {
	return j.picture(data, 0, reducing(models))
}

// WholePicture decodes a picture in its full size.
func (j *Job) WholePicture(data []byte) (Picture, error) { return j.picture(data, 0, nil) }

// PictureToDraw decodes a picture in its full size of which copies will be made: they are counted as well.
func (j *Job) PictureToDraw(data []byte) (Picture, error) { return j.picture(data, drawCopies, nil) }

// drawCopies is how much memory drawing a picture and encoding it takes, in pictures: the one that is drawn on, and the
// one with four bytes a pixel that is encoded.
const drawCopies = 3

func (j *Job) picture(data []byte, copies int64, reduce func(width, height int) float64) (p Picture, err error) {
	if err := j.enter(); err != nil {
		return p, err
	}
	j.drop()
	if len(data) == 0 {
		return p, Bad("the picture is empty")
	}
	encoded, err := j.h.decoder.Read(data, MaxPixels, reduce)
	if err != nil {
		if e := AsError(err); e.Status == http.StatusRequestEntityTooLarge {
			return p, e
		}
		return p, Bad("%w", err)
	}
	need := encoded.Bytes * (1 + copies)
	if need > pixelMemory {
		return p, Fault(http.StatusRequestEntityTooLarge, "%s of %dx%d pixels takes %d MiB of memory here: at most %d are taken",
			encoded.Format, encoded.Width, encoded.Height, need>>20, pixelMemory>>20)
	}
	if err := j.h.decodes.Acquire(j.ctx, 1); err != nil {
		return p, j.failed(err)
	}
	j.slot = true
	if err := j.h.pixels.Acquire(j.ctx, need); err != nil {
		return p, j.failed(err)
	}
	j.pixels = need
	defer panicerr.Recover(&err, "the decoder")
	frame, err := j.h.decoder.Decode(encoded)
	if err != nil {
		return p, Bad("%w", err)
	}
	frame.Meta().Time = j.began
	j.frame = frame
	return Picture{frame}, nil
}

// reducing says how many times smaller a picture may be for all models; nil: it may not.
func reducing(models []*Model) func(width, height int) float64 {
	type reducible interface {
		Reduction(width, height int) float64
	}
	var all []reducible
	for _, m := range models {
		r, ok := m.Work.(reducible)
		if !ok || m.Refine != nil {
			return nil
		}
		all = append(all, r)
	}
	if len(all) == 0 {
		return nil
	}
	return func(width, height int) float64 {
		least := all[0].Reduction(width, height)
		for _, r := range all[1:] {
			least = min(least, r.Reduction(width, height))
		}
		return least
	}
}

// Run runs a model on a picture.
func (j *Job) Run(m *Model, p Picture, w Want) (pipeline.Event, error) {
	e := pipeline.Event{
		Time: j.began, Pipeline: j.h.o.Name, Seq: j.h.seq.Add(1) - 1, Source: w.Source, Model: m.Name, Task: m.Task,
	}
	if e.Source == "" {
		e.Source = "request"
	}
	if m.Work == nil {
		return e, Bad("%s is a model for %s, which takes no pictures", m.Name, m.Task)
	}
	err := m.use(j, func(ctx context.Context, engine pipeline.Engine) (err error) {
		defer panicerr.Recover(&err, "model "+m.Name)
		e.Result, e.Latency, err = vision.OnceTimed(ctx, engine, m.Work, p.Frame)
		if err == nil && m.Refine != nil {
			w.apply(m, &e.Result) // not for what is left out anyway
			e.Result, err = m.Refine(ctx, p.Frame, e.Result)
		}
		d := engine.Device()
		e.Device, e.Degraded, e.Reason, e.Wanted = d.Name, d.Degraded, d.Reason, d.Wanted
		return err
	})
	if err != nil {
		if AsError(err).Status == http.StatusInternalServerError && j.ctx.Err() == nil {
			j.h.o.Logger.Warn("a request failed", "model", m.Name, "error", err)
		}
		return e, err
	}
	e.Latency.Total = time.Since(j.began)
	w.apply(m, &e.Result)
	j.h.bus.publish(e)
	return e, nil
}

// Tensors has do use one of the model's engines: fill its inputs, invoke it, read its outputs.
func (j *Job) Tensors(m *Model, do func(ctx context.Context, e pipeline.Engine) error) error {
	if err := j.enter(); err != nil {
		return err
	}
	return m.use(j, func(ctx context.Context, e pipeline.Engine) (err error) {
		defer panicerr.Recover(&err, "model "+m.Name)
		return do(ctx, e)
	})
}

// apply leaves out what is not wanted. Results come best first, from a task that leaves out only what is below
// part.Served.Least.
func (w Want) apply(m *Model, r *pipeline.Result) {
	least, most := float32(m.Threshold), m.MaxResults
	if w.Threshold != nil {
		least = float32(*w.Threshold)
	}
	if w.Max != nil {
		most = *w.Max
	}
	keep := func(label string, score float32) bool { return score >= least && (w.Keep == nil || w.Keep(label)) }
	r.Detections = best(r.Detections, most, func(d pipeline.Detection) bool { return keep(d.Label, d.Score) })
	r.Classes = best(r.Classes, most, func(c pipeline.Class) bool { return keep(c.Label, c.Score) })
	r.Poses = best(r.Poses, most, func(p pipeline.Pose) bool { return p.Score >= least })
}

// best keeps the first most of all (0: all) that are wanted. nil stays nil, and an empty list empty.
func best[S ~[]T, T any](all S, most int, keep func(T) bool) S {
	all = slices.DeleteFunc(all, func(t T) bool { return !keep(t) })
	if most > 0 && len(all) > most {
		all = all[:most]
	}
	return all
}
