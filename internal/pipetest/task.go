package pipetest

import (
	"encoding/binary"
	"fmt"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// FakeTask writes an item's value into the input and compares the engine's answer with it.
type FakeTask struct {
	TaskName  string                     // "classify" when empty
	OnPrepare func(item *FakeItem) error // called in each Prepare; its error is Prepare's
	OnDecode  func(value uint64) error   // called in each Decode with the item's value; its error is Decode's
}

// Name is TaskName.
func (t *FakeTask) Name() string {
	if t.TaskName == "" {
		return "classify"
	}
	return t.TaskName
}

// Prepare writes the item's value into dst, and into the Placement.
func (t *FakeTask) Prepare(dst tensor.Tensor, in *FakeItem) (pipeline.Placement, error) {
	if !in.InUse() {
		return pipeline.Placement{}, fmt.Errorf("item %d was prepared after its release", in.Meta().Seq)
	}
	if t.OnPrepare != nil {
		if err := t.OnPrepare(in); err != nil {
			return pipeline.Placement{}, err
		}
	}
	if len(dst.Data) < minInput {
		return pipeline.Placement{}, fmt.Errorf("an input of %d bytes has no room for a value", len(dst.Data))
	}
	binary.LittleEndian.PutUint64(dst.Data, in.Value)
	return pipeline.Placement{Width: int(in.Value)}, nil
}

// Decode gives one Class, whose Index is the engine's answer.
func (t *FakeTask) Decode(out pipeline.Outputs, p pipeline.Placement) (pipeline.Result, error) {
	value := uint64(p.Width)
	if t.OnDecode != nil {
		if err := t.OnDecode(value); err != nil {
			return pipeline.Result{}, err
		}
	}
	answer := binary.LittleEndian.Uint64(out.Output(0).Data)
	if answer != Answer(value) {
		return pipeline.Result{}, fmt.Errorf("value %#x got the answer %#x, which is another item's or none", value, answer)
	}
	return pipeline.Result{Classes: []pipeline.Class{{Label: "fake", Index: int(answer), Score: 1}}}, nil
}
