package pipeline_test

import (
	"strings"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// TestWrongModels has the constructors refuse what could not run.
func TestWrongModels(t *testing.T) {
	task := &pipetest.FakeTask{}
	engine, other := pipetest.NewFakeEngine("cpu:fake", 64), pipetest.NewFakeEngine("cpu:other", 128)
	for _, c := range []struct {
		model testModel
		want  string
	}{
		{testModel{Task: task, Engines: []pipeline.Engine{engine}}, "a model needs a name"},
		{testModel{Name: "coco", Engines: []pipeline.Engine{engine}}, "model coco has no task"},
		{testModel{Name: "coco", Task: task}, "model coco has no engine"},
		{testModel{Name: "coco", Task: task, Engines: []pipeline.Engine{engine, nil}}, "model coco has no engine at index 1"},
		{testModel{Name: "coco", Task: task, Engines: []pipeline.Engine{engine, engine}}, "the same engine twice"},
		{testModel{Name: "coco", Task: task, Engines: []pipeline.Engine{engine, other}},
			"different inputs or outputs (engine 1, cpu:other, and engine 0, cpu:fake)"},
		{testModel{Streaming: &wordModel{}}, "a model needs a name"},
	} {
		m, err := c.model.make()
		if m != nil || err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pipeline: ") {
			t.Errorf("%v, %v: want an error that says %q", m, err, c.want)
		}
	}
	if m, err := pipeline.NewStreamingModel[*pipetest.FakeItem]("word", nil); m != nil || err == nil {
		t.Errorf("a streaming model that is nil: %v, %v", m, err)
	}
}
