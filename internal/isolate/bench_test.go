package isolate_test

import (
	"slices"
	"testing"
	"time"

	"corallite/internal/isolate"
)

// BenchmarkCall is the round trip of an empty request, with a deadline and a context that can end, as runs have them.
func BenchmarkCall(b *testing.B) {
	p := start(b, isolate.Options{Kind: "echo"})
	request, reply := make([]byte, 16), make([]byte, 64)
	o := isolate.CallOptions{Deadline: time.Minute}
	ctx := b.Context()
	times := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		begin := time.Now()
		if _, err := p.Call(ctx, request, reply, o); err != nil {
			b.Fatal(err)
		}
		if len(times) < cap(times) {
			times = append(times, time.Since(begin))
		}
	}
	reportQuantiles(b, times)
}

func reportQuantiles(b *testing.B, times []time.Duration) {
	b.Helper()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(times[len(times)*95/100].Nanoseconds())/1e3, "p95-µs")
}

// BenchmarkStart is what a child costs: until it serves, and until it has ended in order.
func BenchmarkStart(b *testing.B) {
	var starts, closes []time.Duration
	for b.Loop() {
		begin := time.Now()
		p, err := isolate.Start(b.Context(), isolate.Options{Kind: "echo"})
		if err != nil {
			b.Fatal(err)
		}
		serves := time.Now()
		if err := p.Close(); err != nil {
			b.Fatal(err)
		}
		starts, closes = append(starts, serves.Sub(begin)), append(closes, time.Since(serves))
	}
	slices.Sort(closes)
	b.ReportMetric(float64(closes[len(closes)/2].Nanoseconds())/1e3, "close-p50-µs")
	reportQuantiles(b, starts)
}
