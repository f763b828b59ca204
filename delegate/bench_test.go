package delegate_test

import (
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
)

// BenchmarkSimulated runs a compiled model on a simulated device that takes 4 ms a run without using the CPU. What
// ns/op has over 4 ms is what the engine, the runtime and waking up cost.
func BenchmarkSimulated(b *testing.B) {
	o := simulated(b, simtest.Config{Compute: simtest.Fixed, RunTime: 4 * time.Millisecond})
	o.Choice = delegate.EdgeTPU
	e := open(b, bothFiles(b, classifier), o)
	b.ReportAllocs()
	for b.Loop() {
		if err := e.Invoke(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkOpenCPU is what opening a model costs on a machine without an Edge TPU, looking for one included.
func BenchmarkOpenCPU(b *testing.B) {
	withoutLibrary(b)
	f, o := bothFiles(b, classifier), options(b)
	for b.Loop() {
		e, err := delegate.Open(b.Context(), f, o)
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
