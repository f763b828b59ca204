package sink_test

import (
	"bytes"
	"context"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/internal/pipetest"
	"corallite/internal/sink"
	"corallite/internal/sink/annotate"
	"corallite/internal/sink/command"
	"corallite/internal/sink/preview"
	"corallite/internal/sink/webhook"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// codes are the findings of a made-up task that reads bar codes: a kind that no other package knows.
type codes []code

type code struct {
	Text  string     `json:"text"`
	Sure  float32    `json:"sure"`
	Lines int        `json:"lines"`
	Box   [4]float32 `json:"box"`
}

var kindCodes = pipeline.Kind{Key: "codes", Noun: "code", Heading: "CODE", Columns: []pipeline.Column{{Heading: "LINES"}}, New: func() pipeline.Finding { return new(codes) }}

func (c codes) Kind() *pipeline.Kind { return &kindCodes }
func (c codes) Len() int             { return len(c) }

func (c codes) Thing(i int) pipeline.Thing {
	return pipeline.Thing{Label: c[i].Text, Index: pipeline.NoIndex, Score: c[i].Sure, Values: [4]float64{float64(c[i].Lines)}}
}

func (c codes) Draw(to pipeline.Canvas) {
	for i := range c {
		to.Box(c[i].Box, c.Thing(i), nil)
	}
}

// readCodes is the made-up task.
type readCodes struct{}

func (readCodes) Name() string { return "codes" }

func (readCodes) Prepare(tensor.Tensor, *vision.Frame) (pipeline.Placement, error) {
	return pipeline.Placement{}, nil
}

func (readCodes) Decode(pipeline.Outputs, pipeline.Placement) (pipeline.Result, error) {
	return pipeline.Result{Other: []pipeline.Finding{codes{{"4006381333931", 0.75, 30, [4]float32{40, 50, 120, 110}}}}}, nil
}

// TestNewTask runs a task with a kind of result of its own through all sinks. None of them knows it.
func TestNewTask(t *testing.T) {
	dir := t.TempDir()
	posted := make(chan string, 1)
	hook := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		posted <- string(body)
	}))
	defer hook.Close()
	var table, overview, lines bytes.Buffer
	pictures, err := annotate.NewPictures(annotate.PicturesOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	ran := filepath.Join(dir, "ran")
	program, err := command.New(command.Options{On: map[string][]string{
		"4006381333931": {"sh", "-c", `echo "$CORALLITE_LABEL $CORALLITE_SCORE $CORALLITE_TASK" > "$0"`, ran},
	}})
	if err != nil {
		t.Fatal(err)
	}
	post, err := webhook.New(webhook.Options{URL: hook.URL, Flush: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	server, err := preview.NewServer(preview.ServerOptions{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	page, err := server.Sink("door", preview.SinkOptions{})
	if err != nil {
		t.Fatal(err)
	}
	sinks := []pipeline.NamedSink{
		{Sink: sink.NewJSONL(&lines, "lines")}, {Sink: sink.NewTable(&table, sink.TableOptions{})}, {Sink: sink.NewOverview(&overview, 0)},
		{Sink: pictures}, {Sink: program}, {Sink: post}, {Sink: page},
	}
	model, err := pipeline.NewModel("reader", readCodes{}, []pipeline.Engine{pipetest.NewFakeEngine("cpu:fake", 64)},
		pipeline.ModelOptions[*vision.Frame]{})
	if err != nil {
		t.Fatal(err)
	}
	stream := &pipeline.Stream[*vision.Frame]{Name: "door", Source: &onePicture{}, Models: []*pipeline.Model[*vision.Frame]{model}, Sinks: sinks}
	if sum, err := stream.Run(t.Context()); err != nil || sum.Errors.Total != 0 || sum.Models["reader"].Events != 1 {
		t.Fatalf("%v, %+v", err, sum)
	}

	if !json.Valid(lines.Bytes()) {
		t.Error("the line is no JSON")
	}
	has := func(what, text string, wanted ...string) {
		t.Helper()
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%s has no %q:\n%s", what, want, text)
			}
		}
	}
	has("the line of JSON", lines.String(), `"task":"codes"`, `"codes":[{"text":"4006381333931","sure":0.75,"lines":30,"box":[40,50,120,110]}]}`)
	event, err := pipeline.ReadEvent(lines.Bytes(), &kindCodes)
	if want := (codes{{"4006381333931", 0.75, 30, [4]float32{40, 50, 120, 110}}}); err != nil || len(event.Other) != 1 || !reflect.DeepEqual(event.Other[0], &want) {
		t.Errorf("read again: %+v, %v", event.Other, err)
	}
	if again, err := event.AppendJSON(nil); err != nil || string(again)+"\n" != lines.String() {
		t.Errorf("written again: %s, %v", again, err)
	}

	has("the table", table.String(), "  CODE  ", "    LINES", "  4006381333931             0.75       30", "\n1 code in 1 item")
	has("the overview", overview.String(), "code.png: 4006381333931 0.75\n", "\n1 code in 1 item")
	has("the request", <-posted, `"codes":[{"text"`)
	if got, err := os.ReadFile(ran); err != nil || string(got) != "4006381333931 0.7500 codes\n" {
		t.Errorf("the program got %q, %v", got, err)
	}
	status := server.Status().Pipelines[0]
	if len(status.Events) != 1 || status.Events[0].Text != "4006381333931" || strings.Join(status.Parts, " ") != "boxes labels" {
		t.Errorf("the page has events %+v, parts %q", status.Events, status.Parts)
	}
	if !drawn(t, filepath.Join(dir, "code.png")) {
		t.Error("the box is not in the picture")
	}
	if parts := draw.PartsOf(&pipeline.Event{Result: pipeline.Result{Other: []pipeline.Finding{codes{{}}}}}); parts != draw.Boxes|draw.Labels {
		t.Errorf("parts %b", parts)
	}
}

// drawn says whether the left edge of the code's box is in a picture that was grey.
func drawn(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	r, g, b, _ := picture.At(40, 80).RGBA()
	return r != g || g != b
}

// onePicture is a source of one grey picture.
type onePicture struct{ done bool }

func (s *onePicture) Next(context.Context) (*vision.Frame, error) {
	if s.done {
		return nil, io.EOF
	}
	s.done = true
	mat := gocv.NewMatWithSizeFromScalar(gocv.NewScalar(90, 90, 90, 0), 180, 320, gocv.MatTypeCV8UC3)
	f, err := vision.NewFrame(mat)
	if err != nil {
		return nil, err
	}
	f.Meta().Source = "code.png"
	return f, nil
}

func (s *onePicture) Live() bool   { return false }
func (s *onePicture) Close() error { return nil }
