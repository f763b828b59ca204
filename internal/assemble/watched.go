package assemble

import (
	"context"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Watch gets all scores of a model for sound, which o judges, in the recording of that name: of the window that ends so far
// into it. It must not keep the slice.
type Watch func(source string, o *audio.SpotterOptions, scores []float32, end time.Duration)

// watched is a model whose scores somebody gets.
type watched struct {
	pipeline.StreamingModel[*audio.Chunk]
	watch  Watch // nil: nobody
	source string
}

// hook is what the model is made with.
func (w *watched) hook() audio.Watch {
	if w.watch == nil {
		return nil
	}
	return func(o *audio.SpotterOptions, scores []float32, _, end time.Duration) {
		w.watch(w.source, o, scores, end)
	}
}

// Process remembers which recording the scores are of.
func (w *watched) Process(ctx context.Context, in *audio.Chunk) (pipeline.Result, error) {
	w.source = in.Meta().Source
	return w.StreamingModel.Process(ctx, in)
}
