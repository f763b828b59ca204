// Package servetest has what tests of the protocols of serve need: a model without a model, and a server.
package servetest

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
	"corallite/internal/web"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// Engine is an engine whose output is its input plus one, of 2x2 pixels.
type Engine struct {
	// Hold, when set, is received from in each run: closed, it lets all go on.
	Hold chan struct{}
	Runs atomic.Int64
	in   []byte
	out  []byte
	once sync.Once
}

var _ pipeline.Engine = (*Engine)(nil)

func (e *Engine) init() { e.once.Do(func() { e.in, e.out = make([]byte, 12), make([]byte, 12) }) }

// Inputs is one picture, quantized.
func (e *Engine) Inputs() []tensor.Info {
	return []tensor.Info{{Name: "picture", Type: tensor.UInt8, Shape: []int{1, 2, 2, 3}, Quantization: tensor.PerTensor(0.5, 3)}}
}

// Outputs is one tensor like the input.
func (e *Engine) Outputs() []tensor.Info {
	return []tensor.Info{{Name: "echo", Type: tensor.UInt8, Shape: []int{1, 2, 2, 3}}}
}

// Input is the input.
func (e *Engine) Input(int) tensor.Tensor {
	e.init()
	return tensor.Tensor{Info: e.Inputs()[0], Data: e.in}
}

// Output is the output.
func (e *Engine) Output(int) tensor.Tensor {
	e.init()
	return tensor.Tensor{Info: e.Outputs()[0], Data: e.out}
}

// Invoke runs once.
func (e *Engine) Invoke(context.Context) error {
	e.init()
	e.Runs.Add(1)
	if e.Hold != nil {
		<-e.Hold
	}
	for i, v := range e.in {
		e.out[i] = v + 1
	}
	return nil
}

// Device is none that there is.
func (e *Engine) Device() pipeline.Device { return pipeline.Device{Name: "cpu:made-up", Kind: "cpu"} }

// Close does nothing.
func (e *Engine) Close() error { return nil }

// Task finds the same things in every picture.
type Task struct {
	Kind  string
	Found pipeline.Result
	Names []string
}

// Name is the kind.
func (t *Task) Name() string { return t.Kind }

// Labels are the names.
func (t *Task) Labels() []string { return t.Names }

// Prepare does not look at the picture.
func (t *Task) Prepare(dst tensor.Tensor, f *vision.Frame) (pipeline.Placement, error) {
	return pipeline.Placement{ScaleX: 1, ScaleY: 1, Width: f.Width(), Height: f.Height()}, nil
}

// Decode gives what there is.
func (t *Task) Decode(pipeline.Outputs, pipeline.Placement) (pipeline.Result, error) {
	r := t.Found
	r.Detections = append(pipeline.Detections(nil), r.Detections...)
	r.Classes = append(pipeline.Classes(nil), r.Classes...)
	return r, nil
}

// Close does nothing.
func (t *Task) Close() error { return nil }

// Pets is a detector that finds a cat and a dog in everything.
func Pets(name string, engines ...pipeline.Engine) part.Served {
	if len(engines) == 0 {
		engines = []pipeline.Engine{&Engine{}}
	}
	task := &Task{Kind: "detect", Names: []string{"cat", "dog", "person"}, Found: pipeline.Result{Detections: pipeline.Detections{
		{Label: "cat", Index: 0, Score: 0.75, Box: [4]float32{1, 2, 11, 12}},
		{Label: "dog", Index: 1, Score: 0.5, Box: [4]float32{20, 20, 40, 30}},
		{Label: "cat", Index: 0, Score: 0.25, Box: [4]float32{0, 0, 40, 30}},
	}}}
	return part.Served{
		Name: name, File: name + ".tflite", Compiled: name + "_edgetpu.tflite", Task: "detect", Labels: task.Names, Threshold: 0.4, Least: 0.05, Work: task, Engines: engines, Close: func() error { return nil },
	}
}

// Hub makes a hub that ends with the test.
func Hub(tb testing.TB, o hub.Options) *hub.Hub {
	tb.Helper()
	h, err := hub.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for range 2 {
			if err := h.Close(); err != nil {
				tb.Error(err)
			}
		}
	})
	return h
}

// JPEG is a bluish picture.
func JPEG(tb testing.TB, width, height int) []byte {
	tb.Helper()
	return Colour(tb, width, height, 90, 120, 200)
}

// Colour is a picture of one colour, as a JPEG.
func Colour(tb testing.TB, width, height int, r, g, b uint8) []byte {
	tb.Helper()
	m := image.NewRGBA(image.Rect(0, 0, width, height))
	for y := range height {
		for x := range width {
			m.SetRGBA(x, y, color.RGBA{r, g, b, 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, m, nil); err != nil {
		tb.Fatal(err)
	}
	return out.Bytes()
}

// Serve serves routes, and gives the address without a slash at its end. token "": none is needed.
func Serve(tb testing.TB, token string, routes func(s *web.Server) []hub.Route) string {
	tb.Helper()
	s, err := web.New(web.Options{Listen: "127.0.0.1:0", Token: token})
	if err != nil {
		tb.Fatal(err)
	}
	for _, r := range routes(s) {
		s.HandleOwn(r.Pattern, r.Guarded(s), r.Methods...)
	}
	s.Start()
	tb.Cleanup(func() { s.Close() })
	return "http://" + s.Addr().String()
}

// Post sends a body and gives the answer.
func Post(tb testing.TB, address, contentType string, body []byte, header ...string) (int, []byte, http.Header) {
	tb.Helper()
	r, err := http.NewRequest(http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	r.Header.Set("Content-Type", contentType)
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	return do(tb, r)
}

// Get asks for an address.
func Get(tb testing.TB, address string) (int, []byte, http.Header) {
	tb.Helper()
	r, err := http.NewRequest(http.MethodGet, address, nil)
	if err != nil {
		tb.Fatal(err)
	}
	return do(tb, r)
}

func do(tb testing.TB, r *http.Request) (int, []byte, http.Header) {
	tb.Helper()
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, data, resp.Header
}

// Request is a request with a body, without a server.
func Request(contentType string, body []byte) *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body))
	r.Header.Set("Content-Type", contentType)
	return r
}

// Logger writes to the test's log.
func Logger(tb testing.TB) *slog.Logger {
	return slog.New(slog.NewTextHandler(tb.Output(), nil))
}
