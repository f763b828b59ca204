package tflite

import (
	"context"
	"testing"

	"corallite/internal/testdata"
)

func benchmarkInvoke(b *testing.B, model string, threads int, ctx context.Context) {
	n := open1(b, testdata.Path(b, "models/"+model+".tflite"), Options{Threads: threads, Delegates: xnn(b, threads)})
	for range 10 {
		if err := n.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if err := n.Invoke(ctx); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkInvoke is to be compared with shared/peers/invoke_limit.c: scripts/compare-invoke runs both in turn.
func BenchmarkInvoke(b *testing.B) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for _, model := range []string{"ssd_mobilenet_v1_coco_quant", "mobilenet_v1_0.25_128_quant"} {
		b.Run(model+"/threads=1", func(b *testing.B) { benchmarkInvoke(b, model, 1, context.Background()) })
		b.Run(model+"/threads=2", func(b *testing.B) { benchmarkInvoke(b, model, 2, context.Background()) })
		b.Run(model+"/threads=1/cancellable", func(b *testing.B) { benchmarkInvoke(b, model, 1, ctx) })
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
