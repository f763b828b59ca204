package tflite

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"

	"corallite/tflite/internal/capi"
)

// readFile reads a file straight into C memory.
func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	size := info.Size()
	switch {
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s: it is no file (%s)", path, info.Mode().Type())
	case size > math.MaxInt/2:
		return nil, fmt.Errorf("%s: a model of %d bytes does not fit this machine's memory", path, size)
	}
	memory := capi.Memory(int(size))
	if memory == nil {
		return nil, fmt.Errorf("%s: no memory for a model of %d bytes", path, size)
	}
	if _, err := io.ReadFull(f, memory); err != nil {
		capi.Free(memory)
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("the file became shorter while it was read")
		}
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return memory, nil
}
