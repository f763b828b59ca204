package assemble

import (
	"context"
	"errors"
	"fmt"

	"corallite/configs"
	"corallite/internal/control"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// openSecondary opens a pipeline's secondary classifier and attaches it to its detector among models.
func (b *Builder) openSecondary(c configs.Secondary, items int, priority int, models []*VisionModel) error {
	after := -1
	for i, m := range models {
		switch {
		case m.Name == c.After || c.After == "" && m.Task.Name() == configs.TaskDetect && after < 0:
			after = i
		case c.After == "" && m.Task.Name() == configs.TaskDetect:
			return fmt.Errorf("secondary: %s and %s are both detectors: choose one with `after`", models[after].Name, m.Name)
		}
	}
	if after < 0 || models[after].Task.Name() != configs.TaskDetect {
		return errors.New("secondary: the pipeline has no detector")
	}
	if m, detector := b.cfg.Models[c.Model], b.cfg.Models[models[after].Name]; m.FaceWarning(nil) == "" {
		if warning := m.FaceWarning(&detector); warning != "" {
			b.Logger.Warn(warning, "model", c.Model)
		}
	}
	model, err := OpenModel(b.ctx, ModelRequest{
		Name: c.Model, Model: b.cfg.Models[c.Model], Items: items, Priority: priority, Pool: b.Pool, Logger: b.Logger,
	})
	if err != nil {
		return fmt.Errorf("secondary: %w", err)
	}
	b.closers = append(b.closers, model.Close)
	secondary, err := vision.NewSecondaryClassifier(model.Task, model.Engines, c.SecondaryOptions)
	if err != nil {
		return fmt.Errorf("secondary: model %s: %w", c.Model, err)
	}
	b.closers = append(b.closers, secondary.Close)
	if first := models[after].options.Refiner; first != nil {
		models[after].options.Refiner = refiners{first, secondary}
	} else {
		models[after].options.Refiner = secondary
	}
	return nil
}

// refiners are two that refine a result one after the other: the second of two models finds hands, which a classifier then
// sees.
type refiners [2]pipeline.Refiner[*vision.Frame]

// Refine gives the second what the first has made, also where that could not refine all of it.
func (r refiners) Refine(ctx context.Context, f *vision.Frame, found pipeline.Result) (pipeline.Result, error) {
	first, err := r[0].Refine(ctx, f, found)
	var part *pipeline.ItemError
	if err != nil && !errors.As(err, &part) {
		return first, err
	}
	both, again := r[1].Refine(ctx, f, first)
	if again != nil && !errors.As(again, &part) {
		return both, again
	}
	if err = errors.Join(err, again); err != nil {
		return both, &pipeline.ItemError{Source: f.Meta().Source, Err: err}
	}
	return both, nil
}

// openModels opens the models of a pipeline.
func (b *Builder) openModels(ctx context.Context, p configs.Pipeline, items int, c *control.Pipeline) ([]*VisionModel, error) {
	var all []*VisionModel
	for _, name := range p.Models {
		if m := b.Open[name]; m != nil {
			all = append(all, m)
			continue
		}
		m, err := OpenModel(ctx, ModelRequest{
			Name: name, Model: b.cfg.Models[name], Items: items, Priority: p.Priority, Places: &p.Places, Pool: b.Pool, Logger: b.Logger, Models: b.cfg.Models,
			Threshold: newThreshold(c, name, b.cfg.Models[name]),
		})
		if err != nil {
			return nil, err
		}
		b.closers = append(b.closers, m.Close)
		all = append(all, m)
	}
	if p.Secondary == nil {
		return all, nil
	}
	return all, b.openSecondary(*p.Secondary, items, p.Priority, all)
}
