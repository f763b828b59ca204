package vision

import (
	"strings"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestNewAppearanceRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		task   pipeline.Task[*Frame]
		engine pipeline.Engine
		want   string
	}{
		"no task":      {nil, &pipetest.FakeEngine{}, "no task"},
		"another task": {&colourTask{name: "classify"}, &pipetest.FakeEngine{}, "task classify returns no vectors; want embed"},
		"no vectors":   {&Embed{noVector: true}, &pipetest.FakeEngine{}, "NoVector"},
		"no engine":    {&Embed{}, nil, "no engine"},
	} {
		if _, err := NewAppearance(c.task, c.engine); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", name, err, c.want)
		}
	}
}
