package assemble

import (
	"context"
	"fmt"
	"log/slog"

	"corallite/configs"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// appearance says what objects look like, for the tracker of one model in one stream.
type appearance struct {
	embed  *vision.Appearance
	ctx    context.Context // of the engine's runs
	name   string
	logger *slog.Logger // nil: nobody is told

	failures int
	tell     int // the number of failures at which somebody is told again
}

// openAppearance opens the model by which a tracker tells objects apart, with one engine.
func openAppearance(ctx context.Context, r ModelRequest, closers *closers) (*appearance, error) {
	name := r.Model.Track.Appearance
	m, ok := r.Models[name]
	if !ok {
		return nil, fmt.Errorf("track.appearance: there is no model %q", name)
	}
	if m.Task != configs.TaskEmbed {
		return nil, fmt.Errorf("track.appearance: model %s is for task %s: expected one for %s", name, m.Task, configs.TaskEmbed)
	}
	// Only vectors are of use, one after the other.
	m.Gallery, m.Vector, m.Allow, m.Deny, m.Engines = "", nil, nil, nil, 1
	v, err := OpenModel(ctx, ModelRequest{Name: name, Model: m, Priority: r.Priority, Pool: r.Pool, Logger: r.Logger})
	if err != nil {
		return nil, fmt.Errorf("track.appearance: %w", err)
	}
	*closers = append(*closers, v.Close)
	embed, err := vision.NewAppearance(v.Task, v.Engines[0])
	if err != nil {
		return nil, fmt.Errorf("track.appearance: model %s: %w", name, err)
	}
	*closers = append(*closers, embed.Close)
	return &appearance{embed: embed, ctx: context.WithoutCancel(ctx), name: name, logger: r.Logger, tell: 1}, nil
}

// of gives the embeddings of a picture's boxes. One that fails is none: the tracker goes on by places alone.
func (a *appearance) of(f *vision.Frame) func(box [4]float32) pipeline.Vector {
	return func(box [4]float32) pipeline.Vector {
		v, err := a.embed.Embed(a.ctx, f, box)
		if err != nil {
			a.failed(err)
			return nil
		}
		return v
	}
}

// failed counts a failure, and tells of the first, the tenth, the hundredth and so on.
func (a *appearance) failed(err error) {
	a.failures++
	if a.failures < a.tell {
		return
	}
	a.tell *= 10
	if a.logger != nil {
		a.logger.Warn("an object was followed without its appearance", "model", a.name, "times", a.failures, "error", err)
	}
}
