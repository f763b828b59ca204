package camera

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"image"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/opencv"
	"corallite/internal/testdata"
	"corallite/pipeline"
)

func vtest(tb testing.TB) (string, []byte) {
	tb.Helper()
	path := testdata.Path(tb, "video/vtest.avi")
	data, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	return path, data
}

func openVideo(tb testing.TB, path string) *Video {
	tb.Helper()
	v, err := OpenVideo(path, VideoOptions{})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { v.Close() })
	return v
}

func TestVideoGivesEveryFrame(t *testing.T) {
	path, _ := vtest(t)
	v := openVideo(t, path)
	if n := v.Stats().Total; n != 795 || v.FPS() != 10 || v.Live() {
		t.Errorf("total %d; %v frames a second; live %v", n, v.FPS(), v.Live())
	}
	if w, h := v.Size(); w != 768 || h != 576 {
		t.Errorf("size %dx%d", w, h)
	}
	peer, err := gocv.VideoCaptureFile(path)
	if err != nil {
		t.Fatal(err)
	}
	defer peer.Close()
	want := gocv.NewMat()
	defer want.Close()
	n := 0
	for ; ; n++ {
		f, err := v.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if p := time.Duration(n) * 100 * time.Millisecond; f.Meta().Position != p || f.Meta().Source != path {
			t.Errorf("frame %d of %s is at %v, want %v", n, f.Meta().Source, f.Meta().Position, p)
		}
		if f.FPS() != 10 {
			t.Errorf("frame %d says %v frames a second, want 10", n, f.FPS())
		}
		if peer.Read(&want); n%100 == 0 {
			if m := f.Mat(); !bytes.Equal(m.ToBytes(), want.ToBytes()) {
				t.Errorf("frame %d has other pixels than OpenCV's", n)
			}
		}
		f.Release()
	}
	if n != 795 {
		t.Errorf("%d frames, want 795", n)
	}
	if _, err := v.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the end: %v", err)
	}
	if v.pool.Outstanding() != 0 || v.pool.Misuses() != 0 {
		t.Errorf("outstanding %d, misuses %d", v.pool.Outstanding(), v.pool.Misuses())
	}
}

// A file that was cut off in the middle of a frame gives every frame before that one as it is, and says where it ends.
func TestVideoThatEndsEarly(t *testing.T) {
	path, data := vtest(t)
	for _, cut := range []int{1000003, 1003000} {
		v := openVideo(t, write(t, filepath.Join(t.TempDir(), "cut.avi"), data[:cut]))
		whole := openVideo(t, path)
		n := 0
		var failed error
		for {
			f, err := v.Next(context.Background())
			if err != nil {
				failed = err
				break
			}
			g, err := whole.Next(context.Background())
			if err != nil {
				t.Fatal(err)
			}
			got, want := f.Mat(), g.Mat()
			if n++; !bytes.Equal(got.ToBytes(), want.ToBytes()) {
				t.Errorf("cut at %d: frame %d is not that of the whole file", cut, n-1)
			}
			f.Release()
			g.Release()
		}
		var one *pipeline.ItemError
		if !errors.As(failed, &one) || one.Source != v.path {
			t.Fatalf("cut at %d: %v is no ItemError of the file", cut, failed)
		}
		if want := wholeFrames(data[:cut]); n != want {
			t.Errorf("cut at %d: %d frames, want %d", cut, n, want)
		}
		for _, want := range []string{fmt.Sprintf("at frame %d of 795", n), fmt.Sprintf("%d bytes", len(data)-cut)} {
			if !strings.Contains(failed.Error(), want) {
				t.Errorf("cut at %d: %q does not say %q", cut, failed, want)
			}
		}
		if _, err := v.Next(context.Background()); !errors.Is(err, io.EOF) {
			t.Errorf("after the error: %v, want io.EOF", err)
		}
	}
}

// wholeFrames counts the pictures in an AVI's movi list that are there to their last byte.
func wholeFrames(d []byte) int {
	n := 0
	for i := bytes.Index(d, []byte("movi")) + 4; i+8 <= len(d); {
		size := int(binary.LittleEndian.Uint32(d[i+4:]))
		if i+8+size > len(d) {
			break
		}
		if bytes.HasPrefix(d[i:], []byte("00d")) && size > 0 {
			n++
		}
		i += 8 + size + size&1
	}
	return n
}

func TestVideoWithDamageInTheMiddle(t *testing.T) {
	_, data := vtest(t)
	data = bytes.Clone(data[:1<<20])
	binary.LittleEndian.PutUint32(data[4:], uint32(len(data)-8)) // a whole file, by its header
	r := rand.New(rand.NewPCG(3, 4))
	for range 4000 {
		data[200000+r.IntN(400000)] = byte(r.Uint32())
	}
	v := openVideo(t, write(t, filepath.Join(t.TempDir(), "damaged.avi"), data))
	n := 0
	for {
		f, err := v.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Logf("after %d frames: %v", n, err)
			continue
		}
		if f.Width() != 768 || f.Height() != 576 {
			t.Errorf("frame %d is %dx%d", n, f.Width(), f.Height())
		}
		n++
		f.Release()
	}
	if n < 20 {
		t.Errorf("%d frames; those before the damage alone are 20", n)
	}
}

func TestVideoRefuses(t *testing.T) {
	dir := t.TempDir()
	_, data := vtest(t)
	random := make([]byte, 100000)
	r := rand.New(rand.NewPCG(5, 6))
	for i := range random {
		random[i] = byte(r.Uint32())
	}
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"missing":       {filepath.Join(dir, "missing.avi"), "no such file"},
		"folder":        {dir, "folder"},
		"empty":         {write(t, filepath.Join(dir, "empty.mp4"), nil), "empty"},
		"text":          {write(t, filepath.Join(dir, "notes.txt"), []byte(strings.Repeat("some notes\n", 100))), "text"},
		"text as video": {write(t, filepath.Join(dir, "notes.avi"), []byte("#EXTM3U\nhttp://example.org/x.ts\n")), "text"},
		"random":        {write(t, filepath.Join(dir, "random.mp4"), random), "not a video"},
		"cut in header": {write(t, filepath.Join(dir, "head.avi"), data[:100]), "truncated"},
	} {
		v, err := OpenVideo(c.path, VideoOptions{})
		if err == nil {
			v.Close()
			t.Errorf("%s: opened", name)
		} else if !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), c.path) != 1 {
			t.Errorf("%s: %q does not say %q, and the path once", name, err, c.want)
		}
	}
}

func TestVideoCloseWhileItReads(t *testing.T) {
	path, _ := vtest(t)
	for i := range 5 {
		v := openVideo(t, path)
		f, err := v.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() {
			for {
				g, err := v.Next(context.Background())
				if err != nil {
					done <- err
					return
				}
				g.Release()
			}
		}()
		time.Sleep(time.Duration(i) * time.Millisecond)
		v.Close()
		if err := <-done; !errors.Is(err, ErrClosed) {
			t.Errorf("Next of a source that was closed: %v", err)
		}
		if f.Width() != 768 {
			t.Error("a frame that is out is not valid after Close")
		}
		f.Release()
		if err := v.Close(); err != nil || v.pool.Outstanding() != 0 {
			t.Errorf("second Close: %v; outstanding %d", err, v.pool.Outstanding())
		}
		if _, err := v.Next(context.Background()); !errors.Is(err, ErrClosed) {
			t.Errorf("Next after Close: %v", err)
		}
	}
	v := openVideo(t, path)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := v.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next with a context that ended: %v", err)
	}
}

// record writes an MP4 of frames in which the left upper quarter is red, and returns its path.
func record(t *testing.T, frames int) string {
	t.Helper()
	if err := opencv.LoadVideoio(); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "a b%02d:c.mp4") // a name that OpenCV and ffmpeg could take for something else
	w, err := gocv.VideoWriterFile(path, "mp4v", 10, 64, 32, true)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	m := gocv.NewMatWithSize(32, 64, gocv.MatTypeCV8UC3)
	defer m.Close()
	m.SetTo(gocv.NewScalar(0, 0, 0, 0))
	quarter := m.Region(image.Rect(0, 0, 32, 16))
	defer quarter.Close()
	quarter.SetTo(gocv.NewScalar(0, 0, 255, 0))
	for range frames {
		if err := w.Write(m); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestVideoAppliesRotation(t *testing.T) {
	path := record(t, 3)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// The matrix of the track header (ISO/IEC 14496-12, 8.3.2) is 40 bytes into the box's content: a, b, u, c, d, v, …
	matrix := bytes.Index(data, []byte("tkhd")) + 4 + 40
	const one = 1 << 16
	for name, c := range map[string]struct {
		abcd          [4]int32
		width, height int
		red           [2]int // a pixel in the quarter that is red
	}{
		"none":       {[4]int32{one, 0, 0, one}, 64, 32, [2]int{8, 8}},
		"90 degrees": {[4]int32{0, one, -one, 0}, 32, 64, [2]int{24, 8}},
		"180":        {[4]int32{-one, 0, 0, -one}, 64, 32, [2]int{56, 24}},
		"270":        {[4]int32{0, -one, one, 0}, 32, 64, [2]int{8, 56}},
	} {
		turned := bytes.Clone(data)
		for i, at := range []int{0, 4, 12, 16} {
			binary.BigEndian.PutUint32(turned[matrix+at:], uint32(c.abcd[i]))
		}
		v := openVideo(t, write(t, filepath.Join(t.TempDir(), "turned.mp4"), turned))
		f, err := v.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if w, h := v.Size(); w != c.width || h != c.height || f.Width() != w || f.Height() != h {
			t.Errorf("%s: the video is %dx%d, its frame %dx%d, want %dx%d", name, w, h, f.Width(), f.Height(), c.width, c.height)
		} else if got := at(f, c.red[0], c.red[1]); !near(got, [3]int{250, 5, 5}, 30) {
			t.Errorf("%s: pixel %v is %v, want red", name, c.red, got)
		}
		f.Release()
	}
}

func TestVideoOfAStrangeName(t *testing.T) {
	v := openVideo(t, record(t, 5))
	got, failed := take(t, v)
	if len(got) != 5 || len(failed) != 0 {
		t.Errorf("%d frames, %v; want 5", len(got), failed)
	}
}

func TestVideoThatIsCutMP4(t *testing.T) {
	path := record(t, 40)
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	// OpenCV writes the index at the end; without it nothing can be read.
	_, err = OpenVideo(write(t, filepath.Join(t.TempDir(), "cut.mp4"), data[:len(data)/2]), VideoOptions{})
	if err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("an MP4 without its index: %v", err)
	}
}

func BenchmarkVideo(b *testing.B) {
	path, _ := vtest(b)
	v := openVideo(b, path)
	b.ReportAllocs()
	for b.Loop() {
		f, err := v.Next(context.Background())
		if errors.Is(err, io.EOF) {
			b.StopTimer()
			v = openVideo(b, path)
			b.StartTimer()
			continue
		}
		if err != nil {
			b.Fatal(err)
		}
		f.Release()
	}
}
