package pipeline

import "corallite/tflite/tensor"

// Task turns items into a model's input and a model's outputs into results. It keeps no state of an item: how the item
// was prepared (a letterbox, the picture's size) is passed to Decode in the Placement, so that the next item can be
// prepared while the engine still runs this one. One Task serves all engines of a model and may be called by several
// goroutines at once.
//
// An *ItemError from Prepare or Decode is the fault of one item, which is counted while the stream continues; so is
// a panic. Any other error means that the model cannot be used and ends the pipeline.
type Task[T Item] interface {
	// Name is the task as the configuration and the events name it: "detect", "classify".
	Name() string
	// Prepare writes the item into dst, the model's first input: resized, converted, quantized.
	Prepare(dst tensor.Tensor, in T) (Placement, error)
	// Decode reads the outputs. The Result must not point into the engine's memory.
	Decode(out Outputs, p Placement) (Result, error)
}

// Outputs is the part of an Engine that a Task decodes.
type Outputs interface {
	Outputs() []tensor.Info
	Output(i int) tensor.Tensor
}

// Placement is the position of the model's input in the source picture, so that results can be converted to source
// pixels: source = offset + model × scale, with model coordinates in pixels of the input tensor. It is a value, so
// that carrying it allocates nothing. Tasks on sound leave it zero.
type Placement struct {
	OffsetX, OffsetY float32 // source pixels at the input's left upper corner; negative with a letterbox
	ScaleX, ScaleY   float32 // source pixels for each pixel of the input
	Width, Height    int     // the source picture's size in pixels
}
