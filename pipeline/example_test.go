package pipeline_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"corallite/pipeline"
)

// number is an item.
type number struct {
	meta  pipeline.Meta
	value int
}

func (n *number) Meta() *pipeline.Meta { return &n.meta }
func (n *number) Retain()              {}
func (n *number) Release()             {}

// upTo is a source of numbers below limit.
type upTo struct{ next, limit int }

func (s *upTo) Next(context.Context) (*number, error) {
	if s.next == s.limit {
		return nil, io.EOF
	}
	s.next++
	return &number{value: s.next - 1}, nil
}

func (s *upTo) Live() bool   { return false }
func (s *upTo) Close() error { return nil }

// parity is a model that needs no engine.
type parity struct{}

func (parity) Name() string            { return "classify" }
func (parity) Device() pipeline.Device { return pipeline.Device{Name: "cpu"} }

func (parity) Process(_ context.Context, n *number) (pipeline.Result, error) {
	label := []string{"even", "odd"}[n.value%2]
	return pipeline.Result{Classes: []pipeline.Class{{Label: label, Score: 1}}}, nil
}

// printer is a sink.
type printer struct{}

func (printer) Consume(_ context.Context, r pipeline.Report) error {
	for _, e := range r.Events {
		fmt.Println(e.Seq, e.Classes[0].Label)
	}
	return nil
}

func (printer) Lossless() bool { return true }
func (printer) Close() error   { return nil }

// A stream of items of one's own, through a model of one's own, into a sink of one's own.
func Example() {
	model, err := pipeline.NewStreamingModel("parity", parity{})
	if err != nil {
		log.Fatal(err)
	}
	stream := &pipeline.Stream[*number]{
		Name: "numbers", Source: &upTo{limit: 3}, Models: []*pipeline.Model[*number]{model},
		Sinks: []pipeline.NamedSink{{Name: "print", Sink: printer{}}},
	}
	summary, err := stream.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Frames, "items")
	// Output:
	// 0 even
	// 1 odd
	// 2 even
	// 3 items
}
