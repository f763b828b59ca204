package hub_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"mime/multipart"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
	"corallite/pipeline"
)

// status is that of an error; 0: it is none.
func status(err error) int {
	if err == nil {
		return 0
	}
	return hub.AsError(err).Status
}

func begin(t testing.TB, h *hub.Hub) *hub.Job {
	t.Helper()
	j, err := h.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func detect(j *hub.Job, data []byte, w hub.Want) (pipeline.Event, error) {
	m := j.Hub().Models()[0]
	p, err := j.Picture(data, m)
	if err != nil {
		return pipeline.Event{}, err
	}
	return j.Run(m, p, w)
}

func TestRun(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	picture := servetest.JPEG(t, 64, 48)
	number := func(x float64) *float64 { return &x }
	count := func(n int) *int { return &n }
	for name, c := range map[string]struct {
		want hub.Want
		get  string
	}{
		"as configured": {hub.Want{}, "cat dog"},
		"lower":         {hub.Want{Threshold: number(0)}, "cat dog cat"},
		"higher":        {hub.Want{Threshold: number(0.6)}, "cat"},
		"none":          {hub.Want{Threshold: number(1)}, ""},
		"the best":      {hub.Want{Threshold: number(0), Max: count(2)}, "cat dog"},
		"one label":     {hub.Want{Keep: func(l string) bool { return l == "dog" }}, "dog"},
	} {
		j := begin(t, h)
		e, err := detect(j, picture, c.want)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		j.End()
		var labels []string
		for _, d := range e.Detections {
			labels = append(labels, d.Label)
		}
		if got := strings.Join(labels, " "); got != c.get || e.Detections == nil {
			t.Errorf("%s: got %q; want %q", name, got, c.get)
		}
		if e.Model != "pets" || e.Task != "detect" || e.Device != "cpu:made-up" || e.Pipeline != "serve" || e.Latency.Total <= 0 {
			t.Errorf("%s: %+v", name, e)
		}
	}
}

// TestFullQueue has more requests than places.
func TestFullQueue(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}, Queue: 2})
	picture := servetest.JPEG(t, 16, 16)
	enter := func() (*hub.Job, error) {
		j := begin(t, h)
		_, err := j.WholePicture(picture)
		return j, err
	}
	for range 10 {
		defer begin(t, h).End() // they are sending, and keep nobody out
	}
	a, err := enter()
	if err != nil {
		t.Fatal(err)
	}
	b, err := enter()
	if err != nil {
		t.Fatal(err)
	}
	c, err := enter()
	if status(err) != http.StatusServiceUnavailable || hub.AsError(err).RetryAfter() < 1 {
		t.Errorf("a third request of two: %v", err)
	}
	c.End()
	a.End()
	d, err := enter()
	if err != nil {
		t.Error(err)
	}
	b.End()
	d.End()
}

// TestTooLate has an engine that does not end: who waits for it is refused at the deadline.
func TestTooLate(t *testing.T) {
	e := &servetest.Engine{Hold: make(chan struct{})}
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets", e)}, Timeout: 50 * time.Millisecond})
	picture := servetest.JPEG(t, 16, 16)
	var first sync.WaitGroup
	first.Go(func() {
		j := begin(t, h)
		defer j.End()
		if _, err := detect(j, picture, hub.Want{}); err != nil {
			t.Error(err) // a run that began goes on
		}
	})
	for deadline := time.Now().Add(time.Minute); e.Runs.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the first request does not run")
		}
	}
	j := begin(t, h)
	if _, err := detect(j, picture, hub.Want{}); status(err) != http.StatusServiceUnavailable {
		t.Errorf("a request that waits too long: %v", err)
	}
	j.End()
	close(e.Hold)
	first.Wait()
}

// TestRefusedAtOnce has a model that is known to be slow, and taken: a request that it could not answer in time does not wait.
func TestRefusedAtOnce(t *testing.T) {
	e := &servetest.Engine{Hold: make(chan struct{}, 1)}
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets", e)}, Timeout: 400 * time.Millisecond})
	picture := servetest.JPEG(t, 16, 16)
	run := func() error {
		j := begin(t, h)
		defer j.End()
		_, err := detect(j, picture, hub.Want{})
		return err
	}
	time.AfterFunc(time.Second, func() { e.Hold <- struct{}{} }) // the model takes a second
	if err := run(); err != nil {
		t.Fatal(err)
	}
	var first sync.WaitGroup
	first.Go(func() {
		if err := run(); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(time.Minute); e.Runs.Load() < 2; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the request does not run")
		}
	}
	err := run()
	if status(err) != http.StatusServiceUnavailable || !strings.Contains(err.Error(), "would wait") {
		t.Errorf("got %v", err)
	}
	close(e.Hold)
	first.Wait()
}

// TestClientGone has a client that goes away while it waits.
func TestClientGone(t *testing.T) {
	e := &servetest.Engine{Hold: make(chan struct{})}
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets", e)}})
	picture := servetest.JPEG(t, 16, 16)
	var all sync.WaitGroup
	all.Go(func() {
		j := begin(t, h)
		defer j.End()
		if _, err := detect(j, picture, hub.Want{}); err != nil {
			t.Error(err)
		}
	})
	for deadline := time.Now().Add(time.Minute); e.Runs.Load() == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the first request does not run")
		}
	}
	ctx, gone := context.WithCancel(context.Background())
	j, err := h.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(10*time.Millisecond, gone)
	if _, err := detect(j, picture, hub.Want{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	j.End()
	close(e.Hold)
	all.Wait()
}

// png is the header of a PNG, and nothing behind it.
func png(width, height uint32) []byte {
	chunk := binary.BigEndian.AppendUint32([]byte("IHDR"), width)
	chunk = append(binary.BigEndian.AppendUint32(chunk, height), 8, 2, 0, 0, 0)
	b := append([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0d"), chunk...)
	return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(chunk))
}

func TestBadPictures(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	whole := servetest.JPEG(t, 640, 480)
	for name, c := range map[string]struct {
		data   []byte
		status int
	}{
		"empty":          {nil, 400},
		"ten bytes":      {[]byte("0123456789"), 400},
		"text":           {[]byte(strings.Repeat("no picture ", 1000)), 400},
		"a JPEG's start": {whole[:10], 400},
		"half a JPEG":    {whole[:len(whole)/2], 400},
		"no pixels":      {png(100, 100), 400},
		"too large":      {png(20000, 20000), 413},
		"much too large": {png(1<<31-1, 1<<31-1), 413},
		"a line":         {png(99_000_000, 1), 400},
	} {
		j := begin(t, h)
		if _, err := detect(j, c.data, hub.Want{}); status(err) != c.status {
			t.Errorf("%s: %v; want status %d", name, err, c.status)
		}
		if _, err := detect(j, whole, hub.Want{}); err != nil {
			t.Errorf("a good picture after %s: %v", name, err)
		}
		j.End()
	}
}

func TestBodies(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}, MaxBody: 100_000})
	for name, c := range map[string]struct {
		size, announced int
		status          int
	}{
		"small": {10, 10, 0}, "empty": {0, 0, 0}, "the largest": {100_000, 100_000, 0}, "not announced": {90_000, -1, 0},
		"announced too large": {1, 1 << 40, 413}, "too large": {100_001, -1, 413}, "more than announced": {30_000, 5, 0},
	} {
		j := begin(t, h)
		r := servetest.Request("", bytes.Repeat([]byte("x"), c.size))
		r.ContentLength = int64(c.announced)
		data, err := j.Body(r)
		if status(err) != c.status || err == nil && len(data) != c.size {
			t.Errorf("%s: %d bytes, %v; want status %d", name, len(data), err, c.status)
		}
		j.End()
	}
}

func form(t testing.TB, do func(w *multipart.Writer)) (string, []byte) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	do(w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.FormDataContentType(), b.Bytes()
}

func TestForms(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}, MaxBody: 1 << 20})
	kind, body := form(t, func(w *multipart.Writer) {
		w.WriteField("min_confidence", "0.4")
		w.WriteField("min_confidence", "0.5")
		f, _ := w.CreateFormFile("image", "cat.jpg")
		f.Write([]byte("picture"))
	})
	j := begin(t, h)
	defer j.End()
	f, err := j.ParseForm(kind, body)
	if err != nil || f.Values["min_confidence"] != "0.4" || len(f.Files) != 1 {
		t.Fatalf("%+v, %v", f, err)
	}
	if file, ok := f.File("image"); !ok || file.Name != "cat.jpg" || string(file.Data) != "picture" {
		t.Errorf("%+v", file)
	}
	many, manyBody := form(t, func(w *multipart.Writer) {
		for range 65 {
			w.WriteField("x", "1")
		}
	})
	long, longBody := form(t, func(w *multipart.Writer) { w.WriteField("x", strings.Repeat("y", 70_000)) })
	for name, c := range map[string]struct {
		kind string
		body []byte
	}{
		"no type": {"", body}, "another type": {"text/plain", body}, "no boundary": {"multipart/form-data", body},
		"no end": {kind, body[:len(body)-40]}, "an endless header": {kind, append([]byte("--"+kind[30:]+"\r\nX: "), bytes.Repeat([]byte("y"), 500_000)...)},
		"many parts": {many, manyBody}, "a long field": {long, longBody},
	} {
		if _, err := j.ParseForm(c.kind, c.body); status(err) != 400 {
			t.Errorf("%s: %v", name, err)
		}
	}
	if f, err := j.ParseForm("application/x-www-form-urlencoded", []byte("userid=ada&x=1")); err != nil || f.Values["userid"] != "ada" {
		t.Errorf("%+v, %v", f, err)
	}
	if _, err := j.ParseForm("", nil); err != nil {
		t.Errorf("an empty form: %v", err)
	}
}

func TestModels(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets"), servetest.Pets("faces")}})
	if m, err := h.For("detect", ""); err != nil || m.Name != "pets" {
		t.Errorf("%v, %v", m, err)
	}
	for _, c := range [][3]string{{"detect", "pest", "did you mean"}, {"detect", "x1y2z3", "pets, faces"}, {"classify", "", "no model for classify"}, {"classify", "pets", "is a model for detect"}} {
		if _, err := h.For(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[2]) {
			t.Errorf("%q: %v", c, err)
		}
	}
	m := h.Models()[0]
	if err := m.HasLabel("cta"); err == nil || !strings.Contains(err.Error(), `did you mean "cat"`) {
		t.Errorf("%v", err)
	}
}

// TestSlowSubscriber gets the newest events, and is told how many it has missed.
func TestSlowSubscriber(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	s := h.Subscribe()
	defer s.Close()
	for i := range 1000 {
		h.Publish(pipeline.Event{Seq: uint64(i)})
	}
	first := (<-s.Events()).Seq
	if first != s.Lost() || first < 900 {
		t.Errorf("the first event is number %d, and %d are said to be lost", first, s.Lost())
	}
}

func TestClosed(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Begin(context.Background()); status(err) != http.StatusServiceUnavailable {
		t.Errorf("%v", err)
	}
	if _, err := hub.New(hub.Options{}); err == nil {
		t.Error("a hub without models")
	}
}

func FuzzForm(f *testing.F) {
	kind, body := form(f, func(w *multipart.Writer) {
		w.WriteField("min_confidence", "0.4")
		p, _ := w.CreateFormFile("image", "x")
		p.Write([]byte("picture"))
	})
	f.Add(kind, body)
	f.Add("application/x-www-form-urlencoded", []byte("a=b&c=%ff"))
	h := servetest.Hub(f, hub.Options{Models: []part.Served{servetest.Pets("pets")}, MaxBody: 1 << 16})
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		j := begin(t, h)
		defer j.End()
		got, err := j.ParseForm(kind, body)
		if err != nil && status(err) != 400 && status(err) != 413 {
			t.Fatal(err)
		}
		total := 0
		for _, file := range got.Files {
			total += len(file.Data)
		}
		if total > len(body) {
			t.Fatalf("files of %d bytes in %d", total, len(body))
		}
	})
}
