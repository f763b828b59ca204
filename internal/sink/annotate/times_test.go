package annotate

import (
	"context"
	"errors"
	"io"
	"math"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/libav"
	"corallite/internal/testdata"
)

// lengthOf returns the duration of a video according to ffprobe.
func lengthOf(t *testing.T, path string) float64 {
	t.Helper()
	out, err := exec.Command("ffprobe", "-v", "error", "-show_entries", "format=duration", "-of", "csv=p=0", path).Output()
	if errors.Is(err, exec.ErrNotFound) {
		testdata.Missing(t, "ffprobe is not installed")
	}
	if err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	if err != nil {
		t.Fatal(err)
	}
	return seconds
}

// timesOf returns the times of a video's frames.
func timesOf(t *testing.T, path string) (all []time.Duration) {
	t.Helper()
	r, err := libav.OpenReader(context.Background(), "file:"+path, libav.ReaderOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		f, err := r.Next()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, f.Time)
		f.Release()
	}
}

// sameTimes reports whether times differ by less than a tick, from their first one on.
func sameTimes(a, b []time.Duration) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if d := (a[i] - a[0]) - (b[i] - b[0]); d > time.Second/libav.Ticks+time.Microsecond || d < -time.Second/libav.Ticks-time.Microsecond {
			return false
		}
	}
	return true
}

func copyOf(t *testing.T, codec string, fps float64, positions []time.Duration) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "copy.mp4")
	s := newVideo(t, VideoOptions{Path: path, Codec: codec})
	for i, position := range positions {
		r := report(t, gocv.NewMatWithSizeFromScalar(gocv.NewScalar(float64(5*i%250), 90, 90, 0), 48, 64, gocv.MatTypeCV8UC3), "clip.mp4", i, fps)
		r.Item.Meta().Position = position
		consume(t, s, r)
	}
	closeSink(t, s)
	return path
}

// TestCopyKeepsTimes: the copy of a video whose frames are shown for different times shows them for the same.
func TestCopyKeepsTimes(t *testing.T) {
	for _, name := range []string{"slow_end.mp4", "runtimes/vfr_gap.mp4"} {
		want := timesOf(t, testdata.Case(t, name))
		for _, codec := range []string{"avc1", "mp4v"} {
			path := copyOf(t, codec, 30, want)
			if got := timesOf(t, path); !sameTimes(got, want) {
				t.Errorf("%s, %s: the copy's frames are at %v, want %v", name, codec, got, want)
			}
			n := len(want) // the last frame is shown for as long as the one before it
			if got, want := lengthOf(t, path), (2*want[n-1] - want[n-2] - want[0]).Seconds(); math.Abs(got-want) > 0.001 {
				t.Errorf("%s, %s: the copy lasts %v s, want %v", name, codec, got, want)
			}
		}
	}
}

func TestCopyOfFramesWithoutTimes(t *testing.T) {
	const s = time.Second
	for what, c := range map[string]struct{ positions, want []time.Duration }{
		"none":              {make([]time.Duration, 4), []time.Duration{0, s / 4, s / 2, 3 * s / 4}},
		"the file again":    {[]time.Duration{0, s / 4, s, 0, s / 4, s}, []time.Duration{0, s / 4, s, 5 * s / 4, 3 * s / 2, 9 * s / 4}},
		"one":               {[]time.Duration{7 * s}, []time.Duration{0}},
		"close to another":  {[]time.Duration{0, 1, 2, s}, []time.Duration{0, s / libav.Ticks, 2 * s / libav.Ticks, s}},
		"from later on":     {[]time.Duration{9 * s, 10 * s, 12 * s}, []time.Duration{0, s, 3 * s}},
		"hours in between":  {[]time.Duration{0, s, 7200 * s}, []time.Duration{0, s, 7200 * s}},
		"as NTSC has them":  {[]time.Duration{0, 33366667, 66733333, 100100000}, []time.Duration{0, 33366667, 66733333, 100100000}},
		"backwards, a step": {[]time.Duration{0, s, s / 2, 3 * s / 2}, []time.Duration{0, s, 5 * s / 4, 9 * s / 4}},
	} {
		got := timesOf(t, copyOf(t, "", 4, c.positions))
		if !sameTimes(got, c.want) {
			t.Errorf("%s: the copy's frames are at %v, want %v", what, got, c.want)
		}
	}
}
