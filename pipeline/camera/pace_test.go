package camera

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"corallite/internal/clock/clocktest"
	"corallite/internal/pipetest"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

func TestPacedPlaysAtTheRecordingsPace(t *testing.T) {
	clock := clocktest.Running(time.Unix(1e9, 0))
	began := clock.Now()
	source := NewPaced(&clockwork{count: 6, step: 200 * time.Millisecond}, clock)
	if !source.Live() {
		t.Error("models that are slow hold the recording back")
	}
	for i, late := range []time.Duration{0, 0, 150 * time.Millisecond, 0, 3 * time.Second, 0} {
		clock.Advance(late) // the models took so long
		f, err := source.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if want := []time.Duration{0, 200, 400, 600, 3600, 3800}[i] * time.Millisecond; f.Meta().Time.Sub(began) != want {
			t.Errorf("frame %d comes at %v; want %v", i, f.Meta().Time.Sub(began), want)
		}
		f.Release()
	}
	if _, err := source.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("at the end: %v", err)
	}
	if err := source.Close(); err != nil {
		t.Error(err)
	}
}

// TestPacedStartsAnew plays one recording after another: each begins when it begins.
func TestPacedStartsAnew(t *testing.T) {
	clock := clocktest.Running(time.Unix(1e9, 0))
	began, inner := clock.Now(), &clockwork{count: 3, step: time.Second}
	source := NewPaced(inner, clock)
	var at []time.Duration
	for i := range 6 {
		if i == 3 {
			inner.next = 0
		}
		f, err := source.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, f.Meta().Time.Sub(began))
		f.Release()
	}
	for i, want := range []time.Duration{0, 1, 2, 2, 3, 4} {
		if at[i] != want*time.Second {
			t.Errorf("frame %d comes at %v; want %d s", i, at[i], want)
		}
	}
}

func TestPacedWaitEnds(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	for name, c := range map[string]struct {
		end  func(*Paced)
		want error
	}{
		"its context ends": {func(*Paced) { cancel() }, context.Canceled},
		"it is closed":     {func(p *Paced) { p.Close() }, ErrClosed},
	} {
		source := NewPaced(&clockwork{count: 2, step: time.Hour}, nil)
		f, err := source.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		f.Release()
		got := make(chan error)
		go func() {
			_, err := source.Next(ctx)
			got <- err
		}()
		c.end(source)
		if err := <-got; !errors.Is(err, c.want) {
			t.Errorf("%s: %v", name, err)
		}
		source.Close()
		ctx, cancel = context.WithCancel(context.Background())
	}
	cancel()
}

func TestPacedIsASource(t *testing.T) {
	path := shortVideo(t, t.TempDir())
	files, err := NewFiles(path)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := take(t, files)
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	pipetest.TestSource(t, pipetest.SourceCase[*vision.Frame]{
		Items: len(got),
		Open: func() (pipeline.Source[*vision.Frame], error) {
			f, err := NewFiles(path)
			if err != nil {
				return nil, err
			}
			return NewPaced(f, clocktest.Running(time.Unix(1e9, 0))), nil
		},
	})
}
