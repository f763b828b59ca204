package keyword

import (
	"context"
	"testing"

	"corallite/internal/audio/mel"
	"corallite/pipeline/audio"
	"corallite/tflite/tensor"
)

// BenchmarkFlow is a second of live sound, in chunks of 10 ms, without the model's runs: features of a second of 40 bins
// in int8, ten times a second, and YAMNet's 15600 samples in floats, twice.
func BenchmarkFlow(b *testing.B) {
	rows := tensor.Info{Type: tensor.Int8, Shape: []int{1, 98, 40, 1}, Quantization: tensor.PerTensor(0.02, 0)}
	for name, c := range map[string]struct {
		in  tensor.Info
		out int
		o   Options
	}{
		"logmel":   {rows, 12, Options{Mel: mel.Options{Rate: 16000, WindowMS: 30, HopMS: 10, Bins: 40, LowHz: 60, HighHz: 7600, Floor: 1e-6}}},
		"waveform": {floats("in", 15600), 521, Options{Features: Waveform, Rate: 16000}},
	} {
		b.Run(name, func(b *testing.B) {
			c.o.Labels = make([]string, c.out)
			c.o.Labels[0] = "a"
			f := open(b, newFake(c.in, floats("out", c.out), silent), c.o)
			chunk := &audio.Chunk{Samples: tone(440, 16000, 160), Rate: 16000, Voice: true}
			b.ReportAllocs()
			for b.Loop() {
				for range 100 {
					if _, err := f.Process(context.Background(), chunk); err != nil {
						b.Fatal(err)
					}
					chunk.Start += 160
				}
			}
		})
	}
}
