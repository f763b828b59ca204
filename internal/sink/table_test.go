package sink

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/rivo/uniseg"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestTableConformance(t *testing.T) {
	var out bytes.Buffer
	pipetest.TestSink(t, pipetest.SinkCase{
		Open: func() (pipeline.Sink, error) {
			out.Reset()
			return NewTable(&out, TableOptions{Time: true, Model: true}), nil
		},
		Written: func(reports int) error {
			if reports == 0 {
				if out.Len() != 0 {
					return fmt.Errorf("a table of nothing: %q", &out)
				}
				return nil
			}
			if text := out.String(); !strings.HasPrefix(text, "SOURCE ") || strings.Count(text, "SOURCE") != 1 {
				return fmt.Errorf("no heading, or more than one:\n%s", text)
			}
			return nil
		},
	})
}

// report is a report with one event on item n of a source.
func report(source string, n int, res pipeline.Result) pipeline.Report {
	items := &pipetest.Items{}
	return pipeline.Report{
		Item: items.New(1, pipeline.Meta{Source: source, Seq: uint64(n)}),
		Events: []pipeline.Event{{
			Source: source, Seq: uint64(n), PositionS: float64(n) * 62.5, Model: "coco", Task: "detect", Device: "cpu:xnnpack",
			Degraded: true, Reason: "no Edge TPU found", Result: res,
			Latency: pipeline.Latency{Prepare: 300 * time.Microsecond, Invoke: 7 * time.Millisecond, Decode: 100 * time.Microsecond,
				Total: time.Hour},
		}},
	}
}

func detection(label string, score, x float32) pipeline.Detection {
	return pipeline.Detection{Label: label, Index: 3, Score: score, Box: [4]float32{x, 30, 200.1, 410.9}}
}

func table(t *testing.T, o TableOptions, reports ...pipeline.Report) string {
	t.Helper()
	return written(t, func(w io.Writer) pipeline.Sink { return NewTable(w, o) }, reports...)
}

// written returns the output of a table sink for some reports.
func written(t *testing.T, open func(w io.Writer) pipeline.Sink, reports ...pipeline.Report) string {
	t.Helper()
	var out bytes.Buffer
	s := open(&out)
	for _, r := range reports {
		if err := s.Consume(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestTable(t *testing.T) {
	got := table(t, TableOptions{Sources: []string{"kite_and_cold.jpg", "cat.bmp"}},
		report("kite_and_cold.jpg", 0, pipeline.Result{Detections: []pipeline.Detection{
			detection("person", 0.8125, 12.5), detection("", 0.5, 9999.95)}}),
		report("cat.bmp", 0, pipeline.Result{Detections: []pipeline.Detection{}}),
		report("cat.bmp", 0, pipeline.Result{Classes: []pipeline.Class{{Label: "Egyptian cat", Index: 286, Score: 0.94}}}))
	want := `
SOURCE             LABEL                    SCORE     XMIN    YMIN    XMAX    YMAX        MS
kite_and_cold.jpg  person                    0.81     12.5    30.0   200.1   410.9       7.4
kite_and_cold.jpg  class 3                   0.50  10000.0    30.0   200.1   410.9
cat.bmp            (nothing)                                                             7.4
cat.bmp            Egyptian cat              0.94  class 286                             7.4
2 detections and 1 class in 3 items, 7.4 ms an item on cpu:xnnpack (no Edge TPU found)
`
	if got != want[1:] {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
}

func TestTableOfClasses(t *testing.T) {
	r := report("cat.bmp", 0, pipeline.Result{Classes: []pipeline.Class{{Label: "Egyptian cat", Index: 286, Score: 0.84}, {Index: 1, Score: 0.09}}})
	r.Events[0].Task = "classify"
	want := `
SOURCE        LABEL                    SCORE    INDEX        MS
cat.bmp       Egyptian cat              0.84      286       7.4
cat.bmp       class 1                   0.09        1
2 classes in 1 item, 7.4 ms an item on cpu:xnnpack (no Edge TPU found)
`
	if got := table(t, TableOptions{Sources: []string{"cat.bmp"}}, r); got != want[1:] {
		t.Errorf("got\n%s\nwant%s", got, want)
	}
}

func TestTableOfNothing(t *testing.T) {
	got := table(t, TableOptions{}, report("a.jpg", 0, pipeline.Result{}))
	if !strings.Contains(got, "(nothing)") || !strings.HasSuffix(got, "\nnothing in 1 item, 7.4 ms an item on cpu:xnnpack (no Edge TPU found)\n") {
		t.Errorf("got\n%s", got)
	}
}

// TestColumnsStand checks that the scores are aligned whatever the labels' lengths.
func TestColumnsStand(t *testing.T) {
	odd := []string{"a.jpg", "", strings.Repeat("long/", 30) + "the-end.jpg", "犬猫/図.jpg", "e\u0301te\u0301.jpg", "👩‍👩‍👧‍👦.png",
		"\x1b[31mred\x1b[0m\r\n\t.jpg", "\xff\xfe.jpg", strings.Repeat("犬", 50) + ".jpg"}
	var reports []pipeline.Report
	for i, name := range odd {
		reports = append(reports, report(name, i*40, pipeline.Result{Detections: []pipeline.Detection{detection(name, 0.5, 1)}}))
	}
	got := table(t, TableOptions{Time: true, Model: true}, reports...)
	rows := strings.Split(got, "\n")
	if len(rows) != len(odd)+3 {
		t.Fatalf("%d lines:\n%s", len(rows), got)
	}
	for _, row := range rows[1 : len(odd)+1] {
		at := strings.LastIndex(row, "0.50")
		if at < 0 {
			t.Fatalf("no score in %q", row)
		}
		if got, want := uniseg.StringWidth(row[:at]), uniseg.StringWidth(rows[0][:strings.Index(rows[0], " SCORE")])+2; got != want {
			t.Errorf("the score stands in column %d, not %d, in %q", got, want, row)
		}
	}
	for _, want := range []string{"…", "the-end.jpg", "図.jpg", "41:40.000"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	if strings.ContainsAny(got, "\x1b\r\t") {
		t.Errorf("control characters in %q", got)
	}
}

func TestClock(t *testing.T) {
	for seconds, want := range map[float64]string{0: "0:00.000", 1.0405: "0:01.041", 62.5: "1:02.500", 3599.9996: "1:00:00.000", 7384.25: "2:03:04.250"} {
		if got := clock(seconds); got != want {
			t.Errorf("%v s: %s, want %s", seconds, got, want)
		}
	}
}

type brokenWriter struct{}

func (brokenWriter) Write([]byte) (int, error) { return 0, errors.New("broken") }

func TestTableCannotWrite(t *testing.T) {
	s := NewTable(brokenWriter{}, TableOptions{})
	if err := s.Consume(t.Context(), report("a.jpg", 0, pipeline.Result{})); err == nil || err.Error() != "write the table: broken" {
		t.Errorf("%v", err)
	}
	// The write error was reported once.
	for range 2 {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	}
}

func TestTableWords(t *testing.T) {
	heard := func(n int, words ...pipeline.Keyword) pipeline.Report {
		r := report("a.wav", n, pipeline.Result{Keywords: words})
		r.Events[0].Task = "keyword"
		return r
	}
	got := table(t, TableOptions{Sources: []string{"a.wav"}},
		heard(3, pipeline.Keyword{Label: "seven", Score: 0.91, StartS: 1.25, EndS: 2}),
		heard(9, pipeline.Keyword{Label: "one", Score: 1, StartS: 60, EndS: 60.5}, pipeline.Keyword{Label: "two", Score: 0.5, StartS: 60, EndS: 60.5}))
	want := `SOURCE        LABEL                    SCORE    START     END        MS
a.wav         seven                     0.91     1.25    2.00       7.4
a.wav         one                       1.00    60.00   60.50       7.4
a.wav         two                       0.50    60.00   60.50
3 words on cpu:xnnpack (no Edge TPU found)
`
	if got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
}
