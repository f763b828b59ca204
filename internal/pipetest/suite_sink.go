package pipetest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"testing"
	"time"

	"corallite/pipeline"
)

// SinkCase tells the suite about a Sink.
type SinkCase struct {
	// Open opens a new sink. The suite closes it.
	Open func() (pipeline.Sink, error)
	// Report makes report n, counted from 0; the suite releases its item. Nil: FakeReports, for sinks that do not
	// look at the item.
	Report func(n int) pipeline.Report
	// Alive is how many of Report's items have references; with Report only. Nil: not checked.
	Alive func() int
	// Written checks what the sink has written when it was given that many reports and closed. Nil: not checked.
	Written func(reports int) error
	// Wait is how long any call may take; 0 means 10 seconds.
	Wait time.Duration
}

// TestSink checks the contract of pipeline.Sink, a subtest for each rule.
func TestSink(t *testing.T, c SinkCase) {
	t.Helper()
	subtests(t, c.checks())
}

// CheckSink checks the contract of pipeline.Sink and returns what is wrong.
func CheckSink(c SinkCase) error { return runAll(c.checks()) }

func (c SinkCase) checks() []check {
	if c.Wait == 0 {
		c.Wait = defaultWait
	}
	if c.Report == nil {
		items := &Items{}
		c.Report = func(n int) pipeline.Report { return FakeReport(items, n) }
		c.Alive = items.Alive
	}
	on := func(reports int, f func(pipeline.Sink, int) error) func() error {
		return func() error {
			alive := 0
			if c.Alive != nil {
				alive = c.Alive()
			}
			s, err := c.Open()
			if err != nil {
				return fmt.Errorf("open: %w", err)
			}
			err = errors.Join(f(s, reports), within(c.Wait, "Close", s.Close))
			if err == nil && c.Alive != nil && c.Alive() != alive {
				err = fmt.Errorf("%d items have references after Close, %d had before", c.Alive(), alive)
			}
			if err == nil && c.Written != nil {
				err = c.Written(reports)
			}
			return err
		}
	}
	return []check{
		{"reports", on(12, c.consume)},
		{"close without reports", on(0, func(s pipeline.Sink, _ int) error { return closeTwice(s) })},
		{"consume after close", on(3, c.afterClose)},
	}
}

// consume gives a sink that many reports.
func (c SinkCase) consume(s pipeline.Sink, reports int) error {
	lossless := s.Lossless()
	for n := range reports {
		if err := c.one(s, n); err != nil {
			return fmt.Errorf("report %d: %w", n, err)
		}
	}
	if s.Lossless() != lossless {
		return errors.New("Lossless changed")
	}
	return nil
}

// one gives a sink report n and checks that it leaves the report as it is.
func (c SinkCase) one(s pipeline.Sink, n int) error {
	r := c.Report(n)
	defer r.Item.Release()
	meta, before := *r.Item.Meta(), copyEvents(r.Events)
	ctx, cancel := context.WithTimeout(context.Background(), c.Wait)
	defer cancel()
	if err := within(2*c.Wait, "Consume", func() error { return s.Consume(ctx, r) }); err != nil {
		return err
	}
	// Compared as text, because NaN is not equal to itself.
	if fmt.Sprintf("%#v", r.Events) != fmt.Sprintf("%#v", before) || !reflect.DeepEqual(*r.Item.Meta(), meta) {
		return errors.New("the sink changed the report, which others share")
	}
	return nil
}

func (c SinkCase) afterClose(s pipeline.Sink, reports int) error {
	if err := c.consume(s, reports); err != nil {
		return err
	}
	if err := closeTwice(s); err != nil {
		return err
	}
	if err := c.one(s, reports); err == nil {
		return errors.New("Consume after Close gives no error")
	}
	return nil
}

// copyEvents copies events and the slices in their results.
func copyEvents(events []pipeline.Event) []pipeline.Event {
	out := append([]pipeline.Event(nil), events...)
	for i := range out {
		v := reflect.ValueOf(&out[i].Result).Elem()
		for f := range v.NumField() {
			if field := v.Field(f); field.Kind() == reflect.Slice && !field.IsNil() {
				kept := reflect.MakeSlice(field.Type(), field.Len(), field.Len())
				reflect.Copy(kept, field)
				field.Set(kept)
			}
		}
	}
	return out
}

// FakeReport makes a report on a FakeItem, another kind for each n of a round of six: one detection, none, many with
// key points, a classification, two models, and labels and numbers that are hard to write.
func FakeReport(items *Items, n int) pipeline.Report {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC).Add(time.Duration(n) * 40 * time.Millisecond)
	it := items.New(ValueOf(n), pipeline.Meta{Time: at, Source: "fake.avi", Seq: uint64(n), Position: time.Duration(n) * 40 * time.Millisecond})
	ev := pipeline.Event{
		Time: at, Pipeline: "door", Seq: uint64(n), Source: "fake.avi", PositionS: it.meta.Position.Seconds(), Model: "coco",
		Task: "detect", Device: "cpu:xnnpack", Degraded: true, Reason: "no Edge TPU found",
		Latency: pipeline.Latency{Prepare: 200 * time.Microsecond, Invoke: 7300 * time.Microsecond,
			Decode: 20 * time.Microsecond, Total: 8100 * time.Microsecond},
		Result: pipeline.Result{Detections: []pipeline.Detection{}},
	}
	person := pipeline.Detection{Label: "person", Score: 0.81, Box: [4]float32{12.5, 30, 200.1, 410.9}}
	class := ev
	class.Model, class.Task = "birds", "classify"
	class.Result = pipeline.Result{Classes: []pipeline.Class{{Label: "Ara macao", Index: 12, Score: 0.94}}}
	switch n % 6 {
	case 0:
		ev.Detections = append(ev.Detections, person)
	case 2:
		face := person
		face.Keypoints = []pipeline.Keypoint{{Label: "nose", X: 100, Y: -2.25}}
		ev.Detections = append(ev.Detections, person, face, person)
	case 3:
		ev = class
	case 4:
		return pipeline.Report{Item: it, Events: []pipeline.Event{ev, class}}
	case 5:
		odd := person
		odd.Label, odd.Score, odd.Box[0] = "a \"quoted\" <犬>\n\x1b[31m\xff", float32(math.NaN()), float32(math.Inf(1))
		ev.Detections = append(ev.Detections, odd)
	}
	return pipeline.Report{Item: it, Events: []pipeline.Event{ev}}
}
