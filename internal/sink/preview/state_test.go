package preview

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/internal/draw"
	"corallite/internal/pipetest"
	"corallite/pipeline"
)

// formPart reads one part of /live.
func formPart(t *testing.T, in *bufio.Reader) (head liveHead, data []byte) {
	t.Helper()
	line, err := in.ReadBytes('\n')
	if err == nil {
		err = json.Unmarshal(line, &head)
	}
	if err == nil {
		data = make([]byte, head.Bytes)
		_, err = io.ReadFull(in, data)
	}
	if err != nil {
		t.Fatalf("%q: %v", line, err)
	}
	return head, data
}

// TestLiveWithStatus checks that one response has everything that the page shows, and continues when the pipelines have ended.
func TestLiveWithStatus(t *testing.T) {
	s := newServer(t, ServerOptions{})
	door, hall := newSink(t, s, "door", SinkOptions{}), newSink(t, s, "hall", SinkOptions{})
	consume(t, door, frame(t, 64, 48, 3))
	consume(t, hall, frame(t, 64, 48, 4))
	in := bufio.NewReader(client(t, s, "/live?status=1").Body)
	bare := bufio.NewReader(client(t, s, "/live?status=1&pictures=0").Body)
	pictures, statuses := map[string]int{}, 0
	for len(pictures) < 2 || statuses < 2 {
		head, data := formPart(t, in)
		if head.Pipeline != "" {
			pictures[head.Pipeline] = decode(t, data).Bounds().Dx()
			continue
		}
		var st Status
		if err := json.Unmarshal(data, &st); err != nil || len(st.Pipelines) != 2 {
			t.Fatalf("%s: %v", data, err)
		}
		statuses++
	}
	if pictures["door"] != 64 || pictures["hall"] != 64 {
		t.Errorf("pictures %v", pictures)
	}
	for _, k := range []*Sink{door, hall} {
		if err := k.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for ended := 0; ended < 2; {
		ended = 0
		head, data := formPart(t, bare)
		var st Status
		if err := json.Unmarshal(data, &st); err != nil || head.Pipeline != "" {
			t.Fatalf("without pictures comes %+v: %v", head, err)
		}
		for _, p := range st.Pipelines {
			if p.State == "ended" {
				ended++
			}
		}
	}
}

// TestLastPictureStays ends a pipeline at which nobody looked: who comes later sees how it ended.
func TestLastPictureStays(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	early := watch(t, s, "/stream/door.mjpg?boxes=0")
	for i := range 3 {
		consume(t, k, frame(t, 64, 48, i))
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]*watcher{"early": early, "late": watch(t, s, "/stream/door.mjpg"), "late, without boxes": watch(t, s, "/stream/door.mjpg?boxes=0")} {
		if data, err := w.until(2); err != nil || decode(t, data).Bounds().Dx() != 64 {
			t.Errorf("%s: the last picture: %v", name, err)
		}
		if rest, err := io.ReadAll(w.in); err != nil || len(rest) > 64 {
			t.Errorf("%s: after the last picture come %d bytes (%v)", name, len(rest), err)
		}
	}
	body(t, s, "/snapshot.jpg", http.StatusOK)
}

// TestLastPictureReplacesOlderOnes ends a pipeline of which a viewer, and the page, have an older picture without boxes.
func TestLastPictureReplacesOlderOnes(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{FPS: 0.01}) // the next picture would come after a minute and a half
	early := watch(t, s, "/stream/door.mjpg?boxes=0")
	consume(t, k, frame(t, 64, 48, 0))
	if _, err := early.until(0); err != nil {
		t.Fatal(err)
	}
	consume(t, k, frame(t, 64, 48, 1))
	consume(t, k, frame(t, 64, 48, 2))
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	for name, w := range map[string]*watcher{"early": early, "late": watch(t, s, "/stream/door.mjpg?boxes=0")} {
		if _, err := w.until(2); err != nil {
			t.Errorf("%s: the last picture: %v", name, err)
		}
	}
}

func TestWhyASourceIsWaitedFor(t *testing.T) {
	state := SourceState{Name: "rtsp://192.0.2.1", Lost: "connection refused"}
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{Source: func() SourceState { return state }})
	now := time.Now()
	if p := k.status(now); p.State != "waiting" || p.Source != state.Name || p.Lost != state.Lost {
		t.Errorf("%+v", p)
	}
	consume(t, k, frame(t, 64, 48, 0))
	state.Lost = ""
	if p := k.status(now); p.State != "running" || p.Source != "camera:0" || p.Lost != "" {
		t.Errorf("%+v", p)
	}
	state.Lost = "no more"
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if p := k.status(now); p.State != "ended" || p.Lost != "" || p.Error != "" {
		t.Errorf("an ended source is waited for: %+v", p)
	}
	k.Ended(nil)
	k.Ended(errors.New("the disk is full"))
	if p := k.status(now); p.Error != "the disk is full" {
		t.Errorf("%+v", p)
	}
}

// TestFailuresAreShown has failures that come again and again: each kind is shown, and none fills the page.
func TestFailuresAreShown(t *testing.T) {
	clock := clocktest.New(noon)
	s := newServer(t, ServerOptions{clock: clock})
	k := newSink(t, s, "door", SinkOptions{})
	fail := func(stage, name, text string) {
		k.Failed(pipeline.Failure{Stage: stage, Name: name, Err: errors.New(text)})
		clock.Advance(2 * time.Second)
	}
	for range 10 {
		fail(pipeline.StageSource, "", "a.jpg: it is cut off")
	}
	fail(pipeline.StageSink, "jsonl", "no space left")
	fail(pipeline.StageModel, "coco", "it failed")
	k.Progress(pipeline.Progress{Dropped: 7, Errors: 12})
	p := k.status(clock.Now())
	var got []string
	for _, e := range p.Events {
		if !e.Warning {
			t.Errorf("%+v is no warning", e)
		}
		got = append(got, e.Model+"|"+e.Text)
	}
	if want := []string{"coco|it failed", "|sink jsonl: no space left", "|a.jpg: it is cut off"}; !slices.Equal(got, want) {
		t.Errorf("events %q; want %q", got, want)
	}
	if p.Dropped != 7 || p.Errors != 12 {
		t.Errorf("%d dropped, %d errors", p.Dropped, p.Errors)
	}
}

func TestPartsAreThoseOfTheModels(t *testing.T) {
	s := newServer(t, ServerOptions{})
	for name, c := range map[string]struct {
		result pipeline.Result
		want   string
	}{
		"detect":   {pipeline.Result{Detections: pipeline.Detections{{Label: "cat"}}}, "boxes labels"},
		"classify": {pipeline.Result{Classes: pipeline.Classes{{Label: "cat"}}}, "labels"},
		"segment":  {pipeline.Result{Mask: &pipeline.Mask{}}, "labels masks"},
		"pose":     {pipeline.Result{Poses: pipeline.Poses{{}}}, "skeletons"},
		"embed":    {pipeline.Result{Embedding: pipeline.Vector{1}}, ""},
		"nothing":  {pipeline.Result{Detections: pipeline.Detections{}}, ""},
	} {
		k := newSink(t, s, name, SinkOptions{})
		r := frame(t, 64, 48, 0)
		r.Events[0].Result = c.result
		consume(t, k, r)
		if got := strings.Join(k.status(noon).Parts, " "); got != c.want {
			t.Errorf("%s: %q; want %q", name, got, c.want)
		}
	}
	faces := newSink(t, s, "faces", SinkOptions{Draw: draw.Options{Hide: draw.Labels}})
	r := frame(t, 64, 48, 0)
	r.Events[0].Detections[0].Keypoints = []pipeline.Keypoint{{Label: "nose"}}
	consume(t, faces, r)
	if got := faces.status(noon).Parts; !slices.Equal(got, []string{"boxes", "skeletons"}) {
		t.Errorf("a detector that gives key points, without labels: %q", got)
	}
	unknown := newSink(t, s, "gallery", SinkOptions{})
	r = frame(t, 64, 48, 0)
	r.Events[0].Task, r.Events[0].Result = "embed", pipeline.Result{Classes: []pipeline.Class{{Label: "Ada"}}}
	consume(t, unknown, r)
	if got := unknown.status(noon).Parts; !slices.Equal(got, []string{"labels"}) {
		t.Errorf("a gallery: %q", got)
	}
}

// TestSound shows a pipeline that listens: it is running from its first chunk, though no word is a report.
func TestSound(t *testing.T) {
	s := newServer(t, ServerOptions{})
	heard := SoundState{LevelDBFS: -120}
	k := newSink(t, s, "hall", SinkOptions{Sound: func() SoundState { return heard }})
	if p := k.status(noon); p.State != "waiting" || p.Sound == nil || p.Sound.Word != nil {
		t.Errorf("before the first chunk: %+v", p)
	}
	heard = SoundState{LevelDBFS: -23.5, Heard: noon, Seconds: 12}
	if p := k.status(noon.Add(4 * time.Second)); p.State != "running" || p.SilentS != 4 || p.Sound.LevelDBFS != -23.5 || p.Sound.Seconds != 12 {
		t.Errorf("after a chunk: %+v %+v", p, p.Sound)
	}
	r := pipetest.FakeReport(&pipetest.Items{}, 0)
	r.Events = []pipeline.Event{{Model: "nabu", Task: "wakeword", Result: pipeline.Result{Keywords: []pipeline.Keyword{
		{Label: "Alexa", Score: 0.6}, {Label: "Okay Nabu", Score: 0.98}}}}}
	for range 2 { // the same word again is news
		consume(t, k, pipeline.Report{Item: retained(r.Item), Events: r.Events})
	}
	r.Item.Release()
	p := k.status(noon)
	if w := p.Sound.Word; w == nil || w.Text != "Okay Nabu" || w.Score != 0.98 || w.Model != "nabu" {
		t.Errorf("the last word is %+v", w)
	}
	if len(p.Events) != 4 || p.Events[0].Text != "“Okay Nabu” 98%" || p.Events[1].Text != "“Alexa” 60%" || len(p.Parts) != 0 {
		t.Errorf("events %+v, parts %q", p.Events, p.Parts)
	}
}

func retained(item pipeline.Item) pipeline.Item {
	item.Retain()
	return item
}
