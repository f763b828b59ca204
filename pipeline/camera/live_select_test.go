package camera

import (
	"context"
	"testing"
	"time"

	"corallite/internal/clock"
	"corallite/pipeline/camera/cameratest"
)

// With FPS, a camera's frames in between are passed over where they are read. They are counted, and a rest longer than the
// deadline is no stall.
func TestLiveSelectFPS(t *testing.T) {
	for _, c := range []struct {
		name  string
		start func(tb testing.TB) string
	}{
		{"RTSP", func(tb testing.TB) string { return cameratest.NewRTSPH264(tb, 320, 240).URL("/yard") }},
		{"MJPEG", func(tb testing.TB) string { return cameratest.NewHTTP(tb, 320, 240).URL("/stream") }},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, log := opened(t, LiveOptions{URL: c.start(t), Deadline: 2 * time.Second, Clock: clock.System{}})
			s, err := NewSelect(l, SelectOptions{FPS: 0.4})
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), long)
			defer cancel()
			var last time.Time
			for i := range 3 {
				f, err := s.Next(ctx)
				if err != nil {
					t.Fatal(err)
				}
				at := f.Meta().Time
				f.Release()
				if gap := at.Sub(last); i > 0 && gap < 2*time.Second {
					t.Errorf("frame %d comes %v after the last one, want about 2.5 s", i, gap)
				}
				last = at
			}
			if skipped := s.Stats().Skipped; skipped < 20 {
				t.Errorf("%d frames were skipped in 5 s", skipped)
			}
			if s := l.Connection(); s.Stalls != 0 || s.Attempts != 1 {
				t.Errorf("%+v\n%s", s, log)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}
