package preview

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestLiveHasAllPipelines(t *testing.T) {
	s := newServer(t, ServerOptions{})
	door, garden := newSink(t, s, "door", SinkOptions{}), newSink(t, s, "garden/north 1", SinkOptions{})
	resp := client(t, s, "/live?"+url.Values{"pipeline": {"door", "garden/north 1", "door"}}.Encode())
	in := bufio.NewReader(resp.Body)
	seen := map[string]uint64{}
	for i := range 5 {
		consume(t, door, frame(t, 64, 48, i))
		consume(t, garden, frame(t, 32, 48, 100+i))
		for seen["door"] != uint64(i) || seen["garden/north 1"] != uint64(100+i) {
			line, err := in.ReadBytes('\n')
			if err != nil {
				t.Fatal(err)
			}
			var head liveHead
			if err := json.Unmarshal(line, &head); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			data := make([]byte, head.Bytes)
			if _, err := io.ReadFull(in, data); err != nil {
				t.Fatal(err)
			}
			want := map[string]int{"door": 64, "garden/north 1": 32}[head.Pipeline]
			if got := decode(t, data).Bounds().Dx(); got != want {
				t.Errorf("the picture of %s is %d pixels wide; want %d", head.Pipeline, got, want)
			}
			if head.AgeMS < 0 || head.AgeMS > 1000*patience.Seconds() {
				t.Errorf("the picture is %g ms old", head.AgeMS)
			}
			seen[head.Pipeline] = head.Seq
		}
	}
}

func TestItemsWithoutAPicture(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "hall", SinkOptions{})
	resp := client(t, s, "/live?pipeline=hall")
	for i := range 3 {
		consume(t, k, pipetest.FakeReport(&pipetest.Items{}, i))
	}
	body(t, s, "/snapshot.jpg", http.StatusServiceUnavailable)
	if st := s.Status().Pipelines[0]; st.Picture || st.Frames != 3 {
		t.Errorf("the status of a pipeline without pictures is %+v", st)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if data, err := io.ReadAll(resp.Body); err != nil || len(data) != 0 {
		t.Errorf("the stream gave %d bytes (%v)", len(data), err)
	}
}

func TestStatus(t *testing.T) {
	hot := 71.5
	s := newServer(t, ServerOptions{Devices: func() []Device { return []Device{{Name: "edgetpu:pci:0", Temperature: &hot}} }})
	newSink(t, s, "garden", SinkOptions{})
	k := newSink(t, s, "door", SinkOptions{Source: func() SourceState { return SourceState{Reopened: 2} }})
	k.Progress(pipeline.Progress{Dropped: 3, Errors: 1})
	for i := range 3 {
		consume(t, k, frame(t, 320, 240, i))
	}
	var st Status
	if err := json.Unmarshal(body(t, s, "/api/status", http.StatusOK), &st); err != nil {
		t.Fatal(err)
	}
	if len(st.Devices) != 1 || *st.Devices[0].Temperature != hot || len(st.Pipelines) != 2 {
		t.Fatalf("got %+v", st)
	}
	if p := st.Pipelines[0]; p.Name != "garden" || p.State != "waiting" || p.Frames != 0 || p.Picture {
		t.Errorf("the pipeline without frames is %+v", p)
	}
	p := st.Pipelines[1]
	if p.Name != "door" || p.State != "running" || p.Frames != 3 || p.Width != 320 || p.Height != 240 || !p.Picture || p.Source != "camera:0" {
		t.Errorf("got %+v", p)
	}
	if p.Device != "cpu:xnnpack" || !p.Degraded || p.Reason != "no Edge TPU found" || len(p.Models) != 1 || p.Models[0].Name != "coco" {
		t.Errorf("the device is %q, degraded %t, %q, models %+v", p.Device, p.Degraded, p.Reason, p.Models)
	}
	if p.Inference != (Times{7, 7, 7}) || p.Age.Now < 0 || p.Age.P95 < p.Age.P50 {
		t.Errorf("inference %+v, age %+v", p.Inference, p.Age)
	}
	if p.Dropped != 3 || p.Errors != 1 || p.Reopened != 2 || len(p.Events) != 1 || p.Events[0].Text != "1 person" || p.Events[0].Model != "coco" {
		t.Errorf("got %+v", p)
	}
}

func TestEvents(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	resp := client(t, s, "/events")
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("the type is %q", got)
	}
	in := bufio.NewReader(resp.Body)
	for want := range uint64(3) {
		for frames := uint64(1 << 40); frames != want; {
			event, err1 := in.ReadString('\n')
			data, err2 := in.ReadString('\n')
			empty, err3 := in.ReadString('\n')
			if err1 != nil || err2 != nil || err3 != nil || event != "event: status\n" || empty != "\n" {
				t.Fatalf("got %q %q %q (%v, %v, %v)", event, data, empty, err1, err2, err3)
			}
			var st Status
			if err := json.Unmarshal([]byte(strings.TrimPrefix(data, "data: ")), &st); err != nil {
				t.Fatal(err)
			}
			frames = st.Pipelines[0].Frames
		}
		consume(t, k, frame(t, 64, 48, 0))
	}
}

func TestRequestsThatAskForNothing(t *testing.T) {
	s := newServer(t, ServerOptions{})
	for _, path := range []string{"/snapshot.jpg", "/live", "/stream/.mjpg", "/nothing", "/page/page.js"} {
		body(t, s, path, http.StatusNotFound)
	}
	newSink(t, s, "door", SinkOptions{})
	body(t, s, "/snapshot.jpg", http.StatusServiceUnavailable)
	newSink(t, s, "garden", SinkOptions{})
	for path, want := range map[string]int{
		"/stream/door": 404, "/stream/nobody.mjpg": 404, "/live": 404, "/live?pipeline=nobody": 404, "/snapshot.jpg": 404,
		"/stream/door.mjpg?boxes=maybe": 400, "/live?pipeline=door&masks=2": 400, "/snapshot.jpg?pipeline=door&labels=no": 400,
	} {
		if text := string(body(t, s, path, want)); want == 404 && !strings.Contains(text, "door, garden") {
			t.Errorf("%s: %q does not name the pipelines", path, text)
		}
	}
}

func TestViewersAreLimited(t *testing.T) {
	s := newServer(t, ServerOptions{MaxViewers: 2})
	k := newSink(t, s, "door", SinkOptions{})
	for range 2 {
		watch(t, s, "/stream/door.mjpg")
		client(t, s, "/events")
	}
	body(t, s, "/stream/door.mjpg", http.StatusServiceUnavailable)
	body(t, s, "/events", http.StatusServiceUnavailable)
	consume(t, k, frame(t, 64, 48, 0))
	body(t, s, "/snapshot.jpg", http.StatusOK)
}

// TestAnnouncedBodiesKeepNobodyOut makes more requests whose bodies never come than the server takes connections.
func TestAnnouncedBodiesKeepNobodyOut(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	for i := range 260 {
		c, err := net.DialTimeout("tcp", s.Addr().String(), patience)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		path := []string{"/", "/events", "/stream/door.mjpg", "/nothing"}[i%4]
		if _, err := fmt.Fprintf(c, "GET %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n", path); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, s, "/stream/door.mjpg")
	consume(t, k, frame(t, 64, 48, 0))
	if _, _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	body(t, s, "/", http.StatusOK)
}

func TestPictureThatCannotBeDrawn(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	r := frame(t, 64, 48, 0)
	w := watch(t, s, "/stream/door.mjpg")
	consume(t, k, pipeline.Report{Item: grey{r.Item}, Events: r.Events})
	body(t, s, "/snapshot.jpg", http.StatusInternalServerError)
	consume(t, k, frame(t, 64, 48, 1))
	if seq, _, err := w.next(); err != nil || seq != 1 {
		t.Errorf("after a picture that cannot be drawn comes %d (%v); want 1", seq, err)
	}
	var told []string
	for _, e := range s.Status().Pipelines[0].Events {
		if e.Warning {
			told = append(told, e.Text)
		}
	}
	if len(told) != 1 || !strings.Contains(told[0], "picture") {
		t.Errorf("the events tell %q; want it once", told)
	}
}
