package camera

import (
	"maps"
	"slices"
	"testing"
	"time"

	"corallite/pipeline/camera/cameratest"
)

// A stream over RTSP that changes its size goes on in the new one, with pictures that are whole: OpenCV by itself would
// keep the old size.
func TestLiveRTSPResolutionChanges(t *testing.T) {
	sizes := [][2]int{{640, 480}, {160, 120}}
	for _, c := range []struct {
		name  string
		start func(tb testing.TB, width, height int) *cameratest.RTSP
		show  func(n *cameratest.RTSP, width, height int)
		anew  bool // the session ends and its description changes, as when a camera's settings are changed
	}{
		{"MJPEG", cameratest.NewRTSP, (*cameratest.RTSP).Show, false},
		{"H.264", cameratest.NewRTSPH264, (*cameratest.RTSP).ShowH264, false},
		{"H.264 with a new description", cameratest.NewRTSPH264, (*cameratest.RTSP).ShowH264, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := c.start(t, 320, 240)
			l, log := opened(t, LiveOptions{URL: n.URL("/yard")})
			for _, size := range sizes {
				numbers(t, l, 10)
				if c.anew {
					n.Kill()
				}
				c.show(n, size[0], size[1])
				if c.anew {
					n.Start()
				}
				nextUntil(t, l, "the new size", func(width, height int) bool { return width == size[0] && height == size[1] })
			}
			numbers(t, l, 10)
			if s := l.Connection(); !s.Up || !c.anew && (s.Reopened != 0 || s.LastError != "") {
				t.Errorf("%+v", s)
			}
			if n := log.count("the size of the frames has changed"); !c.anew && n != len(sizes) {
				t.Errorf("said %d times that the size changed, want %d", n, len(sizes))
			}
		})
	}
}

// numbers takes frames until it has seen so many different ones, by the numbers in them: pictures that stand still, are
// cut off or damaged do not have them.
func numbers(t *testing.T, l *LiveSource, want int) {
	t.Helper()
	seen := map[int]bool{}
	for deadline := time.Now().Add(long); len(seen) < want; {
		number, width, height := nextFrame(t, l)
		if seen[number] = true; number >= cameratest.SceneFrames || time.Now().After(deadline) {
			t.Fatalf("a frame of %dx%d has the number %d, after %v", width, height, number, slices.Sorted(maps.Keys(seen)))
		}
	}
}
