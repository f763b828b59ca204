package sink

import (
	"strings"
	"testing"

	"corallite/internal/terminal"
	"corallite/pipeline"
)

// TestTableFits checks that no row is wider than the terminal, at any width and for every task, and that the label and
// the score stay.
func TestTableFits(t *testing.T) {
	name := strings.Repeat("long/", 9) + "kite_and_cold.jpg"
	results := map[string]pipeline.Result{
		"detect":   {Detections: []pipeline.Detection{detection("person", 0.8125, 12.5), detection("", 0.5, 9999.95)}},
		"classify": {Classes: []pipeline.Class{{Label: "Egyptian cat", Index: 286, Score: 0.81}}},
		"segment":  {Mask: &pipeline.Mask{Segments: []pipeline.Segment{{Label: "cat", Index: 8, Share: 0.81}}}},
		"embed":    {Embedding: make([]float32, 1024)},
		"pose":     {Poses: []pipeline.Pose{{Score: 0.81, Keypoints: []pipeline.Keypoint{{X: 1, Y: 2}}}}},
		"keyword":  {Keywords: []pipeline.Keyword{{Label: "seven", Score: 0.81, StartS: 1, EndS: 2}}},
	}
	for task, result := range results {
		for _, o := range []TableOptions{{}, {Time: true}, {Model: true}, {Time: true, Model: true}} {
			for width := 40; width < 160; width += 3 {
				r := report(name, 1, result)
				r.Events[0].Task = task
				o.Width = width
				got := table(t, o, r)
				for line := range strings.Lines(got) {
					if n := terminal.Columns(strings.TrimSuffix(line, "\n")); n > width {
						t.Errorf("%s: a line of %d columns at width %d:\n%s", task, n, width, got)
					}
				}
				if width >= 60 && task != "embed" && task != "segment" && !strings.Contains(got, "0.81") {
					t.Errorf("%s: no score at width %d:\n%s", task, width, got)
				}
			}
		}
	}
}

// TestNarrowTable checks the order in which columns are dropped.
func TestNarrowTable(t *testing.T) {
	r := report("kite_and_cold.jpg", 0, pipeline.Result{Detections: []pipeline.Detection{detection("person", 0.8125, 12.5)}})
	for width, want := range map[int]string{
		80: "SOURCE        LABEL             SCORE     XMIN    YMIN    XMAX    YMAX        MS\n" +
			"…nd_cold.jpg  person             0.81     12.5    30.0   200.1   410.9       7.4\n",
		60: "SOURCE        LABEL          SCORE   XMIN  YMIN  XMAX  YMAX\n" +
			"…nd_cold.jpg  person          0.81     12    30   200   411\n",
		40: "SOURCE        LABEL          SCORE\n" +
			"…nd_cold.jpg  person          0.81\n",
	} {
		if got := table(t, TableOptions{Width: width}, r); !strings.HasPrefix(got, want) {
			t.Errorf("at %d:\n%s\nwant\n%s", width, got, want)
		}
	}
}

// TestHeadingsFitTheTask checks the column that takes the place of the box.
func TestHeadingsFitTheTask(t *testing.T) {
	segment := report("a.jpg", 0, pipeline.Result{Mask: &pipeline.Mask{Segments: []pipeline.Segment{{Label: "cat", Index: 8, Share: 0.125}}}})
	segment.Events[0].Task = "segment"
	vector := report("a.jpg", 0, pipeline.Result{Embedding: make([]float32, 1024)})
	vector.Events[0].Task = "embed"
	named := report("a.jpg", 0, pipeline.Result{Classes: []pipeline.Class{{Label: "cup", Index: 1, Score: 0.9}}})
	named.Events[0].Task = "embed"
	for name, c := range map[string]struct {
		report pipeline.Report
		want   string
	}{
		"segment": {segment, "SOURCE        LABEL                      SHARE        MS\na.jpg         cat                       12.5 %       7.4\n"},
		"vector":  {vector, "SOURCE        VECTOR                        MS\na.jpg         1024 numbers                 7.4\n"},
		"gallery": {named, "SOURCE        LABEL                    SCORE    INDEX        MS\na.jpg         cup                       0.90        1       7.4\n"},
	} {
		if got := table(t, TableOptions{Sources: []string{"a.jpg"}}, c.report); !strings.HasPrefix(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
	}
}

// TestNoRowsOfZero checks that classes whose score would be 0.00 are left out, but the best class never is.
func TestNoRowsOfZero(t *testing.T) {
	classes := func(scores ...float32) pipeline.Report {
		var res pipeline.Result
		for i, s := range scores {
			res.Classes = append(res.Classes, pipeline.Class{Index: i, Score: s})
		}
		r := report("a.jpg", 0, res)
		r.Events[0].Task = "classify"
		return r
	}
	got := table(t, TableOptions{}, classes(0.96, 0.0078, 0.0039, 0), classes(0.0039, 0.0038), classes(0, 0))
	if n := strings.Count(got, "class "); n != 4 || strings.Count(got, "  0.00") != 1 || strings.Count(got, " <0.01") != 1 {
		t.Errorf("%d rows:\n%s", n, got)
	}
	if !strings.Contains(got, "\n4 classes in 3 items") {
		t.Errorf("the count is not that of the rows:\n%s", got)
	}
}
