package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"corallite/configs"
	"corallite/delegate"
	"corallite/delegate/fleet"
	"corallite/pipeline"
	"corallite/pipeline/track"
	"corallite/pipeline/vision"
	"corallite/tflite/schema"
)

// maxEngines bounds how many engines of one model are opened by default: they share the
// model's weights, but each has working memory of its own.
const maxEngines = 4

// trackFrom is the score from which detections help to follow an object: ByteTrack's low threshold.
const trackFrom = 0.1

// visionModel is a model with its task and its engines, ready for a Stream.
type visionModel struct {
	pipeline.Model[*vision.Frame]
	closers []func() error
}

// Close closes the task and the engines.
func (v *visionModel) Close() error {
	var errs []error
	for i := len(v.closers) - 1; i >= 0; i-- {
		errs = append(errs, v.closers[i]())
	}
	v.closers = nil
	return errors.Join(errs...)
}

// modelRequest is a model to open.
type modelRequest struct {
	name     string // in events and messages
	model    configs.Model
	items    int // how many items are to come; 0: many, or nobody knows
	priority int // where a device is shared
	fleet    *fleet.Fleet
}

// openModel opens a model's engines and makes its task. Errors name the model's file.
func openModel(ctx context.Context, r modelRequest) (*visionModel, error) {
	v := &visionModel{}
	if err := v.open(ctx, r); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *visionModel) open(ctx context.Context, r modelRequest) error {
	files, err := delegate.ResolveFiles(r.model.Path, r.model.EdgeTPU)
	if err != nil {
		return err
	}
	model, err := r.fleet.Read(ctx, files)
	if err != nil {
		return err
	}
	defer model.Close()
	if err := v.openEngines(ctx, r, model); err != nil {
		return err
	}
	v.Name = r.name
	if err := v.openTask(ctx, r.model, model.Graph()); err != nil {
		what := "model " + r.model.Path
		if r.model.LabelsFile != "" {
			what += " with labels " + r.model.LabelsFile
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// openTask makes the task, and what follows objects.
func (v *visionModel) openTask(ctx context.Context, m configs.Model, graph *schema.Subgraph) error {
	if m.Track {
		follow, err := track.New(track.Options{High: float32(m.ScoreThreshold), Show: float32(m.ScoreThreshold)})
		if err != nil {
			return err
		}
		v.Ordered = follow.Follow
		// The tracker wants to see what is too unsure to be shown.
		m.ScoreThreshold, m.MaxResults = min(m.ScoreThreshold, trackFrom), 0
	}
	task, err := newTask(m, graph, v.Engines[0])
	if err != nil {
		return err
	}
	v.closers = append(v.closers, task.Close)
	if m.Task == configs.TaskEmbed && m.Gallery != "" {
		if task, err = withGallery(ctx, m, task, v.Engines[0]); err != nil {
			return err
		}
		v.closers = append(v.closers, task.Close)
	}
	v.Task = task
	return nil
}

// openEngines opens as many engines as serve best: engines of one thread side by side, one for each core, get more done
// than one engine of several threads, because no core waits for another at the end of every operator; and where other
// programs use the cores too, that waiting costs seconds. A few pictures are done before more engines are open.
func (v *visionModel) openEngines(ctx context.Context, r modelRequest, model *delegate.Model) error {
	cores := min(runtime.GOMAXPROCS(0), maxEngines)
	engines := r.model.Engines
	chosen := engines == 0
	many := r.items == 0 || r.items > cores
	switch {
	case chosen && r.model.Threads == 0 && many:
		engines = cores
	case chosen:
		engines = 1
	}
	segments, err := readSegments(r.model.Segments)
	if err != nil {
		return err
	}
	defer func() {
		for _, s := range segments {
			s.Close()
		}
	}()
	all, err := r.fleet.Open(ctx, fleet.Request{
		Name: r.name, Model: model, Segments: segments, Choice: delegate.Choice(r.model.Delegate), Device: r.model.Device,
		Threads: r.model.Threads, Engines: engines, Spread: chosen && many, Priority: r.priority, Isolate: r.model.Isolate,
		Deadline: time.Duration(r.model.Deadline * float64(time.Second)),
	})
	if err != nil {
		return err
	}
	for _, e := range all {
		v.closers = append(v.closers, e.Close)
		v.Engines = append(v.Engines, e)
	}
	return nil
}

// readSegments reads a compiled model that is in parts.
func readSegments(paths []string) (_ []*delegate.Model, err error) {
	var all []*delegate.Model
	defer func() {
		if err != nil {
			for _, m := range all {
				m.Close()
			}
		}
	}()
	for _, path := range paths {
		m, err := delegate.Read(delegate.Files{EdgeTPU: path})
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}
