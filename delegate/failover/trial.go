package failover

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"

	"corallite/tflite/tensor"
)

// sample is one run: what went in and what came out.
type sample struct {
	begins  bool // the first of a sequence
	inputs  holder
	outputs []tensor.Tensor
}

// firsts are the first runs of the model, as many as a trial has: the device's and, before it has done any, the
// twin's. Samples do not change. Only Invoke adds some, which is why it may look without the lock.
type firsts struct {
	device, twin []*sample
	enough       chan struct{} // closed when the twin's are complete
}

// keeps says whether a run of u is to be kept.
func (e *Engine) keeps(u *unit) bool {
	if u == e.twin {
		return len(e.firsts.device) == 0 && len(e.firsts.twin) < e.o.Trial
	}
	return len(e.firsts.device) < e.o.Trial
}

// newSample copies the inputs, before the run.
func (e *Engine) newSample(u *unit) *sample {
	return &sample{begins: u.state == fresh, inputs: hold(u, len(e.ports.inputs))}
}

// keep adds the outputs, after the run.
func (e *Engine) keep(u *unit, s *sample) {
	for i := range e.ports.outputs {
		t := u.Output(i)
		s.outputs = append(s.outputs, tensor.Tensor{Info: cloneInfo(t.Info), Data: slices.Clone(t.Data)})
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if u != e.twin {
		e.firsts.device, e.firsts.twin = append(e.firsts.device, s), nil
		return
	}
	if e.firsts.twin = append(e.firsts.twin, s); len(e.firsts.twin) == e.o.Trial {
		close(e.firsts.enough)
	}
}

// reference gives the runs that the device must repeat, and whether to the bit. Where they are the twin's it waits
// for them. There are none when there is nothing to compare with.
func (e *Engine) reference() (runs []*sample, exact bool, err error) {
	e.mu.Lock()
	runs = e.firsts.device
	e.mu.Unlock()
	if len(runs) > 0 || e.twin == nil {
		return runs, true, nil
	}
	select {
	case <-e.firsts.enough:
	case <-e.work.Done():
		return nil, false, e.work.Err()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.firsts.twin, false, nil
}

// trial says why u must not run the model; nil when it answered rightly each time.
func (e *Engine) trial(u *unit) error {
	if err := e.ports.check(u); err != nil {
		return fmt.Errorf("the device came back with other tensors: %w", err)
	}
	runs, exact, err := e.reference()
	if err != nil {
		return err
	}
	for i := range e.o.Trial {
		if err := e.repeat(u, runs, i, exact); err != nil {
			return fmt.Errorf("the device came back, but run %d of %d on trial failed: %w", i+1, e.o.Trial, err)
		}
	}
	return u.reset()
}

// repeat is the trial's run i. Where there are fewer runs than the trial has they begin again.
func (e *Engine) repeat(u *unit, runs []*sample, i int, exact bool) error {
	if len(runs) == 0 {
		for i := range e.ports.inputs {
			clear(u.Input(i).Data)
		}
		return u.invoke(e.work)
	}
	s := runs[i%len(runs)]
	if s.begins {
		if err := u.reset(); err != nil {
			return err
		}
	}
	if err := carry(u, s.inputs, len(e.ports.inputs)); err != nil {
		return err
	}
	if err := u.invoke(e.work); err != nil {
		return err
	}
	for i, want := range s.outputs {
		if err := compare(u.Output(i), want, exact); err != nil {
			return fmt.Errorf("output %d (%s) %w", i, want.Name, err)
		}
	}
	return nil
}

// compare says how an output differs from the right one, more than two devices may when it need not be exact.
func compare(got, want tensor.Tensor, exact bool) error {
	switch {
	case !slices.Equal(got.Shape, want.Shape) || len(got.Data) != len(want.Data):
		return fmt.Errorf("has %d bytes in the shape %s, not %d in %s", len(got.Data), tensor.ShapeString(got.Shape),
			len(want.Data), tensor.ShapeString(want.Shape))
	case exact && !bytes.Equal(got.Data, want.Data):
		return fmt.Errorf("is wrong: %d of %d bytes differ", differing(got.Data, want.Data), len(want.Data))
	case exact:
		return nil
	}
	switch want.Type {
	case tensor.UInt8:
		return withinSteps(got.Data, want.Data, func(b byte) int { return int(b) })
	case tensor.Int8:
		return withinSteps(got.Data, want.Data, func(b byte) int { return int(int8(b)) })
	case tensor.Float16, tensor.BFloat16, tensor.Float32, tensor.Float64:
		return finite(got, want)
	}
	return nil
}

func differing(a, b []byte) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// maxSteps is how far 8-bit outputs of the device and the twin may be from each other in the mean: both round, in
// every layer, in ways of their own.
const maxSteps = 4

func withinSteps(got, want []byte, value func(byte) int) error {
	sum := 0
	for i := range got {
		d := value(got[i]) - value(want[i])
		sum += max(d, -d)
	}
	if sum > maxSteps*len(got) {
		return fmt.Errorf("is %.1f steps from the twin's in the mean, more than %d", float64(sum)/float64(len(got)), maxSteps)
	}
	return nil
}

// exponent has the bits of a float's exponent, which are all ones in what is not finite.
var exponent = map[tensor.Type]uint64{
	tensor.Float16: 0x7C00, tensor.BFloat16: 0x7F80, tensor.Float32: 0x7F80_0000, tensor.Float64: 0x7FF0_0000_0000_0000,
}

// finite says which value is infinite or no number where the twin's is one.
func finite(got, want tensor.Tensor) error {
	size, mask := want.Type.Size(), exponent[want.Type]
	for i := 0; i+size <= len(got.Data); i += size {
		if bits(got.Data[i:i+size])&mask == mask && bits(want.Data[i:i+size])&mask != mask {
			return fmt.Errorf("has no finite value at %d", i/size)
		}
	}
	return nil
}

// bits is a little-endian number of up to 8 bytes.
func bits(b []byte) uint64 {
	var word [8]byte
	copy(word[:], b)
	return binary.LittleEndian.Uint64(word[:])
}
