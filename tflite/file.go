package tflite

import (
	"errors"
	"fmt"
	"io"
	"math"

	"corallite/internal/regfile"
	"corallite/tflite/internal/capi"
)

// MaxModel is the most bytes that a model's file may have: offsets in a flatbuffer have 31 bits.
const MaxModel = math.MaxInt32

// readFile reads a file straight into C memory.
func readFile(path string) ([]byte, error) {
	f, err := regfile.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	if size > MaxModel {
		return nil, fmt.Errorf("%s: %d bytes are too many for a model (at most %d, 2 GiB)", path, size, MaxModel)
	}
	memory := capi.Memory(int(size))
	if memory == nil {
		return nil, fmt.Errorf("%s: no memory for a model of %d bytes", path, size)
	}
	if _, err := io.ReadFull(f, memory); err != nil {
		capi.Free(memory)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file shrank while it was being read")
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return memory, nil
}
