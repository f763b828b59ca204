package pipeline_test

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

func sampleEvent() pipeline.Event {
	return pipeline.Event{
		Time: time.Date(2026, 1, 2, 5, 4, 5, 678_999_999, time.FixedZone("", 2*3600)), Pipeline: "door", Seq: 12,
		Source: "camera:0", Model: "coco", Task: "detect", Device: "cpu:xnnpack", Degraded: true, Reason: "no Edge TPU found",
		Latency: pipeline.Latency{Prepare: 200 * time.Microsecond, Invoke: 7300 * time.Microsecond,
			Decode: 20 * time.Microsecond, Total: 8100 * time.Microsecond},
		Result: pipeline.Result{Detections: []pipeline.Detection{
			{Label: "person", Score: 0.81, Box: [4]float32{12.5, 30, 200.1, 410.9}}}},
	}
}

// TestEventJSON is the line of the design page, to the byte.
func TestEventJSON(t *testing.T) {
	want := `{"time":"2026-01-02T03:04:05.678Z","pipeline":"door","seq":12,"source":"camera:0","model":"coco","task":"detect",` +
		`"device":"cpu:xnnpack","degraded":true,"reason":"no Edge TPU found",` +
		`"latency_ms":{"prepare":0.2,"invoke":7.3,"decode":0.02,"total":8.1},` +
		`"detections":[{"label":"person","index":0,"score":0.81,"box":[12.5,30,200.1,410.9]}]}`
	got, err := json.Marshal(sampleEvent())
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s\n%s", err, got, want)
	}
}

func TestEventJSONOfHardCases(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(-1))
	for _, c := range []struct {
		name   string
		change func(*pipeline.Event)
		want   string // in the line
	}{
		{"whole second", func(e *pipeline.Event) { e.Time = e.Time.Truncate(time.Second) }, `"time":"2026-01-02T03:04:05.000Z"`},
		{"no detections", func(e *pipeline.Event) { e.Detections = pipeline.Detections{} }, `},"detections":[]}`},
		{"no classes", func(e *pipeline.Event) { e.Task, e.Result = "classify", pipeline.Result{Classes: pipeline.Classes{}} }, `},"classes":[]}`},
		{"classes", func(e *pipeline.Event) {
			e.Task, e.Result = "classify", pipeline.Result{Classes: []pipeline.Class{{Label: "cat", Index: 3, Score: 1. / 3}}}
		}, `},"classes":[{"label":"cat","index":3,"score":0.3333}]}`},
		{"no poses", func(e *pipeline.Event) { e.Task, e.Result = "pose", pipeline.Result{Poses: pipeline.Poses{}} }, `},"poses":[]}`},
		{"poses", func(e *pipeline.Event) {
			e.Task, e.Result = "pose", pipeline.Result{Poses: []pipeline.Pose{
				{Score: 0.5, Keypoints: []pipeline.Keypoint{{Label: "nose", X: 1.23, Y: 7, Score: 1. / 3}, {Label: "ear"}}}}}
		}, `},"poses":[{"score":0.5,"keypoints":[{"label":"nose","x":1.2,"y":7,"score":0.3333},{"label":"ear","x":0,"y":0}]}]}`},
		{"mask", func(e *pipeline.Event) {
			e.Task, e.Result = "segment", pipeline.Result{Mask: &pipeline.Mask{Width: 3, Height: 2, Box: [4]float32{0, 0, 30, 20},
				Segments: []pipeline.Segment{{Label: "cat", Index: 8, Share: 2. / 3, Counts: []int{0, 4, 2}}}}}
		}, `},"mask":{"width":3,"height":2,"box":[0,0,30,20],"segments":[{"label":"cat","index":8,"share":0.6667,"counts":[0,4,2]}]}}`},
		{"embedding", func(e *pipeline.Event) {
			e.Task, e.Result = "embed", pipeline.Result{Embedding: pipeline.Vector{0.6, -1. / 3, nan}}
		}, `},"embedding":[0.6,-0.333333,null]}`},
		{"tracks", func(e *pipeline.Event) {
			e.Detections[0].Track, e.Detections[0].New = 7, true
			e.Detections[0].Classes = []pipeline.Class{{Label: "Ada", Score: 0.9}}
			e.Ended = []pipeline.Track{{Track: 3, Label: "dog", Index: 17, Frames: 12, Seconds: 1.2346}}
		}, `410.9],"track":7,"new":true,"classes":[{"label":"Ada","index":0,"score":0.9}]}],"ended":[{"track":3,"label":"dog","index":17,"frames":12,"seconds":1.235}]}`},
		{"zones and lines", func(e *pipeline.Event) {
			d := &e.Detections[0]
			d.Zones, d.Entered, d.Left = []string{"door", "a \"b\""}, []string{"door"}, []string{"street"}
			d.Crossed = []pipeline.Crossing{{Line: "gate", Direction: "in"}}
			d.Dwell, d.SpeedMPS = map[string]float64{"door": 1.23456, "a": 0}, 1.239
			e.Ended = []pipeline.Track{{Track: 3, Left: []string{"door"}, Zones: []pipeline.Visit{{Zone: "door", Seconds: 2.0004, SpeedMPS: 0.333}, {Zone: "street"}}}}
		}, `,"zones":["door","a \"b\""],"entered":["door"],"left":["street"],"crossed":[{"line":"gate","direction":"in"}],"dwell_s":{"a":0,"door":1.235},"speed_mps":1.24}],` +
			`"ended":[{"track":3,"label":"","index":0,"frames":0,"seconds":0,"left":["door"],"zones":[{"zone":"door","seconds":2,"speed_mps":0.33},{"zone":"street","seconds":0}]}]}`},
		{"position", func(e *pipeline.Event) { e.PositionS = 1. / 3 }, `"source":"camera:0","position_s":0.333,"model"`},
		{"not finite", func(e *pipeline.Event) {
			e.PositionS = math.Inf(1)
			e.Detections[0].Score = nan
			e.Detections[0].Box = [4]float32{nan, inf, 3e38, -0.04}
		}, `"score":null,"box":[null,null,`},
		{"no minus zero", func(e *pipeline.Event) { e.Detections[0].Box[3] = -0.04 }, `,200.1,0]}`},
		{"key points", func(e *pipeline.Event) {
			e.Detections[0].Keypoints = []pipeline.Keypoint{{Label: "nose", X: -3.26, Y: 7}, {Label: "<ear>", X: nan}}
		}, `410.9],"keypoints":[{"label":"nose","x":-3.3,"y":7},{"label":"<ear>","x":null,"y":0}]}`},
		{"text", func(e *pipeline.Event) { e.Source, e.Detections[0].Label = "R&D/<é>.jpg", "a\"b\\\n犬\xff" },
			`"source":"R&D/<é>.jpg"`},
	} {
		e := sampleEvent()
		c.change(&e)
		line, err := e.AppendJSON([]byte("before"))
		if err != nil || !strings.HasPrefix(string(line), "before{") || !strings.Contains(string(line), c.want) {
			t.Errorf("%s: %v\n%s\nhas no\n%s", c.name, err, line, c.want)
		}
		if !json.Valid(line[len("before"):]) || strings.Contains(string(line), "\n") {
			t.Errorf("%s: not one line of JSON: %s", c.name, line)
		}
	}
}

func TestEventJSONRoundTrip(t *testing.T) {
	want := sampleEvent()
	want.Time = want.Time.UTC().Truncate(time.Millisecond)
	want.Detections[0].Keypoints = []pipeline.Keypoint{{Label: "nose \"x\" 犬", X: 1.5, Y: 2}}
	want.Detections[0].Zones, want.Detections[0].Crossed = []string{"door"}, []pipeline.Crossing{{Line: "gate", Direction: "in"}}
	want.Detections[0].Dwell = map[string]float64{"door": 1.5}
	want.Ended = pipeline.Tracks{{Track: 3, Left: []string{"door"}, Zones: []pipeline.Visit{{Zone: "door", Seconds: 1.5}}}}
	line, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	var got pipeline.Event
	if err := json.Unmarshal(line, &got); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("%v\n%+v\n%+v", err, got, want)
	}
}

func TestSummaryJSON(t *testing.T) {
	r := newRig(20, "cpu:fake")
	sum, err := r.run(t, t.Context())
	if err != nil {
		t.Fatal(err)
	}
	line, err := json.Marshal(pipeline.Summaries{Pipelines: map[string]pipeline.Summary{"door": sum}})
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Pipelines map[string]map[string]any `json:"pipelines"`
	}
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	door := got.Pipelines["door"]
	for _, key := range []string{"frames", "dropped", "seconds", "frames_per_second", "device", "degraded", "reason", "latency_ms",
		"failed", "interrupted", "drops", "errors", "models"} {
		if _, ok := door[key]; !ok {
			t.Errorf("no %q in %s", key, line)
		}
	}
	for _, stage := range []string{"prepare", "invoke", "decode", "total"} {
		q, _ := door["latency_ms"].(map[string]any)[stage].(map[string]any)
		if _, ok := q["p50"].(float64); !ok || len(q) != 2 {
			t.Errorf("%s is %v", stage, q)
		}
	}
	if !strings.HasPrefix(string(line), `{"pipelines":{"door":{"frames":20,"dropped":0,"seconds":`) {
		t.Errorf("%s", line)
	}
}
