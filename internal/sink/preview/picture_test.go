package preview

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"corallite/internal/draw"
)

func TestPartsAreEachViewersChoice(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{Quality: 100})
	bare := newSink(t, s, "bare", SinkOptions{Quality: 100, Draw: draw.Options{Hide: draw.AllParts}})
	with, without := watch(t, s, "/stream/door.mjpg"), watch(t, s, "/stream/door.mjpg?boxes=0&labels=0&skeletons=1")
	hidden := watch(t, s, "/stream/bare.mjpg?boxes=1&labels=1")
	for _, k := range []*Sink{k, bare} {
		consume(t, k, frame(t, 320, 240, 0))
	}
	colourful := func(w *watcher) (count int) {
		t.Helper()
		_, data, err := w.next()
		if err != nil {
			t.Fatal(err)
		}
		img := decode(t, data)
		for y := range 240 {
			for x := range 320 {
				if r, g, b, _ := img.At(x, y).RGBA(); max(r, g, b)-min(r, g, b) > 60<<8 {
					count++
				}
			}
		}
		return count
	}
	if got := colourful(with); got < 300 {
		t.Errorf("only %d pixels of the annotated picture have a colour", got)
	}
	if got := colourful(without); got != 0 {
		t.Errorf("%d pixels of the plain picture have a colour", got)
	}
	if got := colourful(hidden); got != 0 {
		t.Errorf("%d pixels of a picture without any parts have a colour", got)
	}
	if got := k.encoded.Load(); got != 2 {
		t.Errorf("two ways to look at a frame were encoded %d times", got)
	}
}

func TestPicturesAreMadeSmallerAndStillsAreNot(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{Width: 320})
	consume(t, k, frame(t, 1000, 501, 0))
	_, data, err := watch(t, s, "/stream/door.mjpg").next()
	if err != nil {
		t.Fatal(err)
	}
	if b := decode(t, data).Bounds(); b.Dx() != 320 || b.Dy() != 160 {
		t.Errorf("the stream's picture has %v; want 320×160", b)
	}
	if b := decode(t, body(t, s, "/snapshot.jpg?pipeline=door", http.StatusOK)).Bounds(); b.Dx() != 1000 || b.Dy() != 501 {
		t.Errorf("the still has %v; want 1000×501", b)
	}
	resp := client(t, s, "/snapshot.jpg?download=1")
	if got := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment; filename=door-2") {
		t.Errorf("a still is downloaded as %q", got)
	}
}

func TestPause(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	resp := client(t, s, "/stream/door.mjpg")
	w := watcherOf(resp.Body)
	consume(t, k, frame(t, 320, 240, 0))
	if _, _, err := w.next(); err != nil {
		t.Fatal(err)
	}
	resp.Body.Close() // what the page does
	for deadline := time.Now().Add(patience); k.viewers.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the viewer has gone and still counts")
		}
	}
	for i := range 10 {
		consume(t, k, frame(t, 320, 240, 1+i))
	}
	if got := k.encoded.Load(); got != 1 {
		t.Errorf("%d pictures were made, all but the first for nobody", got)
	}
}

// TestWithoutLibturbojpeg encodes with OpenCV.
func TestWithoutLibturbojpeg(t *testing.T) {
	s := newServer(t, ServerOptions{})
	k := newSink(t, s, "door", SinkOptions{})
	k.render.jpeg.NoTurbo = true // it was not found
	consume(t, k, frame(t, 320, 240, 0))
	if b := decode(t, body(t, s, "/snapshot.jpg", http.StatusOK)).Bounds(); b.Dx() != 320 || b.Dy() != 240 {
		t.Errorf("the picture has %v", b)
	}
}
