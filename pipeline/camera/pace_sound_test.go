package camera

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// hum is the sound of a recording: chunks of that length.
type hum struct {
	name   string
	length time.Duration
	left   int
	at     time.Duration
	pool   audio.Pool
}

func (h *hum) Next(context.Context) (*audio.Chunk, error) {
	if h.left == 0 {
		return nil, io.EOF
	}
	h.left--
	c := h.pool.Get(int(h.length.Seconds() * 16000))
	c.Samples, c.Rate = c.Samples[:cap(c.Samples)], 16000
	c.Meta().Source, c.Meta().Position = h.name, h.at
	h.at += h.length
	return c, nil
}
func (h *hum) Live() bool            { return false }
func (h *hum) Stats() pipeline.Stats { return pipeline.Stats{} }
func (h *hum) Close() error          { return nil }

// TestSoundPlaysWithItsPictures: a chunk comes when the pictures are at its end, and the rest when they have ended.
func TestSoundPlaysWithItsPictures(t *testing.T) {
	clock := clocktest.Running(time.Unix(1e9, 0))
	began := clock.Now()
	pictures := NewPaced(&clockwork{count: 3, step: 400 * time.Millisecond}, clock)
	sound := pictures.sound(&hum{name: "", length: 300 * time.Millisecond, left: 5})
	if !sound.Live() || !sound.Stats().Buffered {
		t.Error("sound that plays in real time loses some")
	}
	next := func() time.Duration {
		t.Helper()
		c, err := sound.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Release()
		if end := c.Meta().Time.Add(300 * time.Millisecond); !end.Equal(clock.Now()) {
			t.Errorf("a chunk that ends at %v comes at %v", end, clock.Now())
		}
		return clock.Now().Sub(began)
	}
	see := func() error {
		f, err := pictures.Next(t.Context())
		if err == nil {
			f.Release()
		}
		return err
	}
	if err := see(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []time.Duration{300, 600, 900} {
		if at := next(); at != want*time.Millisecond {
			t.Errorf("a chunk comes at %v; want %d ms", at, want)
		}
	}
	for range 2 {
		if err := see(); err != nil {
			t.Fatal(err)
		}
	}
	if err := see(); !errors.Is(err, io.EOF) {
		t.Fatal(err)
	}
	last := clock.Now().Sub(began)
	for range 2 {
		if at := next(); at != last {
			t.Errorf("a chunk comes at %v, after the end at %v", at, last)
		}
	}
	// A recording that the pictures have not begun is waited for, until somebody gives up.
	waiting := NewPaced(&clockwork{count: 1}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := waiting.sound(&hum{name: "other", length: time.Second, left: 1}).Next(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
	waiting.Close()
	if _, err := waiting.sound(&hum{name: "other", length: time.Second, left: 1}).Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("%v", err)
	}
}
