package assemble

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"corallite/configs"
	"corallite/delegate"
	"corallite/internal/track"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// VisionModel is a model with its task and its engines, of which a Stream's model is made.
type VisionModel struct {
	Name    string
	Task    vision.Task
	Engines []pipeline.Engine
	options pipeline.ModelOptions[*vision.Frame]
	looks   bool // at the picture after the model has, to follow objects
	cuts    bool // parts out of it, for which it is needed as it is
	closers closers
}

// Model is what a Stream runs.
func (v *VisionModel) Model() (*pipeline.Model[*vision.Frame], error) {
	return pipeline.NewModel(v.Name, v.Task, v.Engines, v.options)
}

// Close closes the task and the engines.
func (v *VisionModel) Close() error { return v.closers.Close() }

// OpenModel opens a model's engines and makes its task. Errors name the model's file.
func OpenModel(ctx context.Context, r ModelRequest) (*VisionModel, error) {
	v := &VisionModel{}
	if err := v.open(ctx, r); err != nil {
		return nil, errors.Join(err, v.Close())
	}
	return v, nil
}

func (v *VisionModel) open(ctx context.Context, r ModelRequest) error {
	files, err := delegate.ResolveFiles(r.Model.Path, r.Model.EdgeTPU)
	if err != nil {
		return err
	}
	model, shapes, err := r.Pool.Read(ctx, files, r.Model.Signature, pictureShapes(r.Model))
	if err != nil {
		return err
	}
	defer model.Close()
	if v.Engines, err = openEngines(ctx, r, model, shapes, &v.closers); err != nil {
		return err
	}
	v.Name = r.Name
	if err := v.openTask(ctx, r, model); err != nil {
		what := "model " + r.Model.Path
		if r.Model.LabelsFile != "" {
			what += " with labels " + r.Model.LabelsFile
		}
		return fmt.Errorf("%s: %w", what, err)
	}
	if r.Model.Landmarks == "" {
		return nil
	}
	if err := v.openLandmarks(ctx, r); err != nil {
		return fmt.Errorf("model %s: %w", r.Model.Landmarks, err)
	}
	return nil
}

// openTask makes the task, and what follows objects.
func (v *VisionModel) openTask(ctx context.Context, r ModelRequest, model *delegate.Model) error {
	m := r.Model
	warn := func(message string) {
		if r.Logger != nil {
			r.Logger.Warn(message, "model", m.Path)
		}
	}
	if m.Tiles != nil {
		tiles := *m.Tiles
		tiles.GrowScore, m.Tiles = m.ScoreThreshold, &tiles
	}
	var follow *track.Tracker
	if m.Track != nil {
		o := *m.Track
		o.High, o.Show = float32(m.ScoreThreshold), float32(m.ScoreThreshold)
		var err error
		if follow, err = track.New(o); err != nil {
			return err
		}
		// The tracker wants to see what is too unsure to be shown.
		m.ScoreThreshold, m.MaxResults = min(m.ScoreThreshold, float64(cmp.Or(o.Low, track.DefaultLow))), 0
	}
	v.looks = follow != nil && follow.Looks()
	places, err := newPlaces(r.Places, r.Model, follow, warn)
	if err != nil {
		return err
	}
	if follow != nil && m.Track.Appearance != "" {
		if places.appearance, err = openAppearance(ctx, r, &v.closers); err != nil {
			return err
		}
		v.looks, v.cuts = true, true
	}
	if !places.idle() {
		v.options.PostProcess = places.process
	}
	if t := r.Threshold; t != nil {
		m.ScoreThreshold = min(m.ScoreThreshold, t.Least())
		v.options.PostProcess = places.above(t)
	}
	info := modelInfo(model, v.Engines[0], warn)
	task, err := vision.NewTask(info, m.Settings)
	if err != nil {
		return err
	}
	v.closers = append(v.closers, task.Close)
	if m.Task == configs.TaskEmbed && m.Gallery != "" {
		if warning := m.FaceWarning(nil); warning != "" && r.Logger != nil {
			r.Logger.Warn(warning, "model", r.Name)
		}
		info.Warn = nil // it was told
		if info.Gallery, err = readGallery(ctx, m.Gallery, task, v.Engines[0]); err != nil {
			return err
		}
		if task, err = vision.NewTask(info, m.Settings); err != nil {
			return err
		}
		v.closers = append(v.closers, task.Close)
	}
	v.Task = task
	return nil
}
