package sink

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"

	"corallite/internal/pipetest"
	"corallite/internal/terminal"
	"corallite/pipeline"
)

func TestOverviewConformance(t *testing.T) {
	var out bytes.Buffer
	pipetest.TestSink(t, pipetest.SinkCase{
		Open: func() (pipeline.Sink, error) {
			out.Reset()
			return NewOverview(&out, 0), nil
		},
		Written: func(reports int) error {
			if reports == 0 && out.Len() != 0 || reports > 0 && strings.Count(out.String(), " on ") != 1 {
				return fmt.Errorf("of %d reports: %q", reports, &out)
			}
			return nil
		},
	})
}

func overview(t *testing.T, width int, reports ...pipeline.Report) string {
	t.Helper()
	return written(t, func(w io.Writer) pipeline.Sink { return NewOverview(w, width) }, reports...)
}

// video returns the frames of a video at 10 frames a second, with the detections of each.
func video(source, task string, from float64, results ...pipeline.Result) []pipeline.Report {
	var all []pipeline.Report
	for i, res := range results {
		r := report(source, i, res)
		r.Events[0].Task, r.Events[0].PositionS = task, from+float64(i)/10
		all = append(all, r)
	}
	return all
}

func TestOverview(t *testing.T) {
	two := pipeline.Result{Detections: []pipeline.Detection{detection("person", 0.5, 1), detection("person", 0.9, 1)}}
	one := pipeline.Result{Detections: []pipeline.Detection{detection("person", 0.6, 1), detection("car", 0.55, 1)}}
	reports := video("a.mp4", "detect", 0, two, one, pipeline.Result{})
	reports = append(reports, video("a.mp4", "detect", 70, one, two)...)
	reports = append(reports, video("b.jpg", "detect", 0, two)...)
	reports = append(reports, video("c.mp4", "detect", 0, pipeline.Result{}, pipeline.Result{})...)
	want := `
a.mp4: 5 frames, 1:10
  LABEL   FRAMES  AT ONCE  BEST  WHEN
  person  4       2        0.90  0:00, 1:10
  car     2       1        0.55  0:00, 1:10
b.jpg: 2 people (best 0.90)
c.mp4: 2 frames, 0:00.1: nothing
10 detections in 8 items, 7.4 ms an item on cpu:xnnpack (no Edge TPU found)
`
	if got := overview(t, 0, reports...); got != want[1:] {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
}

// TestOverviewOfTasks checks the overview of tasks without boxes.
func TestOverviewOfTasks(t *testing.T) {
	classes := pipeline.Result{Classes: []pipeline.Class{{Label: "cat", Score: 0.8}, {Label: "dog", Score: 0.1}}}
	mask := pipeline.Result{Mask: &pipeline.Mask{Segments: []pipeline.Segment{{Label: "sky", Share: 0.5}}}}
	vector := pipeline.Result{Embedding: make([]float32, 8)}
	pose := pipeline.Result{Poses: []pipeline.Pose{{Score: 0.7}, {Score: 0.6}}}
	for task, c := range map[string]struct {
		res  pipeline.Result
		want []string
	}{
		"classify": {classes, []string{"  cat    2       1        0.80  0:00.0-0:00.1\n", "\n2 classes in 2 items"}},
		"segment":  {mask, []string{"LARGEST", "  sky    2       1        50.0 %   0:00.0-0:00.1\n", "\n2 segments"}},
		"embed":    {vector, []string{"a vector of 8 numbers", "\n2 vectors"}},
		"pose":     {pose, []string{"  person  2       2        0.70  0:00.0-0:00.1\n", "\n4 people"}},
	} {
		got := overview(t, 0, video("a.mp4", task, 0, c.res, c.res)...)
		for _, want := range c.want {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %q in\n%s", task, want, got)
			}
		}
		if strings.Contains(got, "dog") {
			t.Errorf("more than the best class:\n%s", got)
		}
	}
}

// TestOverviewFits checks that no line is wider than the terminal, and that a long list of times is cut short.
func TestOverviewFits(t *testing.T) {
	var reports []pipeline.Report
	for i := range 30 {
		reports = append(reports, video("a\x1b[31m.mp4", "detect", float64(10*i), pipeline.Result{Detections: []pipeline.Detection{detection("person", 0.5, 1)}})...)
	}
	got := overview(t, 60, reports...)
	for line := range strings.Lines(got) {
		if terminal.Columns(strings.TrimSuffix(line, "\n")) > 60 {
			t.Errorf("too wide:\n%s", got)
		}
	}
	if !strings.Contains(strings.Join(strings.Fields(got), " "), "and 22 more") || strings.ContainsRune(got, '\x1b') {
		t.Errorf("%q", got)
	}
}
