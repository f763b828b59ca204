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

// ModelOptions are what NewModel can do without.
type ModelOptions[T Item] struct {
	// Refiner adds to what the Task found; nil: nothing does.
	Refiner Refiner[T]
	// PostProcess changes what was found in an item by what was found in the items before, as tracking does; nil: nothing
	// does. It is called for each event of the model in the order of the items, which the Task is not when there are
	// several engines; not for items that were dropped or failed. One call at a time, on the collector's goroutine: the
	// whole stream waits for it. A function holds the state of one stream, so streams and models do not share one.
	PostProcess func(item Meta, r *Result)
	// Overlap prepares the next item and decodes the last one while the engine runs, at the price of a copy of the
	// inputs and outputs. It pays when Invoke leaves the CPU free; engines whose Device
	// LeavesCPUFree always overlap.
	Overlap bool
}

// NewModel makes a Model of a task and the engines that run it, each with a worker of its own: several engines take
// items side by side. The engines must have the same inputs and outputs. The Stream uses them while Run runs and closes
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

// NewStreamingModel makes a Model of one that runs its engines itself. The name is as for NewModel.
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

// TaskName is the name of what the model does: "detect", "wakeword".
func (m *Model[T]) TaskName() string {
	if m.streaming != nil {
		return m.streaming.Name()
	}
	return m.task.Name()
}

// device is what runs the model before its first item.
func (m *Model[T]) device() Device {
	if m.streaming != nil {
		return m.streaming.Device()
	}
	return m.engines[0].Device()
}

// checkEngines says what keeps engines from running one model side by side.
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

// Refiner adds to what a Model's Task found in an item, with the item at hand: what a second model says of each
// object, say. It may run engines, which stay with whoever opened them, and may be called by several goroutines at
// once, one for each engine of the Model. It may change found, whose slices nobody else has, and must not keep the
// item.
//
// An *ItemError is the fault of one item: it is counted, and the item goes on with the Result that came with it. After
// a panic, which is counted too, it goes on with what the Task found. Any other error ends the pipeline.
type Refiner[T Item] interface {
	// Refine returns found with more in it. Its time is part of the event's Latency.Decode. ctx ends when the pipeline
	// failed and the item is given up.
	Refine(ctx context.Context, in T, found Result) (Result, error)
}
