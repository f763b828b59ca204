package tflite

import (
	"errors"
	"fmt"
	"unsafe"

	"corallite/tflite/internal/capi"
	"corallite/tflite/tensor"
)

// MemoryAlignment is what UseMemory wants of an address, in bytes.
const MemoryAlignment = capi.Alignment

// memoryFunctions are those that UseMemory needs.
var memoryFunctions = []string{"TfLiteInterpreterGetTensor", "TfLiteOpaqueTensorGetAllocationType",
	"TfLiteInterpreterSetCustomAllocationForTensor"}

// Movable says which inputs and outputs UseMemory can move. Those that stay are constants, variables, strings, tensors
// whose size is known only in the run, tensors without elements, and all but the first place of a tensor that is
// listed several times; with [Options.Signature] all stay. None can be moved where the library lacks a function for it.
func (i *Interpreter) Movable() (inputs, outputs []bool, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return nil, nil, ErrClosed
	}
	inputs, outputs = i.movable()
	return inputs, outputs, nil
}

func (i *Interpreter) movable() (inputs, outputs []bool) {
	inputs, outputs = make([]bool, len(i.inputs)), make([]bool, len(i.outputs))
	if memoryMissing() != nil || i.entry != nil { // the C API moves tensors of the main graph alone
		return inputs, outputs
	}
	seen := make(map[int]bool)
	for _, index := range i.variables {
		seen[index] = true
	}
	mark := func(can, sized []bool, indices []int) {
		for k, index := range indices {
			can[k] = sized[k] && !seen[index] && capi.Movable(capi.Tensor(i.interp, index))
			seen[index] = true
		}
	}
	mark(inputs, i.sized[0], i.inputs)
	mark(outputs, i.sized[1], i.outputs)
	return inputs, outputs
}

// withMemory says which tensors have. Behind an operator whose output has a size that the data decide, the runtime
// gives none before the run.
func withMemory(views []tensor.Tensor) []bool {
	have := make([]bool, len(views))
	for i, v := range views {
		have[i] = len(v.Data) > 0
	}
	return have
}

func memoryMissing() error {
	for _, f := range memoryFunctions {
		if err := need(f); err != nil {
			return err
		}
	}
	return nil
}

// UseMemory moves inputs and outputs into the caller's memory, for example memory that is shared with another process:
// Input and Output are then views of it, and runs work in it without a copy. An entry that is nil, and one
// beyond the end of a slice, leaves its tensor where it is. What the tensors held is not moved along, and all views taken before are void.
//
// Each memory has at least the tensor's bytes, begins at a multiple of MemoryAlignment, lies outside of the Go heap
// (it is mapped, or C's), and stays in place until the interpreter is closed. XNNPACK reads, and ignores, up to 16
// bytes behind an input, so that these must be readable. A [Interpreter.Resize] to more than the memory holds fails.
//
// It is an error, and nothing is moved, when a tensor cannot be (see Movable) or a memory does not fit.
func (i *Interpreter) UseMemory(inputs, outputs [][]byte) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return ErrClosed
	}
	if err := memoryMissing(); err != nil {
		return err
	}
	canIn, canOut := i.movable()
	err := errors.Join(fit("input", inputs, canIn, i.io.inputs), fit("output", outputs, canOut, i.io.outputs))
	if err != nil {
		return err
	}
	i.rebuildWith.useMemory(inputs, outputs)
	return i.move(inputs, outputs)
}

// move puts tensors into memories that fit.
func (i *Interpreter) move(inputs, outputs [][]byte) error {
	set := func(memories [][]byte, indices []int) error {
		for k, memory := range memories {
			if memory == nil {
				continue
			}
			if s := Status(capi.SetMemory(i.interp, indices[k], memory)); s != OK {
				i.dropViews()
				return i.failed("TfLiteInterpreterSetCustomAllocationForTensor", s)
			}
		}
		return nil
	}
	if err := set(inputs, i.inputs); err != nil {
		return err
	}
	if err := set(outputs, i.outputs); err != nil {
		return err
	}
	return i.allocate()
}

// fit says which memories cannot be the tensors'.
func fit(what string, memories [][]byte, can []bool, tensors []tensor.Tensor) error {
	if len(memories) > len(can) {
		return fmt.Errorf("tflite: memory for %d %ss, but the model has %d", len(memories), what, len(can))
	}
	var errs []error
	for i, memory := range memories {
		switch {
		case memory == nil:
		case !can[i]:
			errs = append(errs, fmt.Errorf("tflite: %s %d cannot be moved (see Movable)", what, i))
		case i >= len(tensors):
			errs = append(errs, fmt.Errorf("tflite: %s %d has no memory, as a Resize failed", what, i))
		case len(memory) < len(tensors[i].Data):
			errs = append(errs, fmt.Errorf("tflite: %s %d needs %d bytes, its memory has %d", what, i, len(tensors[i].Data), len(memory)))
		case uintptr(unsafe.Pointer(unsafe.SliceData(memory)))%MemoryAlignment != 0: // only looked at
			errs = append(errs, fmt.Errorf("tflite: the memory of %s %d is not aligned to %d bytes", what, i, MemoryAlignment))
		}
	}
	return errors.Join(errs...)
}
