package sink_test

import (
	"context"
	"log"
	"os"
	"time"

	"corallite/internal/sink"
	"corallite/pipeline"
)

// Results as a line of JSON each.
func ExampleNewJSONL() {
	lines := sink.NewJSONL(os.Stdout, "standard output")
	defer lines.Close()
	event := pipeline.Event{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Pipeline: "door", Source: "camera:0", Model: "coco", Task: "classify", Device: "cpu:xnnpack",
		Result: pipeline.Result{Classes: []pipeline.Class{{Label: "cat", Index: 16, Score: 0.75}}},
	}
	if err := lines.Consume(context.Background(), pipeline.Report{Events: []pipeline.Event{event}}); err != nil {
		log.Fatal(err)
	}
	// Output: {"time":"2026-01-02T03:04:05.000Z","pipeline":"door","seq":0,"source":"camera:0","model":"coco","task":"classify","device":"cpu:xnnpack","degraded":false,"latency_ms":{"prepare":0,"invoke":0,"decode":0,"total":0},"classes":[{"label":"cat","index":16,"score":0.75}]}
}
