package tflite

import "corallite/internal/schema"

// What a model's file says, as it was read and verified. It points into the model's bytes, see [Model.Schema].
type (
	Schema   = schema.Model       // all of it
	Graph    = schema.Subgraph    // the operators of the main graph, or of another
	Operator = schema.Operator    // one of a graph
	Metadata = schema.Description // inputs and outputs, as TensorFlow Lite Metadata describe them
)

// What is wrong with a model.
var (
	ErrInvalid     = schema.ErrInvalid     // its file is damaged, or no model
	ErrUnsupported = schema.ErrUnsupported // it needs what this runtime does not have
	ErrSignature   = schema.ErrSignature   // it has several signatures, and none was chosen
)
