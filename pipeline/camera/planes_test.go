package camera

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"corallite/internal/yuv"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// watched is a source that remembers its frames, which it keeps until the test has looked at them.
type watched struct {
	pipeline.Source[*vision.Frame]
	frames []*vision.Frame
}

func (w *watched) Next(ctx context.Context) (*vision.Frame, error) {
	f, err := w.Source.Next(ctx)
	if err == nil {
		f.Retain()
		w.frames = append(w.frames, f)
	}
	return f, err
}

// converted is how many of the frames somebody has asked for BGR. It releases them.
func (w *watched) converted() (n int) {
	for _, f := range w.frames {
		if f.Converted() {
			n++
		}
		f.Release()
	}
	w.frames = nil
	return n
}

// TestFiltersConvertNothing: every, fps, region and motion take and drop frames of a video as the decoder gave them.
func TestFiltersConvertNothing(t *testing.T) {
	path, _ := vtest(t)
	motion := DefaultMotion()
	for _, o := range []SelectOptions{
		{Every: 7}, {FPS: 3}, {Region: [4]float64{0.1, 0.2, 0.61, 0.93}}, {Motion: &motion},
		{Every: 2, FPS: 2, Region: [4]float64{0, 0, 0.5, 1}, Motion: &motion},
	} {
		t.Run(fmt.Sprintf("%+v", o), func(t *testing.T) {
			source := &watched{Source: openVideo(t, path)}
			s, err := NewSelect(source, o)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			held := 0
			s.OnHeld(func(f *vision.Frame) {
				if held++; f.Converted() {
					t.Error("a frame that is held back was converted")
				}
			})
			taken := 0
			for len(source.frames) < 120 {
				f, err := s.Next(context.Background())
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				if taken++; f.Converted() {
					t.Error("a frame that is taken was converted")
				}
				f.Release()
			}
			if seen, n := len(source.frames), source.converted(); n != 0 || taken == 0 || taken+held > seen {
				t.Errorf("%d of %d frames were converted; %d taken, %d held back", n, seen, taken, held)
			}
		})
	}
}

// TestMotionDecidesAlike: motion detection passes the same frames of a video whether they come in planes or as BGR.
func TestMotionDecidesAlike(t *testing.T) {
	path, _ := vtest(t)
	o := DefaultMotion()
	o.Hold, o.WarmUp, o.Area = 0, 0, 0.02 // so that it opens and closes
	planes, err := newMotionDetector(o)
	if err != nil {
		t.Fatal(err)
	}
	defer planes.close()
	bgr, err := newMotionDetector(o)
	if err != nil {
		t.Fatal(err)
	}
	defer bgr.close()
	pool := vision.NewPool(1)
	defer pool.Close()
	v := openVideo(t, path)
	differ, passed, total := 0, 0, 0
	for ; total < 400; total++ {
		f, err := v.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		whole, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		f.CopyTo(whole.Target())
		whole.SetFPS(f.FPS())
		if err := whole.Seal(); err != nil {
			t.Fatal(err)
		}
		if f.Converted() || !whole.Converted() {
			t.Fatal("not one frame in planes and one in BGR")
		}
		at := time.Duration(total) * 100 * time.Millisecond
		a, b := planes.passes(f, at), bgr.passes(whole, at)
		if a != b {
			differ++
		}
		if b {
			passed++
		}
		f.Release()
		whole.Release()
	}
	// Noise near the limit may tip a frame over.
	if differ > total/100 || passed < total/20 || passed > total*19/20 {
		t.Errorf("of %d frames %d pass, and %d are decided otherwise in planes", total, passed, differ)
	}
	t.Logf("of %d frames %d pass, and %d are decided otherwise in planes", total, passed, differ)
}

// TestMotionOfSmallPlanes: a picture that is not scaled down for the comparison is not converted either.
func TestMotionOfSmallPlanes(t *testing.T) {
	m, err := newMotionDetector(DefaultMotion())
	if err != nil {
		t.Fatal(err)
	}
	defer m.close()
	pool := vision.NewPool(1)
	defer pool.Close()
	for i := range 3 {
		f, err := pool.Get()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.ReservePlanes(yuv.Picture{Layout: yuv.NV12}, 65, 33); err != nil {
			t.Fatal(err)
		}
		if err := f.Seal(); err != nil {
			t.Fatal(err)
		}
		if m.passes(f, time.Duration(i)*10*time.Second) != (i == 0) {
			t.Errorf("frame %d of a picture that does not change is decided wrongly", i)
		}
		if f.Converted() {
			t.Error("the frame was converted")
		}
		f.Release()
	}
}
