package tflite

import (
	"errors"
	"fmt"
	"slices"

	"corallite/internal/schema"
	"corallite/tflite/tensor"
)

var _ tensor.Resetter = (*Interpreter)(nil)

// Reset begins a new sequence of runs: see [Interpreter.ResetVariables].
func (i *Interpreter) Reset() error { return i.ResetVariables() }

// ResetVariables sets what the model keeps from one run to the next to what it was when the interpreter was made, so
// that the next run begins a new sequence.
//
// Variable tensors (an LSTM's state) are set to their zero point. State behind VAR_HANDLE, as in the streaming
// wake-word models, the runtime gives no way to set, so that the interpreter is made again: that takes fractions of a
// millisecond, all views taken before are void, and what inputs held is lost. It is an error, and nothing has changed,
// once a signature of the interpreter is in use, or with a delegate that cannot be made again: another than XNNPACK's, or one
// that shares weights.
func (i *Interpreter) ResetVariables() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	switch {
	case i.closed:
		return ErrClosed
	case i.rebuildWith != nil:
		return i.rebuild()
	}
	if s := Status(i.interp.ResetVariableTensors()); s != OK {
		return i.failed("TfLiteInterpreterResetVariableTensors", s)
	}
	return nil
}

// rebuildInfo is what Reset needs to make an interpreter again whose state (VAR_HANDLE) the C API cannot clear.
type rebuildInfo struct {
	schema          *schema.Model // of bytes that the interpreter has a share in
	threads         int
	inputs, outputs [][]byte // the memory that tensors were put into; nil entries: the runtime's
}

// useMemory records the memory that tensors are put into.
func (r *rebuildInfo) useMemory(inputs, outputs [][]byte) {
	if r == nil {
		return
	}
	record := func(to *[][]byte, memories [][]byte) {
		for k, memory := range memories {
			for len(*to) <= k {
				*to = append(*to, nil)
			}
			if memory != nil {
				(*to)[k] = memory
			}
		}
	}
	record(&r.inputs, inputs)
	record(&r.outputs, outputs)
}

// hasResources says whether the model keeps state behind VAR_HANDLE.
func hasResources(m *schema.Model) bool {
	return slices.ContainsFunc(m.Subgraphs, func(g schema.Subgraph) bool { return g.Find("VAR_HANDLE") != nil })
}

// renewer is a delegate of which another one like it can be made.
type renewer interface{ renew() (Delegate, error) }

func (x *xnnpack) renew() (Delegate, error) {
	if x.weights != nil {
		return nil, errShared
	}
	return NewXNNPACK(x.threads)
}

// renewed makes another delegate like each of the interpreter's.
func (i *Interpreter) renewed() (all []Delegate, err error) {
	for _, d := range i.own {
		r, can := d.(renewer)
		err := errors.New("it cannot be recreated")
		if can {
			if d, err = r.renew(); err == nil {
				all = append(all, d)
				continue
			}
		}
		release(all)
		return nil, fmt.Errorf("the state of the model cannot be reset: delegate %s: %w", i.device.Name, err)
	}
	return all, nil
}

// rebuild makes the interpreter again, and puts it in the place of the one before when that has succeeded.
func (i *Interpreter) rebuild() error {
	if len(i.runners) > 0 {
		return fmt.Errorf("the state of the model cannot be reset while a signature (%q) is in use: reopen the model", i.runners[0].key)
	}
	delegates, err := i.renewed()
	if err != nil {
		return err
	}
	shapes := make([][]int, len(i.io.inInfos))
	for k, info := range i.io.inInfos {
		if !slices.Equal(info.Shape, i.graph[i.inputs[k]].Shape) {
			shapes[k] = info.Shape
		}
	}
	interp, options, own, cancel, entry := i.interp, i.options, i.own, i.cancel, i.entry
	i.interp, i.options, i.own, i.entry = nil, nil, delegates, nil
	err = i.create(i.rebuildWith.schema, i.rebuildWith.threads)
	if err == nil {
		err = i.prepare(shapes)
	}
	if err != nil {
		interp, i.interp = i.interp, interp
		options, i.options = i.options, options
		own, i.own = i.own, own
		entry, i.entry = i.entry, entry
		i.cancel = cancel
	}
	deleteEntry(entry)
	interp.Delete() // nil is safe for these
	release(own)
	options.Delete()
	return errors.Join(err, i.refresh())
}

// prepare gives a new interpreter the shapes and the memory of the one before.
func (i *Interpreter) prepare(shapes [][]int) error {
	if err := i.reshape(shapes); err != nil {
		return err
	}
	if err := i.allocate(); err != nil || len(i.rebuildWith.inputs)+len(i.rebuildWith.outputs) == 0 {
		return err
	}
	return i.move(i.rebuildWith.inputs, i.rebuildWith.outputs)
}
