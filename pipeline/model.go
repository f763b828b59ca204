package pipeline

import (
	"context"
	"errors"
	"fmt"

	"corallite/tflite/tensor"
)

// Model is one model of a Stream. NewModel makes one that is a Task on engines, NewStreamingModel one that keeps state
// from item to item. A Model serves one Stream.
type Model[T Item] struct {
	name string

	task    Task[T] // nil: the model is a streaming one
	engines []Engine
	options ModelOptions[T]

	streaming StreamingModel[T]
}

// ModelOptions are the optional settings of NewModel.
type ModelOptions[T Item] struct {
	// Refiner refines the Task's results; nil: none.
	Refiner Refiner[T]
	// PostProcess changes the results for an item using those of earlier items, as tracking does; nil: none. Unlike the
	// Task with several engines, it is called for each event of the model in the order of the items, except for items
	// that were dropped or failed. One call at a time, on the collector's goroutine: the whole stream waits for it. A
	// function holds the state of one stream, so streams and models must not share one.
	PostProcess func(item T, r *Result)
	// Overlap prepares the next item and decodes the last one while the engine runs, at the cost of copying the
	// inputs and outputs. It is worthwhile if Invoke leaves the CPU free; engines whose Device
	// LeavesCPUFree always overlap.
	Overlap bool
}

// NewModel makes a Model of a task and the engines that run it, each with its own worker: several engines process
// items in parallel. The engines must have the same inputs and outputs. The Stream uses them while Run runs and closes
// neither them nor the task. The name is the model's in events and logs, unique within the Stream.
func NewModel[T Item](name string, task Task[T], engines []Engine, o ModelOptions[T]) (*Model[T], error) {
	switch {
	case name == "":
		return nil, errors.New("pipeline: a model needs a name")
	case task == nil:
		return nil, fmt.Errorf("pipeline: model %s has no task", name)
	}
	if err := checkEngines(engines); err != nil {
		return nil, fmt.Errorf("pipeline: model %s %w", name, err)
	}
	return &Model[T]{name: name, task: task, engines: engines, options: o}, nil
}

// NewStreamingModel makes a Model of a StreamingModel. The name is as for NewModel.
func NewStreamingModel[T Item](name string, m StreamingModel[T]) (*Model[T], error) {
	switch {
	case name == "":
		return nil, errors.New("pipeline: a model needs a name")
	case m == nil:
		return nil, fmt.Errorf("pipeline: streaming model %s is nil", name)
	}
	return &Model[T]{name: name, streaming: m}, nil
}

// Name is the model's name in events.
func (m *Model[T]) Name() string { return m.name }

// TaskName is the name of the model's task: "detect", "wakeword".
func (m *Model[T]) TaskName() string {
	if m.streaming != nil {
		return m.streaming.Name()
	}
	return m.task.Name()
}

// device is the model's device before its first item.
func (m *Model[T]) device() Device {
	if m.streaming != nil {
		return m.streaming.Device()
	}
	return m.engines[0].Device()
}

// checkEngines returns an error if the engines cannot run one model in parallel.
func checkEngines(engines []Engine) error {
	if len(engines) == 0 {
		return errors.New("has no engine")
	}
	for i, e := range engines {
		switch {
		case e == nil:
			return fmt.Errorf("has no engine at index %d (nil)", i)
		case len(e.Inputs()) == 0:
			return fmt.Errorf("has no input tensor to put an item into (engine %d, %s)", i, e.Device().Name)
		case !sameInfos(e.Inputs(), engines[0].Inputs()) || !sameInfos(e.Outputs(), engines[0].Outputs()):
			return fmt.Errorf("has engines with different inputs or outputs (engine %d, %s, and engine 0, %s)",
				i, e.Device().Name, engines[0].Device().Name)
		}
		for _, earlier := range engines[:i] {
			if earlier == e {
				return fmt.Errorf("has the same engine twice (engine %d): an engine serves one worker", i)
			}
		}
	}
	return nil
}

func sameInfos(a, b []tensor.Info) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Same(b[i]) {
			return false
		}
	}
	return true
}

// Refiner refines the results of a Model's Task using the item: with a secondary classifier of each object, for
// example. It may run engines, which are closed by whoever opened them, and may be called concurrently, once for each
// engine of the Model. It may change found, whose slices are not shared, and must not keep the item.
//
// An *ItemError is the fault of one item: it is counted, and the item continues with the returned Result. After
// a panic, which is counted too, it continues with the Task's result. Any other error ends the pipeline.
type Refiner[T Item] interface {
	// Refine returns the refined result. Its time is part of the event's Latency.Decode. ctx ends when the pipeline
	// failed and the item is given up.
	Refine(ctx context.Context, in T, found Result) (Result, error)
}
