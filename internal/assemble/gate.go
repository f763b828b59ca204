package assemble

import (
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// gate is what decides which results a sink gets; nil: it gets all.
func (p *basePlan[T]) gate(c part.Sink) (pipeline.Gate, error) {
	l, ok := c.(part.Lived)
	if !ok || !l.LifeOptions().Active() {
		return nil, nil
	}
	env := life.Env{Sound: p.c.Sounds()}
	if !env.Sound {
		env.Size = func(item pipeline.Item) (width, height int) {
			if f, ok := item.(*vision.Frame); ok {
				return f.Width(), f.Height()
			}
			return 0, 0
		}
		if looks(c) {
			env.Sharpness = func(item pipeline.Item, box [4]float32) float64 {
				if f, ok := item.(*vision.Frame); ok {
					return vision.Sharpness(f, box)
				}
				return 0
			}
		}
	}
	return life.NewGate(*l.LifeOptions(), env)
}

// looks reports whether a sink's gate looks at pictures.
func looks(c part.Sink) bool {
	l, ok := c.(part.Lived)
	return ok && l.LifeOptions().Best()
}
