package assemble

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/configs"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/parts"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// flat is a made-up source: frames of one colour.
type flat struct {
	Frames int
	Shade  float64
}

func (c *flat) About() part.AboutSource { return part.AboutSource{Kind: "flat", Gives: part.Pictures} }

func (c *flat) Keys() key.Table {
	return key.Table{
		key.Int(&c.Frames, "flat").Min(1).Max(100).Example("3").Doc("How many frames."),
		key.Number(&c.Shade, "shade").Min(0).Max(255).Default(128.0).Example("0").Doc("The shade of grey."),
	}
}

func (c *flat) Open(context.Context, part.SourceEnv) (pipeline.Source[*vision.Frame], error) {
	return &flatSource{left: c.Frames, shade: c.Shade}, nil
}

type flatSource struct {
	left  int
	shade float64
}

func (s *flatSource) Next(context.Context) (*vision.Frame, error) {
	if s.left == 0 {
		return nil, io.EOF
	}
	s.left--
	return vision.NewFrame(gocv.NewMatWithSizeFromScalar(gocv.NewScalar(s.shade, s.shade, s.shade, 0), 64, 64, gocv.MatTypeCV8UC3))
}

func (s *flatSource) Live() bool   { return false }
func (s *flatSource) Close() error { return nil }

func newFlat() part.Source { return new(flat) }

// count is a made-up sink: it writes how many events came, behind a word.
type count struct {
	File string
	Word string
}

func (c *count) About() part.AboutSink { return part.AboutSink{Kind: "count", Doc: "Counts events."} }

func (c *count) Keys() key.Table {
	return key.Table{
		key.String(&c.File, "file").Required().Example("n.txt").Doc("The file."),
		key.String(&c.Word, "word").Choices("events", "things").Default("events").Example("things").Doc("What they are called."),
	}
}

func (c *count) Output() part.Output { return part.Output{Key: "file", Path: c.File} }

func (c *count) Open(_ context.Context, env part.SinkEnv) (pipeline.Sink, error) {
	return &countSink{c: *c, of: env.Models}, nil
}

func newCount() part.Sink { return new(count) }

type countSink struct {
	c  count
	of []part.Model
	n  int
	on string // what ran the model last
}

func (s *countSink) Consume(_ context.Context, r pipeline.Report) error {
	s.n += len(r.Events)
	for _, e := range r.Events {
		s.on = e.Device
	}
	return nil
}
func (s *countSink) Lossless() bool { return true }
func (s *countSink) Close() error {
	return os.WriteFile(s.c.File, fmt.Appendf(nil, "%s of %s: %d on %s", s.c.Word, s.of[0].Task, s.n, s.on), 0o644)
}

// TestMadeUpParts adds a source and a sink as they are always added, a struct and a line each, and runs them from YAML.
func TestMadeUpParts(t *testing.T) {
	all := parts.All()
	all.Sources = append(all.Sources, newFlat)
	all.Sinks = append(all.Sinks, newCount)
	dir := t.TempDir()
	out := filepath.Join(dir, "n.txt")
	load := func(source, sink string) (*configs.Config, error) {
		file := filepath.Join(dir, "c.yaml")
		text := fmt.Sprintf("models:\n  m: {path: %s, task: classify}\npipelines:\n  p:\n    source: {%s}\n    models: m\n    sinks: [%s]\n",
			testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"), source, sink)
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return configs.Load([]string{file}, configs.LoadOptions{Parts: &all})
	}

	cfg, err := load("flat: 3, shade: 7", "count: {file: "+out+", word: things}")
	if err != nil {
		t.Fatal(err)
	}
	if shown, err := configs.Show(cfg, false); err != nil || !strings.Contains(string(shown), "flat: 3\n      shade: 7") || !strings.Contains(string(shown), "word: things") {
		t.Errorf("%v\n%s", err, shown)
	}
	if err := run(t, cfg); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(out); err != nil || string(got) != "things of classify: 3 on cpu:xnnpack" {
		t.Errorf("%q, %v", got, err)
	}

	// Everything that is wrong with them is said as it is of all others.
	_, err = load("flat: 0, shade: 1000, hue: 3", "count: {wrod: x}, count: {word: cats}")
	problems, _ := err.(configs.Problems)
	var got []string
	for _, p := range problems {
		got = append(got, p.Path+" "+string(p.Code))
	}
	want := []string{
		"pipelines.p.source.flat out_of_range", "pipelines.p.source.shade out_of_range", "pipelines.p.source.hue unknown_key",
		"pipelines.p.sinks[0].count.wrod unknown_key", "pipelines.p.sinks[1].count.word out_of_range",
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("%s is not among %q", w, got)
		}
	}
}
