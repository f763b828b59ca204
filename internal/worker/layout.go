package worker

import (
	"fmt"
	"math"

	"corallite/tflite"
	"corallite/tflite/tensor"
)

// layout is where the tensors are in the shared memory.
type layout struct {
	Inputs  []place `json:"inputs"`
	Outputs []place `json:"outputs"` // empty for copied ones
	Room    place   `json:"room"`    // for the outputs that are copied
	Size    int     `json:"size"`
}

// place is a range of the memory.
type place struct {
	Offset int `json:"offset"`
	Bytes  int `json:"bytes"`
}

func (p place) of(memory []byte) []byte {
	return memory[p.Offset : p.Offset+p.Bytes : p.Offset+p.Bytes]
}

const (
	// behind is how far XNNPACK may read past a tensor; see tflite.Interpreter.UseMemory.
	behind = 16
	// mostBytes is the maximum size of an engine's tensors together: a little more than an int32 can count.
	mostBytes = math.MaxInt32 - 1<<10
)

// align rounds up to the alignment that the runtime wants for a tensor.
func align(n int) int {
	return (n + tflite.MemoryAlignment - 1) / tflite.MemoryAlignment * tflite.MemoryAlignment
}

// plan places every input and every output that can be moved, and the room for the others at their current size.
func plan(inputs, outputs []port) (layout, error) {
	var l layout
	for i, in := range inputs {
		if err := in.check(); err != nil {
			return layout{}, fmt.Errorf("input %d: %w", i, err)
		}
		if err := l.add(&l.Inputs, in.Bytes); err != nil {
			return layout{}, err
		}
	}
	var copied layout // their places in the room
	for i, out := range outputs {
		if err := out.check(); err != nil {
			return layout{}, fmt.Errorf("output %d: %w", i, err)
		}
		if out.Movable {
			if err := l.add(&l.Outputs, out.Bytes); err != nil {
				return layout{}, err
			}
			continue
		}
		l.Outputs = append(l.Outputs, place{})
		if err := copied.add(&copied.Outputs, out.Bytes); err != nil {
			return layout{}, err
		}
	}
	var room []place
	if err := l.add(&room, copied.Size); err != nil {
		return layout{}, err
	}
	l.Room = room[0]
	return l, nil
}

// add appends a place.
func (l *layout) add(to *[]place, bytes int) error {
	p := place{align(l.Size), bytes}
	if bytes > mostBytes-behind-p.Offset {
		return fmt.Errorf("its tensors have more than %d bytes", mostBytes)
	}
	l.Size = p.Offset + bytes + behind
	*to = append(*to, p)
	return nil
}

// check validates the description of a tensor by the child, which is not trusted. A tensor that cannot be moved may
// have no memory yet.
func (p port) check() error {
	if p.Bytes == 0 && !p.Movable {
		return nil
	}
	return holds(p.Info, p.Bytes)
}

// holds reports whether a tensor's size fits its shape, by which it is read.
func holds(info tensor.Info, bytes int) error {
	if bytes < 0 {
		return fmt.Errorf("%v has %d bytes", info, bytes)
	}
	size := info.Type.Size()
	if size == 0 {
		return nil // strings and the like, whose size does not follow from the shape
	}
	want := int64(size)
	for _, d := range info.Shape {
		if d < 0 || d > mostBytes {
			return fmt.Errorf("%v is no shape", info)
		}
		if want *= int64(d); want > mostBytes {
			return fmt.Errorf("%v is larger than %d bytes", info, mostBytes)
		}
	}
	if want != int64(bytes) {
		return fmt.Errorf("%v has %d bytes, and its memory %d", info, want, bytes)
	}
	return nil
}
