package assemble

import (
	"time"

	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/vision"
)

// gate is what decides which results a sink gets; nil: it gets all.
func (p *basePlan[T]) gate(c part.Sink) (pipeline.Gate, error) {
	l, ok := c.(part.Lived)
	if _, itself := c.(part.SelfGated); !ok || itself || !l.LifeOptions().Active() {
		return nil, nil
	}
	return p.newGate(*l.LifeOptions(), looks(c))
}

// newGate makes a gate; sharp says that it measures how sharp pictures are.
func (p *basePlan[T]) newGate(o life.Options, sharp bool) (pipeline.Gate, error) {
	env := life.Env{Tracked: func(model string) bool { return p.b.cfg.Models[model].Track != nil }}
	if _, env.Sound = any(new(T)).(**audio.Chunk); !env.Sound {
		env.Size = func(item pipeline.Item) (width, height int) {
			if f, ok := item.(*vision.Frame); ok {
				return f.Width(), f.Height()
			}
			return 0, 0
		}
		if sharp {
			env.Sharpness = func(item pipeline.Item, box [4]float32) float64 {
				if f, ok := item.(*vision.Frame); ok {
					return vision.Sharpness(f, box)
				}
				return 0
			}
		}
	}
	return life.NewGate(o, env)
}

// looks reports whether a sink's gate looks at pictures.
func looks(c part.Sink) bool {
	l, ok := c.(part.Lived)
	return ok && l.LifeOptions().Best()
}

// besideGate is the gate of a sink that gets pictures and their sound: each has times and lives of its own.
type besideGate struct{ pictures, sound pipeline.Gate }

func newBesideGate(pictures pipeline.Gate, sound func(life.Options) (pipeline.Gate, error), o life.Options) (pipeline.Gate, error) {
	g, err := sound(o)
	if err != nil {
		return nil, err
	}
	return besideGate{pictures, g}, nil
}

// Pass implements pipeline.Gate.
func (g besideGate) Pass(r pipeline.Report, put func(pipeline.Report)) {
	if _, heard := r.Item.(*audio.Chunk); heard {
		g.sound.Pass(r, put)
		return
	}
	g.pictures.Pass(r, put)
}

// Lost implements pipeline.LossGate. The sound of a camera is lost with it.
func (g besideGate) Lost(silent time.Duration, put func(pipeline.Report)) {
	for _, one := range []pipeline.Gate{g.pictures, g.sound} {
		if l, ok := one.(pipeline.LossGate); ok {
			l.Lost(silent, put)
		}
	}
}

// End implements pipeline.Gate.
func (g besideGate) End(put func(pipeline.Report)) {
	g.pictures.End(put)
	g.sound.End(put)
}

// Silence is life.Gate's, of the sound.
func (g besideGate) Silence(now time.Time, put func(pipeline.Report)) {
	if s, ok := g.sound.(interface {
		Silence(time.Time, func(pipeline.Report))
	}); ok {
		s.Silence(now, put)
	}
}
