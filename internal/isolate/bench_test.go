package isolate_test

import (
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

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

// BenchmarkSlowCall measures a Call of 10 ms: its overhead, and the parent's processor time. "here" has the kernel's
// own delay.
func BenchmarkSlowCall(b *testing.B) {
	p := start(b, isolate.Options{Kind: "sleeps"})
	ctx := b.Context()
	for name, run := range map[string]func() error{
		"child": func() error {
			_, err := p.Call(ctx, nil, nil, isolate.CallOptions{Deadline: time.Minute})
			return err
		},
		"here": sleep,
	} {
		b.Run(name, func(b *testing.B) {
			var times []time.Duration
			before := processorTime(b)
			for b.Loop() {
				begin := time.Now()
				if err := run(); err != nil {
					b.Fatal(err)
				}
				times = append(times, time.Since(begin)-slept)
			}
			b.ReportMetric(float64((processorTime(b)-before).Microseconds())/float64(len(times)), "cpu-µs/op")
			reportQuantiles(b, times)
		})
	}
}

// processorTime is the processor time of this process.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func reportQuantiles(b *testing.B, times []time.Duration) {
	b.Helper()
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-µs")
	b.ReportMetric(float64(times[len(times)*95/100].Nanoseconds())/1e3, "p95-µs")
}

// BenchmarkStart measures a child: until it serves, and until it has ended in order.
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
