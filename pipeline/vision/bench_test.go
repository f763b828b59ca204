package vision

import (
	"testing"

	"corallite/pipeline"
	"corallite/tflite/tensor"
)

func BenchmarkPrepare(b *testing.B) {
	f := painted(b, 768, 576, gradient)
	defer f.Release()
	for _, c := range []struct {
		name string
		info tensor.Info
		opts InputOptions
	}{
		{"768x576 to 300x300 uint8", tensor.Info{Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}}, InputOptions{}},
		{"768x576 to 224x224 int8", tensor.Info{Type: tensor.Int8, Shape: []int{1, 224, 224, 3}}, InputOptions{}},
		{"768x576 to 224x224 int8 requantized", tensor.Info{Type: tensor.Int8, Shape: []int{1, 224, 224, 3}, Quantization: tensor.PerTensor(0.02, 3)},
			InputOptions{Mean: []float32{127.5}, Std: []float32{127.5}}},
		{"768x576 to 192x192 float32 letterbox", tensor.Info{Type: tensor.Float32, Shape: []int{1, 192, 192, 3}}, InputOptions{Resize: Letterbox}},
	} {
		b.Run(c.name, func(b *testing.B) {
			in, err := NewInput(c.info, c.opts)
			if err != nil {
				b.Fatal(err)
			}
			defer in.Close()
			dst := tensorFor(c.info)
			var p pipeline.Placement
			b.ReportAllocs()
			for b.Loop() {
				if p, err = in.Prepare(dst, f); err != nil {
					b.Fatal(err)
				}
			}
			if p.Width != 768 {
				b.Fatal(p)
			}
		})
	}
}

func BenchmarkDecode(b *testing.B) {
	b.Run("detect 10 boxes", func(b *testing.B) {
		out := outputs{floats("boxes", []int{1, 10, 4}), floats("classes", []int{1, 10}), floats("scores", []int{1, 10}), floats("count", []int{1}, 10)}
		for i := range 10 {
			f := float32(i) / 20
			out[0].Data = append(out[0].Data, floats("", nil, f, f, f+0.4, f+0.4).Data...)
			out[1].Data = append(out[1].Data, floats("", nil, float32(i)).Data...)
			out[2].Data = append(out[2].Data, floats("", nil, 0.9-f).Data...)
		}
		task, err := NewDetect(pictureInput(300), out.Outputs(), DetectOptions{Outputs: DetectionOutputs{0, 1, 2, 3}, Options: Options{ScoreThreshold: 0.5}})
		if err != nil {
			b.Fatal(err)
		}
		benchmarkDecode(b, task, out)
	})
	b.Run("classify 1001 uint8", func(b *testing.B) {
		out := outputs{bytesOf("scores", tensor.UInt8, tensor.PerTensor(1./256, 0), []int{1, 1001}, make([]byte, 1001)...)}
		for i := range out[0].Data {
			out[0].Data[i] = byte(i * 7)
		}
		task, err := NewClassify(pictureInput(224), out.Outputs(), ClassifyOptions{Options: Options{MaxResults: 5}})
		if err != nil {
			b.Fatal(err)
		}
		benchmarkDecode(b, task, out)
	})
	b.Run("faces 2304 anchors", func(b *testing.B) {
		out := faceOutputs(2304, map[int]float32{100: 2, 101: 3, 102: 2.5, 900: 1.5})
		o, err := FaceOptions("full_range")
		if err != nil {
			b.Fatal(err)
		}
		o.ScoreThreshold = 0.6
		task, err := NewSSDAnchors(pictureInput(192), out.Outputs(), o)
		if err != nil {
			b.Fatal(err)
		}
		benchmarkDecode(b, task, out)
	})
}

func benchmarkDecode(b *testing.B, task pipeline.Task[*Frame], out outputs) {
	place := fitInto(Stretch, 768, 576, 300, 300).placement(768, 576)
	var found pipeline.Result
	var err error
	b.ReportAllocs()
	for b.Loop() {
		if found, err = task.Decode(out, place); err != nil {
			b.Fatal(err)
		}
	}
	if len(found.Detections)+len(found.Classes) == 0 {
		b.Fatal("nothing found")
	}
}
