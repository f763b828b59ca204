package tflite

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
)

func benchmarkInvoke(b *testing.B, model string, threads int, ctx context.Context) {
	n := open1(b, testdata.Path(b, "models/"+model+".tflite"), Options{Threads: threads, Delegates: xnn(b, threads)})
	for range 10 {
		if err := n.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
	}
	times := make([]time.Duration, 0, 1<<20)
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		if err := n.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
		if len(times) < cap(times) {
			times = append(times, time.Since(start))
		}
	}
	slices.Sort(times)
	b.ReportMetric(float64(times[len(times)/2].Nanoseconds())/1e3, "p50-us")
	b.ReportMetric(float64(times[0].Nanoseconds())/1e3, "min-us")
}

// BenchmarkInvoke is to be compared with shared/peers/invoke_limit.c: scripts/compare-invoke runs both in turn.
func BenchmarkInvoke(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, model := range []string{"ssd_mobilenet_v1_coco_quant", "mobilenet_v1_0.25_128_quant"} {
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("%s/threads=%d/plain", model, threads), func(b *testing.B) {
				benchmarkInvoke(b, model, threads, context.Background())
			})
			b.Run(fmt.Sprintf("%s/threads=%d/cancellable", model, threads), func(b *testing.B) {
				benchmarkInvoke(b, model, threads, ctx)
			})
		}
	}
}

func BenchmarkOpen(b *testing.B) {
	path := testdata.Path(b, "models/ssd_mobilenet_v1_coco_quant.tflite")
	for b.Loop() {
		n, err := Open(path, Options{})
		if err != nil {
			b.Fatal(err)
		}
		n.Close()
	}
}

// BenchmarkInvokeOverhead runs one addition: all but the runtime's part of a microsecond is ours.
func BenchmarkInvokeOverhead(b *testing.B) {
	n := new1(b, modeltest.Addition(1), Options{})
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for name, ctx := range map[string]context.Context{"plain": context.Background(), "cancellable": ctx} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := n.Invoke(ctx); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
