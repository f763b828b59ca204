package worker

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"corallite/delegate"
	"corallite/internal/isolate"
	"corallite/tflite/tensor"
)

// Engine is an engine in a child. It is a [tensor.Engine].
type Engine struct {
	host     *Host
	number   uint32
	model    string
	device   tensor.Device
	refusals []delegate.FallbackReason
	turn     Turn
	limit    deadline

	memory  *isolate.Memory // shared with the child
	room    *isolate.Memory // for copied outputs larger than layout.Room; nil: there are none
	layout  layout
	inputs  []tensor.Tensor
	outputs []tensor.Tensor
	inInfo  []tensor.Info
	outInfo []tensor.Info
	request [requestSize]byte
	reply   []byte

	mu     sync.Mutex // held by Invoke, Reset and Close
	closed bool
}

// newEngine makes the parent's side of an engine that is open in the child. It returns the engine also with an error;
// close it then.
func newEngine(h *Host, r openReply, o Request) (*Engine, error) {
	e := &Engine{
		host: h, number: r.Engine, device: r.Device, refusals: r.FallbackReasons, turn: o.Turn,
		limit: newDeadline(o.Deadline, o.FirstDeadline), reply: make([]byte, isolate.MaxMessage),
		model: path(o.Files),
	}
	var err error
	if e.layout, err = plan(r.Inputs, r.Outputs); err != nil {
		return e, err
	}
	if e.memory, err = isolate.NewMemory(max(e.layout.Size, 1)); err != nil {
		return e, err
	}
	memory := e.memory.Bytes()
	for i, p := range r.Inputs {
		e.inInfo = append(e.inInfo, p.Info)
		e.inputs = append(e.inputs, tensor.Tensor{Info: p.Info, Data: e.layout.Inputs[i].of(memory)})
	}
	for i, p := range r.Outputs {
		e.outInfo = append(e.outInfo, p.Info)
		e.outputs = append(e.outputs, tensor.Tensor{Info: p.Info, Data: e.layout.Outputs[i].of(memory)})
	}
	return e, nil
}

// path is the model's path in messages: that of the compiled model, if any.
func path(f delegate.Files) string {
	if f.EdgeTPU != "" {
		return f.EdgeTPU
	}
	return f.CPU
}

// Inputs describes the inputs.
func (e *Engine) Inputs() []tensor.Info { return e.inInfo }

// Outputs describes the outputs.
func (e *Engine) Outputs() []tensor.Info { return e.outInfo }

// Input is a view of input i in the shared memory. It stays readable after the child's death, until Close.
func (e *Engine) Input(i int) tensor.Tensor { return at(e.inputs, i) }

// Output is a view of output i.
func (e *Engine) Output(i int) tensor.Tensor { return at(e.outputs, i) }

func at(all []tensor.Tensor, i int) tensor.Tensor {
	if i < 0 || i >= len(all) {
		return tensor.Tensor{}
	}
	return all[i]
}

// Device is the device that runs the model in the child.
func (e *Engine) Device() tensor.Device { return e.device }

// FallbackReasons are the reasons why nothing better was chosen, as in [delegate.Engine].
func (e *Engine) FallbackReasons() []delegate.FallbackReason { return e.refusals }

// Invoke waits for its turn and runs the model once in the child. When that takes longer than the deadline, the child
// is killed; the death of the child, whatever its cause, is an *isolate.DeathError. The end of ctx does not interrupt a
// run.
func (e *Engine) Invoke(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	if e.turn != nil {
		if err := e.turn.Acquire(ctx); err != nil {
			return err
		}
		defer e.turn.Release()
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	putRequest(e.request[:], opRun, e.number)
	began := time.Now()
	took, err := e.ran(e.host.process.Call(context.Background(), e.request[:], e.reply, isolate.CallOptions{Deadline: e.limit.next()}))
	if err != nil {
		return e.explain(err)
	}
	e.limit.ran(min(took, time.Since(began))) // a child must not extend its own deadline by reporting long runs
	return nil
}

// explain adds the model and the device to an error.
func (e *Engine) explain(err error) error {
	return fmt.Errorf("model %s on %s: %w", e.model, e.device.Name, err)
}

// ran reads the reply of a run.
func (e *Engine) ran(n int, err error) (time.Duration, error) {
	if err != nil {
		return 0, err
	}
	s, took, rest, err := parseReply(e.reply[:n])
	if err == nil && s == statusRoom {
		if n, err = e.makeRoom(rest); err != nil {
			return 0, err
		}
		if s, _, rest, err = parseReply(e.reply[:n]); err == nil && s == statusRoom {
			err = errors.New("it has the room for its outputs that it wanted, and wants more")
		}
	}
	switch {
	case err != nil:
		return 0, err
	case s == statusError:
		return 0, e.host.failure(rest)
	case s != statusOK:
		return 0, fmt.Errorf("a reply of the unknown kind %d", s)
	case len(rest) == 0:
		return took, nil
	}
	return took, e.place(rest)
}

// place records where the copied outputs are and their shapes.
func (e *Engine) place(rest []byte) error {
	room := e.layout.Room.of(e.memory.Bytes())
	if e.room != nil {
		room = e.room.Bytes()
	}
	list, err := parseCopied(rest, len(e.outputs), len(room))
	if err != nil {
		return err
	}
	e.outInfo = slices.Clone(e.outInfo) // callers may still hold the old one
	for _, c := range list {
		e.outInfo[c.output].Shape = c.shape
		if err := holds(e.outInfo[c.output], c.bytes); err != nil {
			return fmt.Errorf("output %d: %w", c.output, err)
		}
		e.outputs[c.output] = tensor.Tensor{Info: e.outInfo[c.output], Data: place{c.offset, c.bytes}.of(room)}
	}
	return nil
}

// makeRoom makes a memory for larger outputs. n is the length of the run's second reply.
func (e *Engine) makeRoom(rest []byte) (n int, err error) {
	need, err := parseCount(rest)
	if err != nil {
		return 0, err
	}
	larger, err := isolate.NewMemory(need)
	if err != nil {
		return 0, err
	}
	// The views of the old one must not be used from here on, even if the rest fails.
	for i, p := range e.layout.Outputs {
		if p.Bytes == 0 {
			e.outputs[i].Data = nil
		}
	}
	if e.room != nil {
		err = e.room.Close()
	}
	e.room = larger
	if err != nil {
		return 0, err
	}
	putRequest(e.request[:], opRoom, e.number)
	return e.host.process.Call(context.Background(), e.request[:], e.reply, isolate.CallOptions{Deadline: e.limit.next(), Send: []*isolate.Memory{larger}})
}

// Reset sets the variable tensors to their initial values, so that the next run starts a new sequence.
func (e *Engine) Reset() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	if err := e.host.call(context.Background(), e.limit.first, opReset, e.number, nil, nil); err != nil {
		return e.explain(err)
	}
	return nil
}

// Close closes the engine in the child, if that lives, and frees the memory. Close twice is safe.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil
	}
	e.closed = true
	err := e.host.call(context.Background(), openDeadline, opClose, e.number, nil, nil)
	var death *isolate.DeathError
	if errors.As(err, &death) || errors.Is(err, isolate.ErrClosed) {
		err = nil // the engine is gone with it
	}
	e.inputs, e.outputs = nil, nil
	for _, m := range []*isolate.Memory{e.memory, e.room} {
		if m != nil {
			err = errors.Join(err, m.Close())
		}
	}
	return err
}
