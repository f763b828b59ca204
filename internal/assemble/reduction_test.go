package assemble

import (
	"log/slog"
	"testing"

	"corallite/configs"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/sink"
	"corallite/internal/sink/annotate"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// TestWhoNeedsTheWholePicture: sinks that draw, and sinks of events that are told best moments, which are found by how
// sharp a picture is.
func TestWhoNeedsTheWholePicture(t *testing.T) {
	jsonl := func(o life.Options) part.Sink { return &sink.JSONLConfig{Options: o} }
	for name, c := range map[string]struct {
		sinks []configs.Sink
		whole bool
	}{
		"events":       {[]configs.Sink{jsonl(life.Options{})}, false},
		"new":          {[]configs.Sink{jsonl(life.Options{When: life.New})}, false},
		"min_interval": {[]configs.Sink{jsonl(life.Options{MinInterval: 1})}, false},
		"change":       {[]configs.Sink{jsonl(life.Options{When: life.Change})}, true},
		"end":          {[]configs.Sink{jsonl(life.Options{}), jsonl(life.Options{When: life.End})}, true},
		"pictures":     {[]configs.Sink{&annotate.PicturesOptions{Dir: t.TempDir()}}, true},
	} {
		b := NewBuilder(&configs.Config{}, Options{Console: LogConsole(slog.New(slog.DiscardHandler))})
		defer b.Close()
		p := &visionPlan{basePlan: newBasePlan[*vision.Frame](b, "p", configs.Pipeline{Sinks: c.sinks})}
		for _, s := range c.sinks {
			open, err := s.Open(t.Context(), part.SinkEnv{Stdout: t.Output()})
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			p.Sinks = append(p.Sinks, pipeline.NamedSink{Sink: open})
		}
		if whole := p.reduction() == nil; whole != c.whole {
			t.Errorf("%s: the whole picture is needed: %v, want %v", name, whole, c.whole)
		}
	}
}
