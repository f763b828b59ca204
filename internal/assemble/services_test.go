package assemble

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"corallite/configs"
	"corallite/internal/key"
	"corallite/internal/part"
	"corallite/internal/parts"
	"corallite/internal/testdata"
	"corallite/pipeline"
)

// bell is a made-up service: it counts the reports of all pipelines.
type bell struct {
	Tone string

	tapped, reports, closed atomic.Int64
	pipelines               []string
}

func (b *bell) About() part.AboutService { return part.AboutService{Name: "bell", Doc: "Rings."} }

func (b *bell) Keys() key.Table {
	return key.Table{key.String(&b.Tone, "tone").Choices("high", "low").Default("high").Example("low").Doc("The tone.")}
}

func (b *bell) Open(_ context.Context, env part.ServiceEnv) (part.Server, error) {
	b.pipelines = env.Pipelines
	return b, nil
}

func (b *bell) Start()       {}
func (b *bell) Close() error { b.closed.Add(1); return nil }

func (b *bell) Tap(env part.SinkEnv) (pipeline.NamedSink, error) {
	if env.Service("bell") != part.Server(b) || env.Service("whistle") != nil {
		return pipeline.NamedSink{}, fmt.Errorf("a sink does not find the service")
	}
	b.tapped.Add(1)
	return pipeline.NamedSink{Name: "bell", Sink: ringer{b}}, nil
}

type ringer struct{ b *bell }

func (r ringer) Consume(context.Context, pipeline.Report) error { r.b.reports.Add(1); return nil }
func (r ringer) Lossless() bool                                 { return true }
func (r ringer) Close() error                                   { return nil }

// TestMadeUpService adds a service as they are always added, a struct and a line, and runs it from YAML.
func TestMadeUpService(t *testing.T) {
	all := parts.All()
	var made []*bell
	all.Sources = append(all.Sources, newFlat)
	all.Services = append(all.Services, func() part.Service { made = append(made, new(bell)); return made[len(made)-1] })
	dir := t.TempDir()
	load := func(block string) (*configs.Config, error) {
		file := filepath.Join(dir, "c.yaml")
		text := fmt.Sprintf("%smodels:\n  m: {path: %s, task: classify}\npipelines:\n", block, testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite"))
		for _, name := range []string{"a", "b"} {
			text += fmt.Sprintf("  %s: {source: {flat: 3}, models: m, sinks: [jsonl: {path: %s}]}\n", name, filepath.Join(dir, name+".jsonl"))
		}
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return configs.Load([]string{file}, configs.LoadOptions{Parts: &all})
	}
	cfg, err := load("")
	if err != nil || cfg.Services["bell"] != nil {
		t.Fatalf("%v, %v", cfg.Services, err)
	}
	if cfg, err = load("bell: {tone: low}\n"); err != nil {
		t.Fatal(err)
	}
	b := cfg.Services["bell"].(*bell)
	if shown, err := configs.Show(cfg, false); err != nil || !strings.Contains(string(shown), "bell:\n  tone: low\n") {
		t.Errorf("%v\n%s", err, shown)
	}
	if err := run(t, cfg); err != nil {
		t.Fatal(err)
	}
	if b.tapped.Load() != 2 || b.reports.Load() != 6 || b.closed.Load() != 1 || strings.Join(b.pipelines, " ") != "a b" || b.Tone != "low" {
		t.Errorf("%d taps, %d reports, closed %d times, pipelines %q, tone %s", b.tapped.Load(), b.reports.Load(), b.closed.Load(), b.pipelines, b.Tone)
	}
	if cfg, err = load("bell: {}\n"); err != nil || cfg.Services["bell"].(*bell).Tone != "high" {
		t.Errorf("%v, %v", cfg, err)
	}
	if _, err = load("bell: {tone: middle, pitch: 3}\n"); err == nil || !strings.Contains(err.Error(), "bell.tone") || !strings.Contains(err.Error(), "bell.pitch") {
		t.Error(err)
	}
}
