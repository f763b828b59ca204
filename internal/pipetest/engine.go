package pipetest

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// minInput is the bytes that a value takes in an input or output.
const minInput = 8

// FakeEngine is an Engine of one input and one output of bytes: the first eight of the output are Answer of the first
// eight of the input.
type FakeEngine struct {
	// Time is how long the device takes, without using the CPU (but for the last 0.3 ms, which are waited for actively
	// so that the time is exact). ctx does not cut it short.
	Time time.Duration
	// Run is called in each Invoke, numbered from 0, before the device starts; its error is Invoke's.
	Run func(ctx context.Context, n int) error

	info    [2][]tensor.Info
	memory  [2][]byte
	before  []byte
	device  atomic.Pointer[pipeline.Device]
	busy    atomic.Bool
	runs    atomic.Int64
	closed  atomic.Bool
	mu      sync.Mutex
	misuses []error
}

// NewFakeEngine makes an engine on a device of that name ("cpu:fake", "edgetpu:fake"), which leaves the CPU free unless its
// name begins with "cpu:", with an input of that many bytes, at least 8.
func NewFakeEngine(device string, input int) *FakeEngine {
	input = max(input, minInput)
	e := &FakeEngine{before: make([]byte, input)}
	e.info[0] = []tensor.Info{{Name: "in", Type: tensor.UInt8, Shape: []int{1, input}}}
	e.info[1] = []tensor.Info{{Name: "out", Type: tensor.UInt8, Shape: []int{1, minInput}}}
	e.memory[0], e.memory[1] = make([]byte, input), make([]byte, minInput)
	kind, _, _ := strings.Cut(device, ":")
	e.SetDevice(pipeline.Device{Name: device, Kind: kind, LeavesCPUFree: kind != "cpu"})
	return e
}

// Answer is what a FakeEngine computes.
func Answer(value uint64) uint64 { return value*3 + 1 }

// SetDevice changes what Device says, as a failover does.
func (e *FakeEngine) SetDevice(d pipeline.Device) { e.device.Store(&d) }

// Device says what runs the model.
func (e *FakeEngine) Device() pipeline.Device { return *e.device.Load() }

// Inputs describes the input.
func (e *FakeEngine) Inputs() []tensor.Info { return e.info[0] }

// Outputs describes the output.
func (e *FakeEngine) Outputs() []tensor.Info { return e.info[1] }

// Input is a view of the input.
func (e *FakeEngine) Input(i int) tensor.Tensor { return e.view(0, i) }

// Output is a view of the output.
func (e *FakeEngine) Output(i int) tensor.Tensor { return e.view(1, i) }

func (e *FakeEngine) view(side, i int) tensor.Tensor {
	if e.busy.Load() {
		e.wrong("a tensor was asked for while the engine ran")
	}
	if e.closed.Load() {
		return tensor.Tensor{}
	}
	return tensor.Tensor{Info: e.info[side][i], Data: e.memory[side]}
}

// Invoke runs the device once.
func (e *FakeEngine) Invoke(ctx context.Context) error {
	end := time.Now().Add(e.Time)
	if e.closed.Load() {
		return ErrClosed
	}
	if e.busy.Swap(true) {
		e.wrong("two Invokes at once")
		return errors.New("the engine is running")
	}
	defer e.busy.Store(false)
	if err := ctx.Err(); err != nil {
		return err
	}
	n := e.runs.Add(1) - 1
	// The outputs of the last run are void from here on.
	for i := range e.memory[1] {
		e.memory[1][i] = 0xAA
	}
	copy(e.before, e.memory[0])
	if e.Run != nil {
		if err := e.Run(ctx, int(n)); err != nil {
			return err
		}
	}
	deviceTime(end, func() {
		if !bytes.Equal(e.before, e.memory[0]) {
			e.wrong("the input changed while the engine ran")
		}
	})
	if err := ctx.Err(); err != nil {
		return err
	}
	binary.LittleEndian.PutUint64(e.memory[1], Answer(binary.LittleEndian.Uint64(e.before)))
	return nil
}

// Runs is how many Invokes there were.
func (e *FakeEngine) Runs() int { return int(e.runs.Load()) }

// Close makes Invoke return ErrClosed.
func (e *FakeEngine) Close() error {
	if !e.closed.Swap(true) && e.busy.Load() {
		e.wrong("closed while it ran")
	}
	return nil
}

// Closed says whether Close was called.
func (e *FakeEngine) Closed() bool { return e.closed.Load() }

// Err is nil when the engine was used as an Engine may be.
func (e *FakeEngine) Err() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return errors.Join(e.misuses...)
}

func (e *FakeEngine) wrong(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.misuses = append(e.misuses, fmt.Errorf("engine %s: %s", e.Device().Name, what))
}
