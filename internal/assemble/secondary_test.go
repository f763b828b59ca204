package assemble

import (
	"context"
	"errors"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// refinerFunc is a refiner that is a function.
type refinerFunc func(pipeline.Result) (pipeline.Result, error)

func (f refinerFunc) Refine(_ context.Context, _ *vision.Frame, found pipeline.Result) (pipeline.Result, error) {
	return f(found)
}

func TestRefinersFollowEachOther(t *testing.T) {
	f, err := vision.NewFrame(gocv.NewMatWithSize(2, 2, gocv.MatTypeCV8UC3))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	add := func(label string, err error) refinerFunc {
		return func(found pipeline.Result) (pipeline.Result, error) {
			found.Detections = append(found.Detections, pipeline.Detection{Label: label})
			return found, err
		}
	}
	one, fatal := &pipeline.ItemError{Err: errors.New("one box")}, errors.New("the engine is gone")
	for name, c := range map[string]struct {
		first, second error
		want          string // labels
		fatal         bool
		says          []string
	}{
		"both":                      {nil, nil, "ab", false, nil},
		"the first fails in part":   {one, nil, "ab", false, []string{"one box"}},
		"the second fails in part":  {nil, one, "ab", false, []string{"one box"}},
		"both fail in part":         {one, &pipeline.ItemError{Err: errors.New("another")}, "ab", false, []string{"one box", "another"}},
		"the first fails":           {fatal, nil, "a", true, []string{"gone"}},
		"the second fails":          {nil, fatal, "ab", true, []string{"gone"}},
		"the second fails entirely": {one, fatal, "ab", true, []string{"gone"}},
	} {
		out, err := refiners{add("a", c.first), add("b", c.second)}.Refine(context.Background(), f, pipeline.Result{})
		labels := ""
		for _, d := range out.Detections {
			labels += d.Label
		}
		var item *pipeline.ItemError
		if labels != c.want || (err == nil) != (c.says == nil) || err != nil && errors.As(err, &item) == c.fatal {
			t.Errorf("%s: %q, %v", name, labels, err)
		}
		for _, s := range c.says {
			if !strings.Contains(err.Error(), s) {
				t.Errorf("%s: %v does not say %q", name, err, s)
			}
		}
	}
}
