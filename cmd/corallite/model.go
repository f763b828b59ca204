package main

import (
	"context"
	"errors"
	"fmt"

	"corallite/configs"
	"corallite/delegate"
	"corallite/pipeline"
	"corallite/pipeline/track"
	"corallite/pipeline/vision"
	"corallite/tflite/schema"
)

// trackFrom is the score from which detections help to follow an object: ByteTrack's low threshold.
const trackFrom = 0.1

// visionModel is a model with its task and its engines, of which a Stream's model is made.
type visionModel struct {
	name    string
	task    pipeline.Task[*vision.Frame]
	engines []pipeline.Engine
	options pipeline.ModelOptions[*vision.Frame]
	closers closers
}

// model is what a Stream runs.
func (v *visionModel) model() (*pipeline.Model[*vision.Frame], error) {
	return pipeline.NewModel(v.name, v.task, v.engines, v.options)
}

// Close closes the task and the engines.
func (v *visionModel) Close() error { return v.closers.Close() }

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
	model, shapes, err := r.pool.Read(ctx, files, pictureShapes(r.model))
	if err != nil {
		return err
	}
	defer model.Close()
	if v.engines, err = openEngines(ctx, r, model, shapes, &v.closers); err != nil {
		return err
	}
	v.name = r.name
	if err := v.openTask(ctx, r, model.Graph()); err != nil {
		what := "model " + r.model.Path
		if r.model.LabelsFile != "" {
			what += " with labels " + r.model.LabelsFile
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// openTask makes the task, and what follows objects.
func (v *visionModel) openTask(ctx context.Context, r modelRequest, graph *schema.Subgraph) error {
	m := r.model
	if m.Track {
		follow, err := track.New(track.Options{High: float32(m.ScoreThreshold), Show: float32(m.ScoreThreshold)})
		if err != nil {
			return err
		}
		v.options.PostProcess = follow.Follow
		// The tracker wants to see what is too unsure to be shown.
		m.ScoreThreshold, m.MaxResults = min(m.ScoreThreshold, trackFrom), 0
	}
	task, err := newTask(m, graph, v.engines[0])
	if err != nil {
		return err
	}
	v.closers = append(v.closers, task.Close)
	if c, ok := task.(*vision.Classify); ok && r.logger != nil {
		c.Warn(func(message string) { r.logger.Warn(message, "model", m.Path) })
	}
	if m.Task == configs.TaskEmbed && m.Gallery != "" {
		if warning := m.FaceWarning(nil); warning != "" && r.logger != nil {
			r.logger.Warn(warning, "model", r.name)
		}
		if task, err = withGallery(ctx, m, task, v.engines[0]); err != nil {
			return err
		}
		v.closers = append(v.closers, task.Close)
	}
	v.task = task
	return nil
}
