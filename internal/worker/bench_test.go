package worker_test

import (
	"slices"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/tflite/tensor"
)

// BenchmarkInvoke measures the cost of isolation: the same model in this process and in a child, alternately, so that
// both run under the same load. An iteration is one run of each.
//
//	go test -run '^$' -bench Invoke -benchtime 2000x ./internal/worker
func BenchmarkInvoke(b *testing.B) {
	b.Run("cpu", func(b *testing.B) {
		f := delegate.Files{CPU: path(b, classifier)}
		compare(b, here(b, f, delegate.Options{Choice: delegate.XNNPACK}), open(b, host(b, f.CPU), onCPU(f.CPU)))
	})
	b.Run("device of 4 ms", func(b *testing.B) {
		h, o := simulated(b, simtest.Config{Compute: simtest.Fixed, RunTime: 4 * time.Millisecond})
		r := onDevice(b, classifier)
		local := here(b, r.Files, delegate.Options{Choice: delegate.EdgeTPU, EdgeTPULibrary: o.Library, EdgeTPU: o.EdgeTPU})
		compare(b, local, open(b, h, r))
	})
}

func compare(b *testing.B, local, isolated tensor.Engine) {
	noise(local, 1)
	noise(isolated, 1)
	engines := [...]tensor.Engine{local, isolated}
	var times [len(engines)][]time.Duration
	ctx := b.Context()
	for i := range times {
		times[i] = make([]time.Duration, 0, 1<<20)
		if err := engines[i].Invoke(ctx); err != nil { // the parameters are loaded
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		for i, e := range engines {
			begin := time.Now()
			if err := e.Invoke(ctx); err != nil {
				b.Fatal(err)
			}
			if len(times[i]) < cap(times[i]) {
				times[i] = append(times[i], time.Since(begin))
			}
		}
	}
	var quantiles [len(engines)][2]float64
	for i := range times {
		slices.Sort(times[i])
		for k, part := range []int{50, 95} {
			quantiles[i][k] = float64(times[i][len(times[i])*part/100].Nanoseconds()) / 1e3
		}
	}
	for k, name := range []string{"p50-µs", "p95-µs"} {
		b.ReportMetric(quantiles[0][k], "here-"+name)
		b.ReportMetric(quantiles[1][k], "child-"+name)
		b.ReportMetric(quantiles[1][k]-quantiles[0][k], "more-"+name)
	}
}
