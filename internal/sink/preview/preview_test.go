package preview

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/internal/httpserver/servertest"
	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is a limit that only a hanging test reaches.
const patience = time.Minute

// newServer is a started server on a free port of the loopback interface.
func newServer(tb testing.TB, o ServerOptions) *Server {
	tb.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	s, err := NewServer(o)
	return servertest.Start(tb, s, err)
}

// newSink is a sink that draws every frame however fast they come, unless o says otherwise.
func newSink(tb testing.TB, s *Server, name string, o SinkOptions) *Sink {
	tb.Helper()
	if o.FPS == 0 {
		o.FPS = 1000
	}
	k, err := s.Sink(name, o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for range 2 {
			if err := k.Close(); err != nil {
				tb.Error(err)
			}
		}
	})
	return k
}

func fontOf(path string) draw.Options { return draw.Options{Font: path} }

// person is the detection in the tests' reports.
var person = pipeline.Detection{Label: "person", Score: 0.81, Box: [4]float32{40, 50, 120, 110}}

// frame is a report on a grey frame; the caller releases the item.
func frame(tb testing.TB, width, height, n int) pipeline.Report {
	tb.Helper()
	return report(tb, gocv.NewMatWithSizeFromScalar(gocv.NewScalar(90, 90, 90, 0), height, width, gocv.MatTypeCV8UC3), n)
}

func report(tb testing.TB, mat gocv.Mat, n int) pipeline.Report {
	tb.Helper()
	f, err := vision.NewFrame(mat)
	if err != nil {
		tb.Fatal(err)
	}
	*f.Meta() = pipeline.Meta{Time: time.Now(), Source: "camera:0", Seq: uint64(n)}
	return pipeline.Report{Item: f, Events: []pipeline.Event{{
		Source: "camera:0", Seq: uint64(n), Model: "coco", Task: "detect", Device: "cpu:xnnpack", Degraded: true,
		Reason: "no Edge TPU found", Latency: pipeline.Latency{Invoke: 7 * time.Millisecond},
		Result: pipeline.Result{Detections: []pipeline.Detection{person}},
	}}}
}

func consume(tb testing.TB, k *Sink, r pipeline.Report) {
	tb.Helper()
	defer r.Item.Release()
	if err := k.Consume(context.Background(), r); err != nil {
		tb.Fatal(err)
	}
}

// client makes a request; the body is closed with the test. Connections are not kept, so that none outlives it.
func client(tb testing.TB, s *Server, path string, change ...func(*http.Request)) *http.Response {
	tb.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	tb.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.Addr().String()+path, nil)
	if err != nil {
		tb.Fatal(err)
	}
	for _, c := range change {
		c(r)
	}
	transport := &http.Transport{DisableKeepAlives: true}
	resp, err := transport.RoundTrip(r)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { resp.Body.Close() })
	return resp
}

// body returns the body of a response, which must have that status.
func body(tb testing.TB, s *Server, path string, want int) []byte {
	tb.Helper()
	resp := client(tb, s, path)
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	if resp.StatusCode != want {
		tb.Fatalf("%s: %s %s; want %d", path, resp.Status, data, want)
	}
	return data
}

// watcher reads a stream of pictures (multipart/x-mixed-replace).
type watcher struct {
	in *bufio.Reader
}

func watch(tb testing.TB, s *Server, path string) *watcher {
	tb.Helper()
	resp := client(tb, s, path)
	if resp.StatusCode != http.StatusOK {
		tb.Fatalf("%s: %s", path, resp.Status)
	}
	return watcherOf(resp.Body)
}

func watcherOf(body io.Reader) *watcher { return &watcher{bufio.NewReader(body)} }

// next reads a part of a multipart stream: the frame's number and its JPEG.
func (w *watcher) next() (seq int, jpeg []byte, err error) {
	length := -1
	for {
		line, err := w.in.ReadString('\n')
		if err != nil {
			return 0, nil, err
		}
		line = strings.TrimRight(line, "\r\n")
		fmt.Sscanf(line, "Content-Length: %d", &length)
		fmt.Sscanf(line, "X-Seq: %d", &seq)
		if line == "" && length >= 0 {
			break
		}
	}
	jpeg = make([]byte, length)
	_, err = io.ReadFull(w.in, jpeg)
	return seq, jpeg, err
}

// until reads up to frame seq or a later one.
func (w *watcher) until(seq int) ([]byte, error) {
	for {
		got, data, err := w.next()
		if err != nil || got >= seq {
			return data, err
		}
	}
}

func decode(tb testing.TB, data []byte) image.Image {
	tb.Helper()
	img, err := jpeg.Decode(bytes.NewReader(data))
	if err != nil {
		tb.Fatal(err)
	}
	return img
}

func TestSinkKeepsTheContract(t *testing.T) {
	s := newServer(t, ServerOptions{})
	n := 0
	open := func() (pipeline.Sink, error) {
		n++
		return s.Sink(fmt.Sprint("door", n), SinkOptions{})
	}
	fakes := &pipetest.Items{}
	for name, make := range map[string]func(n int) pipeline.Report{
		"items without a picture": nil,
		"frames": func(n int) pipeline.Report {
			r := frame(t, 160, 120, n)
			fake := pipetest.FakeReport(fakes, n)
			r.Events = fake.Events
			fake.Item.Release()
			return r
		},
	} {
		t.Run(name, func(t *testing.T) { pipetest.TestSink(t, pipetest.SinkCase{Open: open, Report: make}) })
	}
}

func TestTwentyViewersEncodeAFrameOnce(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	var viewers []*watcher
	for range 20 {
		viewers = append(viewers, watch(t, s, "/stream/door.mjpg"))
	}
	const frames = 30
	for i := range frames {
		consume(t, k, frame(t, 320, 240, i))
		var all sync.WaitGroup
		first := make([][]byte, len(viewers))
		for v, w := range viewers {
			all.Add(1)
			go func() {
				defer all.Done()
				seq, data, err := w.next()
				if err != nil || seq != i {
					t.Errorf("viewer %d got frame %d instead of %d (%v)", v, seq, i, err)
				}
				first[v] = data
			}()
		}
		all.Wait()
		if t.Failed() {
			return
		}
		for v := range viewers {
			if !bytes.Equal(first[v], first[0]) {
				t.Fatalf("frame %d: viewers 0 and %d have other bytes", i, v)
			}
		}
	}
	if got := k.encoded.Load(); got != frames {
		t.Errorf("%d frames were encoded %d times for 20 viewers", frames, got)
	}
}

func TestNobodyLooksNothingIsEncoded(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	for i := range 10 {
		consume(t, k, frame(t, 320, 240, i))
	}
	if got := k.encoded.Load(); got != 0 {
		t.Errorf("%d pictures were made for nobody", got)
	}
	for range 3 {
		body(t, s, "/snapshot.jpg", http.StatusOK)
	}
	if got := k.encoded.Load(); got != 1 {
		t.Errorf("three stills of one frame were made %d times", got)
	}
	w := watch(t, s, "/stream/door.mjpg") // who comes late sees the last frame at once
	if seq, _, err := w.next(); err != nil || seq != 9 {
		t.Errorf("a new viewer sees frame %d (%v); want 9", seq, err)
	}
}

// TestStalledViewer has a viewer that reads nothing. Neither Consume nor another viewer waits for it.
func TestStalledViewer(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{Quality: 100})
	noise := gocv.NewMatWithSize(720, 1280, gocv.MatTypeCV8UC3)
	gocv.RandU(&noise, gocv.NewScalar(0, 0, 0, 0), gocv.NewScalar(255, 255, 255, 0))
	defer noise.Close()
	client(t, s, "/stream/door.mjpg") // never read
	good := watch(t, s, "/stream/door.mjpg")
	const frames = 40 // of more than 1 MB: far more than the kernel keeps for a connection
	for i := range frames {
		consume(t, k, report(t, noise.Clone(), i))
		if _, err := good.until(i); err != nil {
			t.Fatalf("frame %d: %v", i, err)
		}
	}
	if got := k.encoded.Load(); got > frames {
		t.Errorf("%d frames were encoded %d times", frames, got)
	}
}

func TestCloseWithViewers(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{Quality: 100})
	client(t, s, "/stream/door.mjpg") // takes nothing
	paths := []string{"/stream/door.mjpg", "/live?pipeline=door", "/events"}
	var bodies []io.Reader
	for _, p := range paths {
		bodies = append(bodies, client(t, s, p).Body)
	}
	for i := range 30 {
		consume(t, k, frame(t, 1280, 720, i))
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for i, b := range bodies {
		if _, err := io.Copy(io.Discard, b); err != nil && err != io.ErrUnexpectedEOF {
			t.Logf("%s ended with %v", paths[i], err) // cut off; that it ends is what counts
		}
	}
	consume(t, k, frame(t, 320, 240, 99)) // the pipeline goes on
}

func TestSinkEndsItsStreams(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	w := watch(t, s, "/stream/door.mjpg")
	consume(t, k, frame(t, 320, 240, 0))
	if _, _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(io.Discard, w.in); err != nil {
		t.Errorf("the stream ended with %v", err)
	}
	if st := s.Status().Pipelines[0]; st.State != "ended" || st.FPS != 0 {
		t.Errorf("the pipeline's state is %q with %g frames per second", st.State, st.FPS)
	}
	if again := newSink(t, s, "door", SinkOptions{}); s.find("door") != again {
		t.Error("a pipeline that is run again does not take its place")
	}
}
