package vision

import (
	"context"
	"errors"
	"fmt"

	"corallite/pipeline"
)

// Appearance embeds parts of pictures, so that objects can be told apart by what they look like. One goroutine at a time uses
// it.
type Appearance struct {
	task   *Embed
	engine pipeline.Engine
	parts  *Pool
}

// NewAppearance combines a task that returns vectors (Embed, without EmbedOptions.NoVector) with the engine that runs its
// model. The caller keeps both, must not use the engine until the Appearance is closed, and closes them after it.
func NewAppearance(task pipeline.Task[*Frame], engine pipeline.Engine) (*Appearance, error) {
	embed, ok := task.(*Embed)
	switch {
	case task == nil:
		return nil, errors.New("appearance: no task")
	case !ok:
		return nil, fmt.Errorf("appearance: task %s returns no vectors; want embed", task.Name())
	case embed.noVector:
		return nil, errors.New("appearance: the task leaves its vectors out (NoVector)")
	case engine == nil:
		return nil, errors.New("appearance: no engine")
	}
	return &Appearance{task: embed, engine: engine, parts: NewPool(1)}, nil
}

// Embed gives the embedding, of length 1, of what is in a box of a picture, xmin, ymin, xmax, ymax in pixels.
// An *ItemError is the fault of this box; any other error is the engine's.
func (a *Appearance) Embed(ctx context.Context, f *Frame, box [4]float32) (pipeline.Vector, error) {
	r, err := oncePart(ctx, a.engine, a.task, a.parts, f, SecondaryOptions{}.Area(box, f.Width(), f.Height()))
	if err != nil {
		return nil, fmt.Errorf("appearance: %w", err)
	}
	return r.Embedding, nil
}

// Close frees the memory for parts of pictures, not the engine. Calling it twice is safe.
func (a *Appearance) Close() error { return a.parts.Close() }
