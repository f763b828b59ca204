//go:build linux

package annotate

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/output"
)

// liveVideo is a recording of a camera.
func liveVideo(t *testing.T, path string, overwrite bool) *Video {
	t.Helper()
	s, err := NewVideo(VideoOptions{Path: path, Live: true, Overwrite: overwrite})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shoot returns frame n of a camera with 10 frames a second.
func shoot(t *testing.T, s *Video, n int, m gocv.Mat) error {
	t.Helper()
	r := report(t, m, "camera:0", n, 10)
	defer r.Item.Release()
	r.Item.Meta().Time = r.Item.Meta().Time.Add(time.Duration(n) * 100 * time.Millisecond)
	return s.Consume(t.Context(), r)
}

// TestLiveVideoPlaysWhileItIsWritten looks at the file in the middle, as it is left when the process is killed or the
// power goes: all but the last second is there.
func TestLiveVideoPlaysWhileItIsWritten(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec, func(t *testing.T) {
			dir := t.TempDir()
			path := filepath.Join(dir, "v.mp4")
			s, err := NewVideo(VideoOptions{Path: path, Live: true, Codec: codec})
			if err != nil {
				t.Fatal(err)
			}
			defer closeSink(t, s)
			for n := range 57 {
				if err := shoot(t, s, n, grey(320, 240)); err != nil {
					t.Fatal(err)
				}
			}
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			left := filepath.Join(dir, "left.mp4")
			if err := os.WriteFile(left, data, 0o666); err != nil {
				t.Fatal(err)
			}
			// The clock may have ended fragments as well, so that more is there than whole seconds.
			f := readFilm(t, left)
			if n := len(f.shots); n < 50 || f.fps != 10 || f.width != 320 {
				t.Errorf("%d frames of 57, %g a second", n, f.fps)
			}
			for _, cut := range []int{len(data) - 1, len(data) * 3 / 4, len(data) / 2} { // in the middle of a write
				if err := os.WriteFile(left, data[:cut], 0o666); err != nil {
					t.Fatal(err)
				}
				if n := len(readFilm(t, left).shots); n < 50*cut/len(data)-20 {
					t.Errorf("of %d of %d bytes %d frames can be read", cut, len(data), n)
				}
			}
		})
	}
}

// TestVideoBeginsAtZero checks the times of a finished video with ffprobe.
func TestVideoBeginsAtZero(t *testing.T) {
	if _, err := exec.LookPath("ffprobe"); err != nil {
		t.Skip("there is no ffprobe")
	}
	path := filepath.Join(t.TempDir(), "v.mp4")
	s := liveVideo(t, path, false)
	for n := range 25 {
		if err := shoot(t, s, n, noise(64, 48)); err != nil {
			t.Fatal(err)
		}
	}
	closeSink(t, s)
	out, err := exec.Command("ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
		"stream=codec_name,pix_fmt,nb_read_frames,start_time:format=duration", "-count_frames", "-of", "csv", path).CombinedOutput()
	if want := "stream,h264,yuv420p,0.000000,25\nformat,2.500000\n"; err != nil || string(out) != want {
		t.Errorf("ffprobe says %q, %v; want %q", out, err, want)
	}
}

// TestLiveVideoOnFullDisk fills the disk: the file keeps what it has, and when there is room again, the next frames go
// into a new one.
func TestLiveVideoOnFullDisk(t *testing.T) {
	dir := smallDisk(t, 2<<20)
	s := liveVideo(t, filepath.Join(dir, "v.mp4"), false)
	defer closeSink(t, s)
	n := 0
	var failed error
	for ; failed == nil && n < 1000; n++ {
		failed = shoot(t, s, n, noise(320, 240))
	}
	if !errors.Is(failed, syscall.ENOSPC) || !strings.Contains(failed.Error(), filepath.Join(dir, "v.mp4")) {
		t.Fatalf("after %d frames: %v", n, failed)
	}
	kept := len(readFilm(t, filepath.Join(dir, "v.mp4")).shots)
	if kept < n-12 || kept >= n || !strings.Contains(failed.Error(), fmt.Sprintf("keeps its first %d frames", kept)) {
		t.Errorf("%d of %d frames are kept: %v", kept, n, failed)
	}
	for range 3 { // it is tried again, and nothing is left of that
		if err := shoot(t, s, n, noise(320, 240)); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("on the full disk: %v", err)
		}
	}
	wantFiles(t, dir, "v.mp4")
	if err := os.Remove(filepath.Join(dir, "v.mp4")); err != nil {
		t.Fatal(err)
	}
	for i := range 5 {
		if err := shoot(t, s, n+i, noise(320, 240)); err != nil {
			t.Fatal(err)
		}
	}
	closeSink(t, s)
	wantFiles(t, dir, "v-2.mp4")
	if got := len(readFilm(t, filepath.Join(dir, "v-2.mp4")).shots); got != 5 {
		t.Errorf("the new file has %d frames", got)
	}
}

// TestLiveVideoThatIsRemoved checks that recording continues in a new file when the file or its folder is deleted.
func TestLiveVideoThatIsRemoved(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	s := liveVideo(t, filepath.Join(dir, "v.mp4"), false)
	defer closeSink(t, s)
	if err := shoot(t, s, 0, grey(64, 48)); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	var failed error
	n := 1
	for ; failed == nil && n < 100; n++ {
		failed = shoot(t, s, n, grey(64, 48))
	}
	if !errors.Is(failed, syscall.ENOENT) || !strings.Contains(failed.Error(), "the file was removed") {
		t.Fatalf("got %v", failed)
	}
	for i := range 5 {
		if err := shoot(t, s, n+i, grey(64, 48)); err != nil {
			t.Fatal(err)
		}
	}
	closeSink(t, s)
	wantFiles(t, dir, "v-2.mp4")
}

// TestEarlierRecordingsStay starts several times, after clean ends and after crashes.
func TestEarlierRecordingsStay(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "v.mp4")
	record := func(frames int, overwrite bool) {
		s := liveVideo(t, path, overwrite)
		for n := range frames {
			if err := shoot(t, s, n, grey(64, 48)); err != nil {
				t.Fatal(err)
			}
		}
		closeSink(t, s)
	}
	record(3, false)
	record(0, false) // no frame, no file
	record(4, false)
	wantFiles(t, dir, "v-2.mp4", "v.mp4")
	if a, b := len(readFilm(t, path).shots), len(readFilm(t, filepath.Join(dir, "v-2.mp4")).shots); a != 3 || b != 4 {
		t.Errorf("the recordings have %d and %d frames", a, b)
	}
	record(5, true)
	wantFiles(t, dir, "v-2.mp4", "v.mp4")
	if n := len(readFilm(t, path).shots); n != 5 {
		t.Errorf("told to replace it, the recording has %d frames", n)
	}
}

func TestOneWriterAVideo(t *testing.T) {
	for _, live := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "v.mp4")
		open := func() (*Video, error) { return NewVideo(VideoOptions{Path: path, Live: live, Overwrite: true}) }
		s, err := open()
		if err != nil {
			t.Fatal(err)
		}
		var locked *output.LockedError
		if _, err := open(); !errors.As(err, &locked) || !strings.Contains(err.Error(), path) {
			t.Errorf("live %t: %v: want that somebody writes the video", live, err)
		}
		closeSink(t, s)
		wantFiles(t, filepath.Dir(path))
	}
}

func TestFraction(t *testing.T) {
	for fps, want := range map[float64][2]int{
		25: {25, 1}, 29.97: {2997, 100}, 23.976: {23976, 1000}, 0.01: {1, 100}, 0.5: {5, 10}, 119.881: {11988, 100}, 1000: {1000, 1},
	} {
		if rate, base := fraction(fps); [2]int{rate, base} != want {
			t.Errorf("%g: %d/%d, want %d/%d", fps, rate, base, want[0], want[1])
		}
	}
}
