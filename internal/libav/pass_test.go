package libav

import (
	"errors"
	"hash/fnv"
	"io"
	"path/filepath"
	"testing"
	"time"
)

// film is a video of 3 s of moving pictures, 25 a second.
func film(t *testing.T, name string, args ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	run(t, "ffmpeg", append(append([]string{"-v", "error", "-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=3", "-pix_fmt", "yuv420p", "-c:v", "libx264", "-g", "50"}, args...), path)...)
	return path
}

// sum is a checksum of what a frame shows; the frame is released.
func sum(t *testing.T, f *Frame) uint64 {
	t.Helper()
	defer f.Release()
	p, release, err := f.Picture()
	if err != nil {
		t.Fatal(err)
	}
	defer release()
	h := fnv.New64a()
	for i := range p.Layout.Planes() {
		row, rows := p.Layout.PlaneSize(i, p.Width, p.Height)
		for y := range rows {
			h.Write(p.Data[i][y*p.Stride[i]:][:row])
		}
	}
	return h.Sum64()
}

// TestPass: frames that are due come as they do without passing over those before them, whatever order they are decoded in,
// and each of the others is counted or comes.
func TestPass(t *testing.T) {
	for name, args := range map[string][]string{
		"p.mkv": {"-bf", "0"}, "b.mkv": {"-bf", "3", "-b_strategy", "0"}, "b.ts": {"-bf", "2", "-b_strategy", "0"}, "threads.mkv": {"-bf", "0", "-x264-params", "slices=4"},
	} {
		file := film(t, name, args...)
		for _, low := range []bool{true, false} {
			o := ReaderOptions{LowDelay: low, Threads: 2}
			want := map[time.Duration]uint64{}
			plain := open(t, file, o)
			for {
				f, err := plain.Next()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				at := f.Time
				want[at] = sum(t, f)
			}
			if len(want) != 75 {
				t.Fatalf("%s has %d frames, want 75", name, len(want))
			}
			for _, until := range []time.Duration{40 * time.Millisecond, 990 * time.Millisecond, 2 * time.Second, time.Minute} {
				r := open(t, file, o)
				var passed, arrived, due, early int
				last := time.Duration(-1)
				for {
					passed += r.Pass(0, until, func(pts time.Duration, at int64) {
						if arrived++; pts >= until || at <= 0 {
							t.Errorf("%s until %v: a packet of %v that came at %d was read", name, until, pts, at)
						}
					})
					f, err := r.Next()
					if errors.Is(err, io.EOF) {
						break
					}
					if err != nil {
						t.Fatal(err)
					}
					at := f.Time
					if at <= last {
						t.Errorf("%s until %v: %v follows %v", name, until, at, last)
					}
					last = at
					if at >= until {
						due++
					} else {
						early++
					}
					if got := sum(t, f); got != want[at] {
						t.Errorf("%s until %v: the frame of %v is another", name, until, at)
					}
				}
				wantDue := 0
				for at := range want {
					if at >= until {
						wantDue++
					}
				}
				if due != wantDue {
					t.Errorf("%s until %v: %d frames are due, want %d", name, until, due, wantDue)
				}
				if skipped := 75 - wantDue - passed - early; skipped < 0 || skipped > 0 && args[1] == "0" {
					t.Errorf("%s until %v: of %d frames before it %d were passed over and %d came", name, until, 75-wantDue, passed, early)
				}
				if until > time.Second && (passed < 10 || arrived < passed) {
					t.Errorf("%s until %v: %d frames of %d packets were passed over", name, until, passed, arrived)
				}
				if lost, why := r.Lost(); lost > 0 {
					t.Errorf("%s until %v: %d were lost: %v", name, until, lost, why)
				}
			}
		}
	}
}

// Pass leaves streams alone that are not decoded, and a reader that is closed.
func TestPassNothing(t *testing.T) {
	r := open(t, film(t, "p.mkv", "-bf", "0"), ReaderOptions{})
	none := func(time.Duration, int64) { t.Error("a packet was read") }
	for _, stream := range []int{-1, 1} {
		if n := r.Pass(stream, time.Minute, none); n != 0 {
			t.Errorf("%d frames of stream %d were passed over", n, stream)
		}
	}
	if n := r.Pass(0, 0, none); n != 0 {
		t.Errorf("%d frames before the first were passed over", n)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if n := r.Pass(0, time.Minute, none); n != 0 {
		t.Errorf("%d frames of a closed reader were passed over", n)
	}
}
