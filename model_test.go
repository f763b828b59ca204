package corallite_test

import (
	"context"
	"encoding/binary"
	"errors"
	"image"
	"image/color"
	_ "image/jpeg"
	"log/slog"
	"os"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"corallite"
	"corallite/internal/testdata"
	"corallite/pipeline"
)

// small is a classifier that takes little time.
const small = "models/mobilenet_v1_0.25_128_quant.tflite"

// open opens a model that is closed when the test ends.
func open(t *testing.T, path string, o corallite.Options) *corallite.Model {
	t.Helper()
	if strings.HasSuffix(path, ".tflite") {
		testdata.Path(t, path)
	}
	o.Logger = slog.New(slog.DiscardHandler)
	m, err := corallite.Open(t.Context(), path, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func decode(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(testdata.Path(t, path))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	picture, _, err := image.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// TestPixels: a picture gives the same result however it lies in memory.
func TestPixels(t *testing.T) {
	m := open(t, small, corallite.Options{Task: corallite.Classify, MaxResults: 3})
	picture := decode(t, "images/hot_dog.jpg")
	b := picture.Bounds()
	nrgba, rgba, paletted := image.NewNRGBA(b), image.NewRGBA(b), image.NewNRGBA64(b)
	pixels := map[corallite.Layout]*corallite.Pixels{}
	for layout, size := range map[corallite.Layout]int{corallite.RGB: 3, corallite.BGR: 3, corallite.RGBA: 4, corallite.BGRA: 4} {
		stride := b.Dx()*size + 5
		pixels[layout] = &corallite.Pixels{Pix: make([]byte, stride*b.Dy()), Width: b.Dx(), Height: b.Dy(), Stride: stride, Layout: layout}
	}
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := color.NRGBAModel.Convert(picture.At(x, y)).(color.NRGBA)
			rgba.Set(x, y, c)
			paletted.Set(x, y, c)
			c.A = 128 // which changes nothing
			nrgba.SetNRGBA(x, y, c)
			for layout, p := range pixels {
				i := y*p.Stride + x*map[bool]int{true: 4, false: 3}[layout == corallite.RGBA || layout == corallite.BGRA]
				at := p.Pix[i : i+3]
				if at[1] = c.G; layout == corallite.RGB || layout == corallite.RGBA {
					at[0], at[2] = c.R, c.B
				} else {
					at[0], at[2] = c.B, c.R
				}
			}
		}
	}
	want, err := m.Classify(t.Context(), picture)
	if err != nil || len(want) != 3 {
		t.Fatal(want, err)
	}
	for name, p := range map[string]image.Image{
		"NRGBA": nrgba, "RGBA": rgba, "NRGBA64": paletted, "Pixels RGB": pixels[corallite.RGB], "Pixels BGR": pixels[corallite.BGR],
		"Pixels RGBA": pixels[corallite.RGBA], "Pixels BGRA": pixels[corallite.BGRA], "Pixels as any image": hidden{pixels[corallite.BGR]},
	} {
		if got, err := m.Classify(t.Context(), p); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, want)
		}
	}
	gray := image.NewGray(image.Rect(0, 0, 20, 10))
	for i := range gray.Pix {
		gray.Pix[i] = byte(i)
	}
	want, err = m.Classify(t.Context(), gray)
	if err != nil {
		t.Fatal(err)
	}
	raw := &corallite.Pixels{Pix: gray.Pix, Width: 20, Height: 10, Layout: corallite.Gray}
	if got, err := m.Classify(t.Context(), raw); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("gray: %v, %v; want %v", got, err, want)
	}
}

// hidden is an image that nobody knows the type of.
type hidden struct{ image.Image }

func TestWrongPixels(t *testing.T) {
	m := open(t, small, corallite.Options{Task: corallite.Classify})
	for want, p := range map[string]image.Image{
		"the picture is nil":           nil,
		"invalid layout 9":             &corallite.Pixels{Pix: make([]byte, 12), Width: 2, Height: 2, Layout: 9},
		"invalid size 0x2":             &corallite.Pixels{Width: 0, Height: 2},
		"invalid stride 5: a row of 2": &corallite.Pixels{Pix: make([]byte, 12), Width: 2, Height: 2, Stride: 5},
		"11 bytes are too few for 2x2": &corallite.Pixels{Pix: make([]byte, 11), Width: 2, Height: 2},
		"1073741824x1073741824 pixels": &corallite.Pixels{Pix: make([]byte, 11), Width: 1 << 30, Height: 1 << 30},
		"invalid picture size 0x0":     image.NewRGBA(image.Rectangle{}),
	} {
		if _, err := m.Classify(t.Context(), p); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestWrongMethod: the error names the method for the model's task.
func TestWrongMethod(t *testing.T) {
	m := open(t, small, corallite.Options{Task: corallite.Classify})
	picture := image.NewGray(image.Rect(0, 0, 8, 8))
	const want = "corallite: mobilenet_v1_0.25_128_quant is a model for classify: call Classify, not "
	for method, call := range map[string]func() error{
		"Detect":  func() error { _, err := m.Detect(t.Context(), picture); return err },
		"Segment": func() error { _, err := m.Segment(t.Context(), picture); return err },
		"Pose":    func() error { _, err := m.Pose(t.Context(), picture); return err },
		"Embed":   func() error { _, err := m.Embed(t.Context(), picture); return err },
		"Listen":  func() error { _, err := m.Listen(t.Context(), nil, 16000); return err },
	} {
		if err := call(); err == nil || err.Error() != want+method {
			t.Errorf("%v, want %s", err, want+method)
		}
	}
	for e, err := range m.Events(t.Context(), corallite.Microphone("default")) {
		if err == nil || !strings.Contains(err.Error(), "the source must give pictures, not sound") {
			t.Errorf("%v, %v", e, err)
		}
	}
}

func TestOpenErrors(t *testing.T) {
	testdata.Path(t, small)
	for _, c := range []struct {
		path string
		o    corallite.Options
		want string
	}{
		{"models/split_concat.tflite", corallite.Options{}, "set Options.Task to what it does"},
		{small, corallite.Options{Task: "fly"}, "task: fly is not a possible value"},
		{small, corallite.Options{Task: corallite.Classify, LabelsFile: "none.txt"}, "labels: none.txt: no such file"},
		{small, corallite.Options{Task: corallite.Classify, Delegate: "gpu"}, "gpu"},
		{"absent.tflite", corallite.Options{}, "absent.tflite"},
		{"alexa", corallite.Options{Task: corallite.Detect}, "alexa"},
	} {
		m, err := corallite.Open(t.Context(), c.path, c.o)
		if err == nil {
			m.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), "corallite: open "+c.path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.path, err, c.want)
		}
	}
}

// TestClose: closing twice is safe, a closed model says so, and nothing is left behind.
func TestClose(t *testing.T) {
	open(t, small, corallite.Options{Task: corallite.Classify}).Close() // what is made once a process is made now
	before := runtime.NumGoroutine()
	m := open(t, small, corallite.Options{Task: corallite.Classify})
	const video = "video/vtest.avi"
	testdata.Path(t, video)
	source := corallite.Video(video)
	count := 0
	for e, err := range m.Events(t.Context(), source) {
		if err != nil || e.Model != "mobilenet_v1_0.25_128_quant" || len(e.Classes) == 0 {
			t.Fatalf("%+v, %v", e, err)
		}
		if _, err := m.Classify(t.Context(), image.NewGray(image.Rect(0, 0, 8, 8))); err == nil || !strings.Contains(err.Error(), "in use by Events") {
			t.Errorf("Classify meanwhile: %v", err)
		}
		if count++; count == 3 {
			break
		}
	}
	if _, err := m.Classify(t.Context(), image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Errorf("after the loop was left: %v", err)
	}
	count = 0
	for _, err := range m.Events(t.Context(), source) {
		if count++; count == 2 {
			if err := errors.Join(err, m.Close(), m.Close()); err != nil {
				t.Error(err)
			}
		}
		if count > 3 { // one may have been on its way
			t.Fatal("Close did not end the events")
		}
	}
	if _, err := m.Classify(t.Context(), image.NewGray(image.Rect(0, 0, 8, 8))); !errors.Is(err, corallite.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	for wait := time.Millisecond; runtime.NumGoroutine() > before; wait *= 2 {
		if wait > 5*time.Second {
			buf := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d before:\n%s", runtime.NumGoroutine(), before, buf[:runtime.Stack(buf, true)])
		}
		time.Sleep(wait)
	}
}

// TestEventsGoOn: a file that cannot be read is an error between the events.
func TestEventsGoOn(t *testing.T) {
	bad := t.TempDir() + "/bad.jpg"
	if err := os.WriteFile(bad, []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	m := open(t, small, corallite.Options{Task: corallite.Classify, MaxResults: 1})
	var got []string
	for e, err := range m.Events(t.Context(), corallite.Images("images/face.jpg", bad, "images/hot_dog.jpg")) {
		if err != nil {
			got = append(got, "error")
			if !strings.Contains(err.Error(), bad) {
				t.Error(err)
			}
			continue
		}
		got = append(got, e.Source)
	}
	if len(got) != 3 || !strings.Contains(strings.Join(got, " "), "images/hot_dog.jpg") || !strings.Contains(strings.Join(got, " "), "error") {
		t.Errorf("%q", got)
	}
}

// TestListen finds words in samples that the program has, and remembers nothing of the call before.
func TestListen(t *testing.T) {
	wav, err := os.ReadFile(testdata.Path(t, "speech/digits/7_george_0.wav"))
	if err != nil {
		t.Fatal(err)
	}
	samples := make([]float32, 0, len(wav)/2)
	for i := 44; i+1 < len(wav); i += 2 {
		samples = append(samples, float32(int16(binary.LittleEndian.Uint16(wav[i:])))/32768)
	}
	m := open(t, "digits", corallite.Options{})
	for range 2 {
		words, err := m.Listen(t.Context(), samples, 8000)
		if err != nil {
			t.Fatal(err)
		}
		if len(words) != 1 || words[0].Label != "seven" {
			t.Errorf("%+v", words)
		}
	}
	if _, err := m.Listen(t.Context(), samples, 5); err == nil || !strings.Contains(err.Error(), "corallite: digits: ") {
		t.Errorf("a rate of 5: %v", err)
	}
}

// TestRunSinks: a sink for a pipeline that is not there is an error, and every sink is closed, whatever happens.
func TestRunSinks(t *testing.T) {
	closed := 0
	sinks := map[string][]pipeline.NamedSink{"nowhere": {{Name: "mine", Sink: closing{&closed}}}}
	_, err := corallite.Run(t.Context(), &corallite.Config{}, corallite.RunOptions{Sinks: sinks})
	if err == nil || !strings.Contains(err.Error(), `sinks for pipeline "nowhere"`) || closed != 1 {
		t.Errorf("%v, closed %d times", err, closed)
	}
	_, err = corallite.RunFiles(t.Context(), []string{"absent.yaml"}, corallite.RunOptions{Sinks: sinks})
	if err == nil || closed != 2 {
		t.Errorf("%v, closed %d times", err, closed)
	}
}

type closing struct{ times *int }

func (c closing) Consume(context.Context, pipeline.Report) error { return nil }
func (c closing) Lossless() bool                                 { return false }
func (c closing) Close() error                                   { *c.times++; return nil }
