package tflite

import (
	"errors"
	"fmt"
	"slices"

	"corallite/tflite/schema"
	"corallite/tflite/tensor"
)

var _ tensor.Resetter = (*Interpreter)(nil)

// Reset begins a new sequence of runs: see [Interpreter.ResetVariables].
func (n *Interpreter) Reset() error { return n.ResetVariables() }

// ResetVariables sets what the model keeps from one run to the next to what it was when the interpreter was made, so
// that the next run begins a new sequence.
//
// Variable tensors (an LSTM's state) are set to their zero point. State behind VAR_HANDLE, as in the streaming
// wake-word models, the runtime gives no way to set, so that the interpreter is made again: that takes fractions of a
// millisecond, all views taken before are void, and what inputs held is lost. It is an error, and nothing has changed,
// once a signature of the interpreter is in use, or with a delegate that can not be made again: another than XNNPACK's, or one
// that shares weights.
func (n *Interpreter) ResetVariables() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed:
		return ErrClosed
	case n.anew != nil:
		return n.remake()
	}
	if s := Status(n.interp.ResetVariableTensors()); s != OK {
		return n.failed("TfLiteInterpreterResetVariableTensors", s)
	}
	return nil
}

// anew is what is needed to make an interpreter again.
type anew struct {
	schema          *schema.Model // of bytes that the interpreter has a share in
	threads         int
	inputs, outputs [][]byte // the memory that tensors were put into; nil entries: the runtime's
}

// place notes the memory that tensors are put into.
func (a *anew) place(inputs, outputs [][]byte) {
	if a == nil {
		return
	}
	note := func(to *[][]byte, memories [][]byte) {
		for k, memory := range memories {
			for len(*to) <= k {
				*to = append(*to, nil)
			}
			if memory != nil {
				(*to)[k] = memory
			}
		}
	}
	note(&a.inputs, inputs)
	note(&a.outputs, outputs)
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
func (n *Interpreter) renewed() (all []Delegate, err error) {
	for _, d := range n.own {
		r, can := d.(renewer)
		err := errors.New("it cannot be made again")
		if can {
			if d, err = r.renew(); err == nil {
				all = append(all, d)
				continue
			}
		}
		release(all)
		return nil, fmt.Errorf("the state of the model cannot be reset: delegate %s: %w", n.device.Name, err)
	}
	return all, nil
}

// remake makes the interpreter again, and puts it in the place of the one before when that has succeeded.
func (n *Interpreter) remake() error {
	if len(n.runners) > 0 {
		return fmt.Errorf("the state of the model cannot be reset once a signature (%q) is in use: open the model anew", n.runners[0].key)
	}
	delegates, err := n.renewed()
	if err != nil {
		return err
	}
	shapes := make([][]int, len(n.io.inInfos))
	for i, info := range n.io.inInfos {
		if !slices.Equal(info.Shape, n.graph[n.inputs[i]].Shape) {
			shapes[i] = info.Shape
		}
	}
	interp, options, own, cancel := n.interp, n.options, n.own, n.cancel
	n.interp, n.options, n.own = nil, nil, delegates
	err = n.create(n.anew.schema, n.anew.threads)
	if err == nil {
		err = n.prepare(shapes)
	}
	if err != nil {
		interp, n.interp = n.interp, interp
		options, n.options = n.options, options
		own, n.own = n.own, own
		n.cancel = cancel
	}
	interp.Delete() // nil is safe for these
	release(own)
	options.Delete()
	return errors.Join(err, n.refresh())
}

// prepare gives a new interpreter the shapes and the memory of the one before.
func (n *Interpreter) prepare(shapes [][]int) error {
	if err := n.reshape(shapes); err != nil {
		return err
	}
	if err := n.allocate(); err != nil || len(n.anew.inputs)+len(n.anew.outputs) == 0 {
		return err
	}
	return n.move(n.anew.inputs, n.anew.outputs)
}
