package camera

import (
	"context"
	"fmt"
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

// Frames that FPS would skip and that no other depends on are not decoded; those that are taken are the right ones: their
// numbers fit their times.
func TestLiveSelectSkipsDecoding(t *testing.T) {
	const loops = 20
	data := cameratest.Encoded(t, 320, 240, "-vf", fmt.Sprintf("loop=%d:size=%d", loops-1, cameratest.SceneFrames),
		"-c:v", "libx264", "-preset", "veryfast", "-bf", "3", "-b_strategy", "0", "-x264-params", "scenecut=0:b-pyramid=0", "-g", "24", "-pix_fmt", "yuv420p", "-f", "mpegts")
	server := cameratest.NewRaw(t, func(to *cameratest.Response) {
		fmt.Fprint(to, "HTTP/1.0 200 OK\r\n\r\n")
		_ = to.Slowly(data, loops*960*time.Millisecond) // the client or the test has ended
	})
	l, _ := opened(t, LiveOptions{URL: server.URL("/")})
	s, err := NewSelect(l, SelectOptions{FPS: 4})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), long)
	defer cancel()
	var numbers []int
	var times []time.Time
	for range 10 {
		f, err := s.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		numbers, times = append(numbers, cameratest.Marked(f)), append(times, f.Meta().Time)
		f.Release()
	}
	wrong := 0
	for i := range numbers[1:] {
		steps := (numbers[i+1] - numbers[i] + cameratest.SceneFrames) % cameratest.SceneFrames
		off := (times[i+1].Sub(times[i]) - time.Duration(steps)*40*time.Millisecond) % (960 * time.Millisecond)
		if off = min(max(off, -off), 960*time.Millisecond-max(off, -off)); off > 5*time.Millisecond {
			wrong++
		}
	}
	// The clock is adjusted whenever a packet was faster than all before.
	if wrong > 3 {
		t.Errorf("%d of the frames %v do not fit their times %v", wrong, numbers, times)
	}
}
