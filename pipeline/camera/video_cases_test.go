package camera

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// TestVideoTimes: the container's times, also where the rate changes.
func TestVideoTimes(t *testing.T) {
	const s = time.Second
	for name, want := range map[string][]time.Duration{
		"slow_end.mp4":         {2 * s, 5 * s / 2, 3 * s, 7 * s / 2},
		"runtimes/vfr_gap.mp4": {1 * s, 11 * s, 111 * s / 10, 112 * s / 10},
		"runtimes/vfr_gap.mkv": {1 * s, 11 * s, 111 * s / 10, 112 * s / 10},
	} {
		v := openVideo(t, testdata.Case(t, name))
		var got []time.Duration
		for {
			f, err := v.Next(context.Background())
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, f.Meta().Position)
			f.Release()
		}
		if !slices.IsSorted(got) || !slices.Equal(got[max(0, len(got)-len(want)):], want) {
			t.Errorf("%s: frames at %v, want the last at %v", name, got, want)
		}
	}
}

// TestVideoColours: pixels by the matrix that the file says.
func TestVideoColours(t *testing.T) {
	for name, want := range map[string][3]int{"runtimes/red709.mp4": {254, 0, 0}, "runtimes/c709_green.mp4": {0, 127, 0}} {
		f, err := openVideo(t, testdata.Case(t, name)).Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range [][2]int{{0, 0}, {f.Width() / 2, f.Height() / 2}, {f.Width() - 1, f.Height() - 1}} {
			if got := at(f, p[0], p[1]); !near(got, want, 1) {
				t.Errorf("%s: pixel %v is %v, want %v", name, p, got, want)
			}
		}
		f.Release()
	}
}

// TestVideoEqualsPicture compares a video in BT.709 with the picture that ffmpeg makes of it.
func TestVideoEqualsPicture(t *testing.T) {
	f, err := openVideo(t, testdata.Case(t, "runtimes/sparrow_709.mp4")).Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	data, err := os.ReadFile(testdata.Case(t, "runtimes/sparrow_709right.png"))
	if err != nil {
		t.Fatal(err)
	}
	want, err := decoded(t, data)
	if err != nil {
		t.Fatal(err)
	}
	if f.Width() != want.Width() || f.Height() != want.Height() {
		t.Fatalf("%d×%d pixels, want %d×%d", f.Width(), f.Height(), want.Width(), want.Height())
	}
	a, b := f.Mat(), want.Mat()
	sum, pixels := 0, a.ToBytes()
	for i, v := range b.ToBytes() {
		d := int(pixels[i]) - int(v)
		sum += max(d, -d)
	}
	if mean := float64(sum) / float64(len(pixels)); mean > 1 {
		t.Errorf("the pixels differ by %.2f in the mean", mean)
	}
}

// TestVideoOfSound: what has no pictures is said to have none.
func TestVideoOfSound(t *testing.T) {
	wav := append([]byte("RIFF\x24\x10\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x80\x3e\x00\x00\x00\x7d\x00\x00\x02\x00\x10\x00data\x00\x10\x00\x00"), make([]byte, 4096)...)
	path := write(t, t.TempDir()+"/sound.avi", wav)
	if _, err := OpenVideo(path, VideoOptions{}); err == nil || !strings.Contains(err.Error(), "no video stream") {
		t.Errorf("a recording as a video: %v", err)
	}
}
