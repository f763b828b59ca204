package tflite

import (
	_ "embed"
	"sync"

	"corallite/tflite/internal/capi"
)

// probe is a graph of one float addition, which a default delegate would take. TestProbe says how it is made.
//
//go:embed probe.tflite
var probe []byte

// defaultDelegate says whether the runtime gives operators to a delegate of its own when it is given none. The
// library 2.17.1 from pymicro-wakeword does not; builds with XNNPACK as the default do.
var defaultDelegate = sync.OnceValue(func() bool {
	memory := capi.Memory(len(probe))
	if memory == nil {
		return false
	}
	defer capi.Free(memory)
	copy(memory, probe)
	has, known := capi.DefaultDelegate(memory, nil)
	return has || !known
})
