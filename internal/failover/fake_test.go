package failover

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/clock/clocktest"
	"corallite/tflite/tensor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	deviceName   = "edgetpu:usb:fake"
	fallbackName = "cpu:fake"
)

// fault is what goes wrong in a run, or in opening the device.
type fault int

const (
	none fault = iota
	runError
	runDeath // all engines of the device are dead until it is opened again
	runHang  // time passes, then the deadline's error
	runPanic
	openError
	openPanic
	openNothing
	openWrong  // its answers are wrong
	openOther  // its tensors are others
	openFaulty // its second run fails
	openSlow   // time passes
)

var runFaults = []fault{runError, runDeath, runHang, runPanic}

var openFaults = []fault{openError, openPanic, openNothing, openWrong, openOther, openFaulty, openSlow}

var errFake = errors.New("fake fault")

func (f fault) String() string {
	return [...]string{"none", "error", "death", "hang", "panic", "open fails", "open panics", "open gives nothing",
		"wrong answers", "other tensors", "faulty on trial", "slow open"}[f]
}

// model is what all its engines compute: one output of fixed size and one whose size depends on the inputs.
type model struct {
	stateful bool
	engines  []*fakeEngine
	mu       sync.Mutex
}

func (m *model) engine(name string) *fakeEngine {
	m.mu.Lock()
	defer m.mu.Unlock()
	e := &fakeEngine{
		model: m, device: tensor.Device{Name: name, LeavesCPUFree: name == deviceName}, data: [][]byte{make([]byte, 16), make([]byte, 8)},
		inputs: []tensor.Info{
			{Name: "picture", Type: tensor.UInt8, Shape: []int{1, 16}, Quantization: tensor.PerTensor(0.5, 128)},
			{Name: "gain", Type: tensor.Float32, Shape: []int{2}},
		},
		outputs: []tensor.Info{
			{Name: "scores", Type: tensor.UInt8, Shape: []int{1, 8}},
			{Name: "boxes", Type: tensor.Int8, Shape: []int{0}},
		},
	}
	m.engines = append(m.engines, e)
	return e
}

// answer is what the model says to inputs after a sequence of runs.
func answer(inputs [][]byte, state uint64) ([][]byte, uint64) {
	h := fnv.New64a()
	for _, in := range inputs {
		h.Write(in)
	}
	h.Write(binary.LittleEndian.AppendUint64(nil, state))
	sum := h.Sum64()
	scores := binary.LittleEndian.AppendUint64(nil, sum)
	return [][]byte{scores, bytes.Repeat(scores[:1], int(sum%7))}, sum
}

// fakeEngine computes the model, unless a fault is set. It notes how it is misused.
type fakeEngine struct {
	*model
	device          tensor.Device
	inputs, outputs []tensor.Info
	data, answers   [][]byte
	state           uint64
	resets, runs    int
	fault           fault // of the next run
	of              *fakeDevice
	life            int // the device's when this was opened
	wrong           bool
	onInvoke        func(ctx context.Context) error

	busy    atomic.Bool
	closed  atomic.Int32
	misuses []string
}

func (e *fakeEngine) misused(what string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.misuses = append(e.misuses, e.device.Name+": "+what)
}

func (e *fakeEngine) Inputs() []tensor.Info  { return e.inputs }
func (e *fakeEngine) Outputs() []tensor.Info { return e.outputs }
func (e *fakeEngine) Device() tensor.Device  { return e.device }

func (e *fakeEngine) Input(i int) tensor.Tensor {
	if e.busy.Load() || e.closed.Load() > 0 {
		e.misused("input asked for while it ran or after Close")
		return tensor.Tensor{}
	}
	return tensor.Tensor{Info: e.inputs[i], Data: e.data[i]}
}

func (e *fakeEngine) Output(i int) tensor.Tensor {
	if e.busy.Load() || e.closed.Load() > 0 || len(e.answers) == 0 {
		e.misused("output asked for while it ran, before it did, or after Close")
		return tensor.Tensor{}
	}
	return tensor.Tensor{Info: e.outputs[i], Data: e.answers[i]}
}

// ranKey is the key of a context's value that is set to the name of the device that ran.
type ranKey struct{}

func (e *fakeEngine) Invoke(ctx context.Context) error {
	if e.busy.Swap(true) {
		e.misused("two runs at once")
	}
	defer e.busy.Store(false)
	if e.closed.Load() > 0 {
		e.misused("run after Close")
		return errors.New("closed")
	}
	e.answers = nil
	if err := ctx.Err(); err != nil {
		return err
	}
	if e.onInvoke != nil {
		if err := e.onInvoke(ctx); err != nil {
			return err
		}
	}
	if err := e.fail(); err != nil {
		return err
	}
	state := e.state
	if !e.stateful {
		state = 0
	}
	e.answers, e.state = answer(e.data, state)
	if e.wrong {
		for i := range e.answers[0] {
			e.answers[0][i] += 100
		}
	}
	e.outputs = slices.Clone(e.outputs)
	e.outputs[1].Shape = []int{len(e.answers[1])}
	e.runs++
	if ran, ok := ctx.Value(ranKey{}).(*string); ok {
		*ran = e.device.Name
	}
	return nil
}

func (e *fakeEngine) fail() error {
	if e.of != nil && e.of.lives() != e.life {
		return fmt.Errorf("%w: the process is dead", errFake)
	}
	f := e.fault
	e.fault = none
	switch f {
	case none:
		return nil
	case runDeath:
		e.of.die()
	case runHang:
		e.of.clock.Advance(3 * time.Second)
	case runPanic:
		panic(errFake)
	}
	return fmt.Errorf("%w: %v", errFake, f)
}

func (e *fakeEngine) Reset() error {
	if e.busy.Load() || e.closed.Load() > 0 {
		e.misused("reset while it ran or after Close")
	}
	e.resets++
	e.state = 0
	return nil
}

func (e *fakeEngine) Close() error {
	if e.busy.Load() {
		e.misused("closed while it ran")
	}
	e.closed.Add(1)
	return nil
}

// check says what is wrong once all is closed.
func (m *model) check(t *testing.T) {
	t.Helper()
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, e := range m.engines {
		if n := e.closed.Load(); n != 1 {
			t.Errorf("engine %d (%s) was closed %d times", i, e.device.Name, n)
		}
		for _, what := range e.misuses {
			t.Error(what)
		}
	}
}

// fakeDevice opens engines, and fails to as the plan says.
type fakeDevice struct {
	*model
	clock *clocktest.Clock

	mu     sync.Mutex
	life   int
	plan   []fault     // of the next Opens, first to last
	opened []time.Time // when each Open was called
}

func (d *fakeDevice) lives() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.life
}

func (d *fakeDevice) die() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.life++
}

func (d *fakeDevice) engine() *fakeEngine {
	e := d.model.engine(deviceName)
	e.of, e.life = d, d.lives()
	return e
}

func (d *fakeDevice) open(ctx context.Context) (tensor.Engine, error) {
	d.mu.Lock()
	d.opened = append(d.opened, d.clock.Now())
	f := none
	if len(d.plan) > 0 {
		f, d.plan = d.plan[0], d.plan[1:]
	}
	d.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	switch f {
	case openError:
		return nil, fmt.Errorf("%w: it is not there", errFake)
	case openPanic:
		panic("open")
	case openNothing:
		return nil, nil
	case openSlow:
		d.clock.Advance(5 * time.Second)
	}
	e := d.engine()
	switch f {
	case openWrong:
		e.wrong = true
	case openOther:
		e.inputs[0].Quantization = tensor.PerTensor(0.25, 0)
	case openFaulty:
		e.onInvoke = func(context.Context) error {
			if e.runs == 1 {
				e.fault = runError
			}
			return nil
		}
	}
	return e, nil
}
