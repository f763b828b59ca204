package worker

import (
	"fmt"

	"corallite/tflite"
)

// layout is where the tensors lie in the memory that parent and child share.
type layout struct {
	Inputs  []place `json:"inputs"`
	Outputs []place `json:"outputs"` // of those that are copied: empty ones
	Room    place   `json:"room"`    // for the outputs that are copied
	Size    int     `json:"size"`
}

// place is a stretch of the memory.
type place struct {
	Offset int `json:"offset"`
	Bytes  int `json:"bytes"`
}

func (p place) of(memory []byte) []byte {
	return memory[p.Offset : p.Offset+p.Bytes : p.Offset+p.Bytes]
}

// within says whether the place is one, in a memory of that size.
func (p place) within(size int) bool {
	return p.Offset >= 0 && p.Bytes >= 0 && p.Offset <= size && p.Bytes <= size-p.Offset
}

const (
	// behind is what XNNPACK may read behind a tensor; see tflite.Interpreter.UseMemory.
	behind = 16
	// mostBytes is more than any tensor has: package schema allows 2 GiB.
	mostBytes = 4 << 30
)

// align gives the next multiple of what the runtime wants of a tensor's address.
func align(n int) int {
	return (n + tflite.MemoryAlignment - 1) / tflite.MemoryAlignment * tflite.MemoryAlignment
}

// plan gives every input a place, every output that can be moved, and room for the others as large as they are now.
func plan(inputs, outputs []port) (layout, error) {
	var l layout
	add := func(bytes int) place {
		p := place{align(l.Size), bytes}
		l.Size = p.Offset + bytes + behind
		return p
	}
	room := 0
	for i, in := range inputs {
		if in.Bytes < 0 || in.Bytes > mostBytes {
			return layout{}, fmt.Errorf("input %d has %d bytes", i, in.Bytes)
		}
		l.Inputs = append(l.Inputs, add(in.Bytes))
	}
	for i, out := range outputs {
		switch {
		case out.Bytes < 0 || out.Bytes > mostBytes:
			return layout{}, fmt.Errorf("output %d has %d bytes", i, out.Bytes)
		case out.Movable:
			l.Outputs = append(l.Outputs, add(out.Bytes))
		default:
			l.Outputs = append(l.Outputs, place{})
			room = align(room) + out.Bytes
		}
	}
	l.Room = add(room)
	return l, nil
}
