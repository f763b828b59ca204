// Package vision has what a pipeline does with pictures: frames and the pool they come from, the way of a frame into a
// model's input tensor (resized, its colours ordered, quantized), and the tasks that turn a model's outputs into
// results in source pixels.
//
// A task is made for one model, from the descriptions of its tensors, and refuses a model that it does not fit. Each
// has two layers: pure functions on slices, which know nothing of engines, and a thin adapter that reads the tensors.
//
// What this package exports follows Semantic Versioning.
package vision
