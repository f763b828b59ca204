package part

import (
	"context"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/vision"
)

// Served is a model that answers requests: open, with engines that nobody else uses.
type Served struct {
	Name, Task string
	File       string   // the name of the model's file, without its folder
	Compiled   string   // that of the model compiled for the Edge TPU, which may not be there; "": it is not for one
	Labels     []string // that its results can have; empty: none, or they are not known
	Threshold  float64  // the minimum score of results, unless a request says another
	Least      float64  // the lowest that a request may say: results below are not there
	MaxResults int      // unless a request says another; 0: all
	Faces      bool     // of an embedding: the model was trained on faces

	Work vision.Task // nil: it takes no pictures
	// Refine adds what a second model says of a result; nil: there is none. It needs the whole picture.
	Refine func(ctx context.Context, f *vision.Frame, found pipeline.Result) (pipeline.Result, error)
	// Hear runs the model on a whole recording, as if it had heard nothing before; nil: it takes no sound. open gives the
	// sound at a rate in samples a second; found gets each word, in the order of their ends. It may be called by as many goroutines at
	// once as there are Engines.
	Hear    func(ctx context.Context, open func(rate int) (audio.Source, error), found func(pipeline.Keyword)) error
	Engines []pipeline.Engine
	Close   func() error
}
