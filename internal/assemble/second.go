package assemble

import (
	"context"
	"fmt"

	"corallite/configs"
	"corallite/pipeline/vision"
)

// openSecond opens a pipeline's second model and has it look at what a detector among first finds.
func (b *Builder) openSecond(c configs.Second, items int, priority int, first []*VisionModel) error {
	after := -1
	for i, m := range first {
		switch {
		case m.Name == c.After || c.After == "" && m.Task.Name() == configs.TaskDetect && after < 0:
			after = i
		case c.After == "" && m.Task.Name() == configs.TaskDetect:
			return fmt.Errorf("second: %s and %s are both detectors: say which it comes after (`after:`)", first[after].Name, m.Name)
		}
	}
	if after < 0 || first[after].Task.Name() != configs.TaskDetect {
		return fmt.Errorf("second: there is no detector that it could come after")
	}
	if m, detector := b.cfg.Models[c.Model], b.cfg.Models[first[after].Name]; m.FaceWarning(nil) == "" {
		if warning := m.FaceWarning(&detector); warning != "" {
			b.Logger.Warn(warning, "model", c.Model)
		}
	}
	model, err := OpenModel(b.ctx, ModelRequest{
		Name: c.Model, Model: b.cfg.Models[c.Model], Items: items, Priority: priority, Pool: b.Pool, Logger: b.Logger,
	})
	if err != nil {
		return fmt.Errorf("second: %w", err)
	}
	b.closers = append(b.closers, model.Close)
	second, err := vision.NewSecondaryClassifier(model.Task, model.Engines, vision.SecondaryOptions{
		Margin: float32(c.Margin), Square: c.Square, MaxBoxes: c.MaxBoxes, Labels: c.Labels,
	})
	if err != nil {
		return fmt.Errorf("second: model %s: %w", c.Model, err)
	}
	b.closers = append(b.closers, second.Close)
	first[after].options.Refiner = second
	return nil
}

// openModels opens the models of a pipeline.
func (b *Builder) openModels(ctx context.Context, p configs.Pipeline, items int) ([]*VisionModel, error) {
	var all []*VisionModel
	for _, name := range p.Models {
		m, err := OpenModel(ctx, ModelRequest{
			Name: name, Model: b.cfg.Models[name], Items: items, Priority: p.Priority, Pool: b.Pool, Logger: b.Logger,
		})
		if err != nil {
			return nil, err
		}
		b.closers = append(b.closers, m.Close)
		all = append(all, m)
	}
	if p.Second == nil {
		return all, nil
	}
	return all, b.openSecond(*p.Second, items, p.Priority, all)
}
