package camera_test

import (
	"context"
	"strings"
	"testing"

	"corallite/internal/sink"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// bright is an engine whose model says how bright the middle of a picture is.
type bright struct{ in, out tensor.Tensor }

func newBright() *bright {
	t := func(shape ...int) tensor.Tensor {
		info := tensor.Info{Type: tensor.UInt8, Shape: shape, Quantization: tensor.Quantization{Scales: []float32{1. / 256}, ZeroPoints: []int32{0}}}
		return tensor.Tensor{Info: info, Data: make([]byte, info.Elements())}
	}
	return &bright{t(1, 32, 32, 3), t(1, 2)}
}

func (b *bright) Inputs() []tensor.Info    { return []tensor.Info{b.in.Info} }
func (b *bright) Outputs() []tensor.Info   { return []tensor.Info{b.out.Info} }
func (b *bright) Input(int) tensor.Tensor  { return b.in }
func (b *bright) Output(int) tensor.Tensor { return b.out }
func (b *bright) Device() pipeline.Device  { return pipeline.Device{Name: "test"} }
func (b *bright) Close() error             { return nil }

func (b *bright) Invoke(context.Context) error {
	middle := b.in.Data[3*(16*32+16)+1]
	b.out.Data[0], b.out.Data[1] = middle, 255-middle
	return nil
}

// counting is a source that counts how many of its frames somebody has asked for BGR.
type counting struct {
	*camera.Video
	frames []*vision.Frame
}

func (c *counting) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := c.Video.Next(ctx)
	if err == nil {
		f.Retain()
		c.frames = append(c.frames, f)
	}
	return f, err
}

// TestRunConvertsNothing: a video through a model to JSON Lines makes BGR of none of its frames.
func TestRunConvertsNothing(t *testing.T) {
	v, err := camera.OpenVideo(testdata.Path(t, "video/vtest.avi"), camera.VideoOptions{})
	if err != nil {
		t.Fatal(err)
	}
	source := &counting{Video: v}
	selected, err := camera.NewSelect(source, camera.SelectOptions{Every: 5})
	if err != nil {
		t.Fatal(err)
	}
	engine := newBright()
	task, err := vision.NewClassify(engine.Inputs(), engine.Outputs(), vision.ClassifyOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	model, err := pipeline.NewModel("bright", task, []pipeline.Engine{engine}, pipeline.ModelOptions[*vision.Frame]{})
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	s := &pipeline.Stream[*vision.Frame]{
		Name: "p", Source: selected, Models: []*pipeline.Model[*vision.Frame]{model},
		Sinks: []pipeline.NamedSink{{Sink: sink.NewJSONL(&out, "out")}},
	}
	if _, err := s.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
	converted := 0
	for _, f := range source.frames {
		if f.Converted() {
			converted++
		}
		f.Release()
	}
	if lines := strings.Count(out.String(), "\n"); lines != 159 || len(source.frames) != 795 || converted != 0 {
		t.Errorf("%d lines of %d frames, of which %d were converted", lines, len(source.frames), converted)
	}
}
