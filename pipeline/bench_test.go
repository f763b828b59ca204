package pipeline_test

import (
	"context"
	"testing"
	"time"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// benchmarkStream runs b.N items through a stream, after an adjustment.
func benchmarkStream(b *testing.B, device string, adjust func(*rig)) pipeline.Summary {
	b.Helper()
	r := newRig(b.N, device)
	r.items.Recycle = true
	r.sinks[0].Discard = true
	if adjust != nil {
		adjust(r)
	}
	b.ReportAllocs()
	b.ResetTimer()
	sum, err := r.Run(context.Background())
	b.StopTimer()
	if err != nil {
		b.Fatal(err)
	}
	if sum.Frames != uint64(b.N) {
		b.Fatalf("%d frames of %d", sum.Frames, b.N)
	}
	return sum
}

// BenchmarkOverhead is what the stream itself costs for each item: an engine, a task and a sink that do nothing.
func BenchmarkOverhead(b *testing.B) {
	for _, device := range []string{"cpu:fake", "edgetpu:fake"} {
		b.Run(device, func(b *testing.B) { benchmarkStream(b, device, nil) })
	}
}

// BenchmarkDevice4ms is a device that takes 4 ms a run without the CPU, from a file whose items cost 0.5 ms of CPU to
// read and 0.3 ms to prepare, with an input of 300×300×3 bytes. The device alone could do 250 items a second;
// "of_250_%" says how much of that the stream reaches. "invoke_only" is the same engine in a loop of its own.
func BenchmarkDevice4ms(b *testing.B) {
	const deviceTime, input = 4 * time.Millisecond, 300 * 300 * 3
	b.Run("invoke_only", func(b *testing.B) {
		e := pipetest.NewFakeEngine("edgetpu:fake", input)
		e.Time = deviceTime
		for b.Loop() {
			if err := e.Invoke(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(100*float64(b.N)/b.Elapsed().Seconds()/250, "of_250_%")
	})
	for _, c := range []struct{ name, device string }{
		{"overlapped", "edgetpu:fake"}, {"one_after_another", "cpu:fake"},
	} {
		b.Run(c.name, func(b *testing.B) {
			sum := benchmarkStream(b, c.device, func(r *rig) {
				e := pipetest.NewFakeEngine(c.device, input)
				e.Time = deviceTime
				r.Models[0].Engines = []pipeline.Engine{e}
				r.source.Read = func(context.Context, int) error {
					pipetest.Burn(500 * time.Microsecond)
					return nil
				}
				r.task.OnPrepare = func(*pipetest.FakeItem) error {
					pipetest.Burn(300 * time.Microsecond)
					return nil
				}
			})
			b.ReportMetric(100*sum.FramesPerSecond/250, "of_250_%")
		})
	}
}

// BenchmarkEventJSON is one line of JSON with ten detections.
func BenchmarkEventJSON(b *testing.B) {
	ev := pipeline.Event{Time: time.Now(), Pipeline: "door", Source: "a.avi", Model: "coco", Task: "detect", Device: "cpu:xnnpack"}
	for i := range 10 {
		ev.Detections = append(ev.Detections, pipeline.Detection{
			Label: "person", Index: i, Score: 0.81640625, Box: [4]float32{12.53, 30, 200.123, 410.98}})
	}
	line := make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		var err error
		if line, err = ev.AppendJSON(line[:0]); err != nil {
			b.Fatal(err)
		}
	}
}
