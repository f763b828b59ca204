package main

import (
	"context"
	"fmt"

	"corallite/configs"
	"corallite/pipeline/vision"
)

// lookAgain opens a pipeline's second model and has it look at what a detector among first finds.
func (b *builder) lookAgain(c configs.Second, items int, priority int, first []*visionModel) error {
	after := -1
	for i, m := range first {
		switch {
		case m.name == c.After || c.After == "" && m.task.Name() == configs.TaskDetect && after < 0:
			after = i
		case c.After == "" && m.task.Name() == configs.TaskDetect:
			return fmt.Errorf("second: %s and %s are both detectors: say which it comes after (`after:`)", first[after].name, m.name)
		}
	}
	if after < 0 || first[after].task.Name() != configs.TaskDetect {
		return fmt.Errorf("second: there is no detector that it could come after")
	}
	if m, detector := b.cfg.Models[c.Model], b.cfg.Models[first[after].name]; m.FaceWarning(nil) == "" {
		if warning := m.FaceWarning(&detector); warning != "" {
			b.logger.Warn(warning, "model", c.Model)
		}
	}
	model, err := openModel(b.ctx, modelRequest{
		name: c.Model, model: b.cfg.Models[c.Model], items: items, priority: priority, pool: b.pool, logger: b.logger,
	})
	if err != nil {
		return fmt.Errorf("second: %w", err)
	}
	b.closers = append(b.closers, model.Close)
	second, err := vision.NewSecondaryClassifier(model.task, model.engines, vision.SecondaryOptions{
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
func (b *builder) openModels(ctx context.Context, p configs.Pipeline, items int) ([]*visionModel, error) {
	var all []*visionModel
	for _, name := range p.Models {
		m, err := openModel(ctx, modelRequest{
			name: name, model: b.cfg.Models[name], items: items, priority: p.Priority, pool: b.pool, logger: b.logger,
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
	return all, b.lookAgain(*p.Second, items, p.Priority, all)
}
