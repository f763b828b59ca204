package annotate

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
)

func newVideo(tb testing.TB, o VideoOptions) *Video {
	tb.Helper()
	s, err := NewVideo(o)
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

// film is a video as it is read back.
type film struct {
	width, height, frames int
	fps                   float64
	shots                 []gocv.Mat
}

func readFilm(tb testing.TB, path string) film {
	tb.Helper()
	v, err := gocv.VideoCaptureFile(path)
	if err != nil {
		tb.Fatalf("%s does not play: %v", path, err)
	}
	defer v.Close()
	f := film{fps: v.Get(gocv.VideoCaptureFPS), frames: int(v.Get(gocv.VideoCaptureFrameCount))}
	m := gocv.NewMat()
	defer m.Close()
	for v.Read(&m) {
		shot := m.Clone()
		tb.Cleanup(func() { shot.Close() })
		f.shots = append(f.shots, shot)
		f.width, f.height = m.Cols(), m.Rows()
	}
	return f
}

func (f film) want(tb testing.TB, width, height, frames int, fps float64) {
	tb.Helper()
	if f.width != width || f.height != height || f.frames != frames || len(f.shots) != frames || math.Abs(f.fps-fps) > 1e-4 {
		tb.Errorf("%d×%d pixels, %d frames (%d can be read), %g a second; want %d×%d, %d, %g",
			f.width, f.height, f.frames, len(f.shots), f.fps, width, height, frames, fps)
	}
}

func TestVideoOfPeople(t *testing.T) {
	in, err := gocv.VideoCaptureFile(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	const frames = 30
	for _, codec := range []string{"", "mp4v"} {
		t.Run("codec "+codec, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "deep", "people.mp4")
			s := newVideo(t, VideoOptions{Path: path, Codec: codec})
			for i := range frames {
				m := gocv.NewMat()
				if !in.Read(&m) {
					t.Fatal("vtest.avi ended early")
				}
				consume(t, s, report(t, m, "vtest.avi", i, 10))
				wantFiles(t, filepath.Dir(path), "people.part.mp4")
			}
			closeSink(t, s)
			wantFiles(t, filepath.Dir(path), "people.mp4")
			f := readFilm(t, path)
			f.want(t, 768, 576, frames, 10)
			for _, shot := range f.shots {
				if c := colourful(shot, int(box.Box[0]), 80); c < 60 {
					t.Fatalf("no line at the box's left edge: the pixel is %d from grey", c)
				}
			}
		})
	}
}

func TestVideoSizes(t *testing.T) {
	for _, c := range []struct{ w, h, wantW, wantH int }{
		{320, 240, 320, 240}, {321, 240, 322, 240}, {320, 241, 320, 242}, {161, 121, 162, 122}, {1, 1, 2, 2}, {37, 5, 38, 6},
	} {
		t.Run(fmt.Sprintf("%dx%d", c.w, c.h), func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "v.mp4")
			s := newVideo(t, VideoOptions{Path: path})
			for i := range 5 {
				consume(t, s, report(t, grey(c.w, c.h), "v.avi", i, 29.97))
			}
			closeSink(t, s)
			readFilm(t, path).want(t, c.wantW, c.wantH, 5, 29.97)
		})
	}
}

func TestVideoWhoseSizeChanges(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.mp4")
	s := newVideo(t, VideoOptions{Path: path, FPS: 5})
	consume(t, s, report(t, grey(320, 240), "v.avi", 0, 10))
	consume(t, s, report(t, grey(320, 120), "v.avi", 1, 10))
	consume(t, s, report(t, grey(1280, 960), "v.avi", 2, 10))
	consume(t, s, report(t, grey(1, 1000), "v.avi", 3, 10))
	closeSink(t, s)
	f := readFilm(t, path)
	f.want(t, 320, 240, 4, 5)
	for _, p := range []struct {
		y    int
		dark bool
	}{{5, true}, {120, false}, {235, true}} {
		if v := f.shots[1].GetUCharAt(p.y, 3*300); (v < 40) != p.dark {
			t.Errorf("row %d of the wide frame has value %d; want a black bar: %t", p.y, v, p.dark)
		}
	}
	if v := f.shots[2].GetUCharAt(5, 3*300); v < 40 {
		t.Errorf("the frame of the same shape has a bar: value %d", v)
	}
}

func TestPicturesAsVideo(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.mp4")
	s := newVideo(t, VideoOptions{Path: path})
	for i := range 4 {
		consume(t, s, report(t, grey(160, 120), fmt.Sprintf("in/%d.jpg", i), i, 0))
	}
	closeSink(t, s)
	readFilm(t, path).want(t, 160, 120, 4, 1)
}

func TestVideosInTurn(t *testing.T) {
	dir := t.TempDir()
	s := newVideo(t, VideoOptions{Path: filepath.Join(dir, "v.mp4")})
	d, err := NewFolder(FolderOptions{Dir: filepath.Join(dir, "folder")})
	if err != nil {
		t.Fatal(err)
	}
	for i, source := range []string{"a/x.avi", "a/x.avi", "b/x.avi", "c/y.avi", "c/y.avi", "c/y.avi", "a/x.avi", "in/z.png"} {
		fps := 10.0
		if source == "in/z.png" {
			fps = 0
		} else {
			consume(t, s, report(t, grey(64, 48), source, i, fps))
		}
		consume(t, d, report(t, grey(64, 48), source, i, fps))
	}
	closeSink(t, s)
	closeSink(t, d)
	wantFiles(t, dir, "folder", "v-2.mp4", "v-3.mp4", "v-4.mp4", "v.mp4")
	wantFiles(t, filepath.Join(dir, "folder"), "x-2.mp4", "x-3.mp4", "x.mp4", "y.mp4", "z.png")
	readFilm(t, filepath.Join(dir, "v-3.mp4")).want(t, 64, 48, 3, 10)
	readFilm(t, filepath.Join(dir, "folder", "x.mp4")).want(t, 64, 48, 2, 10)
}

func TestNoFramesNoVideo(t *testing.T) {
	dir := t.TempDir()
	closeSink(t, newVideo(t, VideoOptions{Path: filepath.Join(dir, "v.mp4")}))
	wantFiles(t, dir)
}

func TestVideoDoesNotReplaceItsOriginal(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "v.mp4")
	if err := os.WriteFile(path, []byte("the original"), 0o666); err != nil {
		t.Fatal(err)
	}
	s := newVideo(t, VideoOptions{Path: path})
	err := consumeFails(t, s, report(t, grey(64, 48), path, 0, 10))
	if !strings.Contains(err.Error(), path) {
		t.Errorf("%q does not name the file", err)
	}
	consume(t, s, report(t, grey(64, 48), path, 1, 10)) // told once
	closeSink(t, s)
	if data, _ := os.ReadFile(path); string(data) != "the original" {
		t.Errorf("the original is now %d bytes", len(data))
	}
	wantFiles(t, dir, "v.mp4")
}

func TestLiveVideoRunsAsFastAsItsSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "v.mp4")
	s := newVideo(t, VideoOptions{Path: path, Live: true, Codec: "mp4v"})
	start := time.Unix(1_700_000_000, 0)
	// At 10 frames a second: a frame in time, one too early (left out), one 0.4 s late (before it the last one is shown four
	// times more), one after an hour (10 s of a still), one in time.
	for i, at := range []time.Duration{0, 100, 120, 600, 3_600_000, 3_600_100} {
		m := grey(64, 48)
		m.SetTo(gocv.NewScalar(float64(40*i), float64(40*i), float64(40*i), 0))
		r := report(t, m, "camera:0", i, 10)
		r.Item.Meta().Time = start.Add(at * time.Millisecond)
		consume(t, s, r)
	}
	closeSink(t, s)
	film := readFilm(t, path)
	film.want(t, 64, 48, 1+1+0+5+101+1, 10)
	for i, shot := range film.shots {
		want := 5
		switch {
		case i == 0:
			want = 0
		case i < 6:
			want = 1
		case i < 107:
			want = 3
		case i < 108:
			want = 4
		}
		if got := shot.Mean().Val1; math.Abs(got-float64(40*want)) > 8 {
			t.Errorf("frame %d has the shade %.0f; want that of picture %d", i, got, want)
		}
	}
}

func TestValidRate(t *testing.T) {
	for in, want := range map[float64]float64{0: 25, -1: 25, 29.97002997: 29.97, 10: 10, 1e9: 25, 0.5: 0.5} {
		if got := validRate(in); got != want {
			t.Errorf("%g: %g; want %g", in, got, want)
		}
	}
}
