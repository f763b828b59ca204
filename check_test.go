package corallite_test

import (
	"math"
	"strings"
	"testing"

	"corallite"
	"corallite/configs"
	"corallite/internal/choice"
	"corallite/pipeline/camera"
)

// TestImpossibleOptions: numbers of a program have the limits of YAML.
func TestImpossibleOptions(t *testing.T) {
	for want, o := range map[string]corallite.Options{
		"threads: 99999 is not a possible value": {Threads: 99999},
		"threads: -1 is not":                     {Threads: -1},
		"engines: -2 is not":                     {Engines: -2},
		"engines: 1000 is not":                   {Engines: 1000},
		"score_threshold: .nan is not":           {ScoreThreshold: math.NaN()},
		"score_threshold: 1.5 is not":            {ScoreThreshold: 1.5},
		"mean: [0]: .nan is not":                 {Mean: []float64{math.NaN()}, Std: []float64{1}},
		"std: [0]: 0 is not":                     {Mean: []float64{1}, Std: []float64{0}},
		"width: needs height as well":            {Width: 3},
		"min_share: only applies to task: segm":  {Settings: map[string]any{"min_share": 0.1}},
		"sensitivity: 11 is not":                 {Settings: map[string]any{"sensitivity": 11}},
		"width: -3 is not":                       {Width: -3, Height: 3},
		`delegate: "gpu" is no delegate`:         {Delegate: "gpu"},
		"delegate: xnnpack is given twice":       {Delegate: "xnnpack,xnnpack"},
	} {
		o.Task = corallite.Classify
		m, err := corallite.Open(t.Context(), small, o)
		if err == nil {
			_ = m.Close()
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}

// TestImpossibleSource: so have those of a source.
func TestImpossibleSource(t *testing.T) {
	m := open(t, small, corallite.Options{Task: corallite.Classify})
	for _, err := range m.Events(t.Context(), &camera.DeviceConfig{Camera: "0", Width: -1, Height: 5}) {
		if err == nil || !strings.Contains(err.Error(), "invalid width -1: expected an integer from 1") {
			t.Errorf("error %v", err)
		}
	}
}

// TestChangedConfiguration: what a program makes of a configuration is held against the same limits, and nothing is run of it
// where it is wrong.
func TestChangedConfiguration(t *testing.T) {
	one := func(change func(*configs.Config, *configs.Model, *configs.Pipeline)) error {
		m := configs.Model{Path: small, Threads: 1}
		m.Task = corallite.Classify
		p := configs.Pipeline{Source: corallite.Images("images/cat.bmp"), Models: []string{"m"}, Every: 1}
		cfg := configs.One("p", p, map[string]configs.Model{"m": m})
		change(cfg, &m, &p)
		cfg.Models["m"], cfg.Pipelines["p"] = m, p
		_, err := corallite.Run(t.Context(), cfg, corallite.RunOptions{})
		return err
	}
	for want, change := range map[string]func(*configs.Config, *configs.Model, *configs.Pipeline){
		`models.m.delegate: "x" is no delegate`: func(_ *configs.Config, m *configs.Model, _ *configs.Pipeline) {
			m.Delegate = choice.Choice{{Provider: "x"}}
		},
		"models.m.threads: 1000 is not":             func(_ *configs.Config, m *configs.Model, _ *configs.Pipeline) { m.Threads = 1000 },
		"models.m.score_threshold: NaN is not":      func(_ *configs.Config, m *configs.Model, _ *configs.Pipeline) { m.ScoreThreshold = math.NaN() },
		"pipelines.p.fps: +Inf is not":              func(_ *configs.Config, _ *configs.Model, p *configs.Pipeline) { p.FPS = math.Inf(1) },
		"pipelines.p.source: there is none":         func(_ *configs.Config, _ *configs.Model, p *configs.Pipeline) { p.Source = nil },
		`pipelines.p.models: there is no model "n"`: func(_ *configs.Config, _ *configs.Model, p *configs.Pipeline) { p.Models = []string{"n"} },
		"models.m.features.rate: 5 is not":          func(_ *configs.Config, m *configs.Model, _ *configs.Pipeline) { m.Features.Rate = 5 },
		`pipelines.p.secondary.model: there is no model "n"`: func(_ *configs.Config, _ *configs.Model, p *configs.Pipeline) {
			p.Secondary = &configs.Secondary{Model: "n"}
		},
		`pipelines.q.source: there is none`: func(c *configs.Config, _ *configs.Model, _ *configs.Pipeline) { c.Pipelines["q"] = configs.Pipeline{} },
		"pipelines.p.sinks[0]: it is nil":   func(_ *configs.Config, _ *configs.Model, p *configs.Pipeline) { p.Sinks = []configs.Sink{nil} },
	} {
		if err := one(change); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
