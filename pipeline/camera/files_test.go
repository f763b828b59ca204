package camera

import (
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"corallite/internal/pipetest"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// shortVideo is the beginning of vtest.avi, cut off in the middle of a frame.
func shortVideo(t *testing.T, dir string) string {
	t.Helper()
	whole, err := os.ReadFile(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	return write(t, filepath.Join(dir, "short.avi"), whole[:300_000])
}

func TestFilesInTheirOrder(t *testing.T) {
	dir := t.TempDir()
	still := pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 4, 4)), color.White))
	names := []string{
		write(t, filepath.Join(dir, "z.png"), still), shortVideo(t, dir), filepath.Join(dir, "missing.jpg"),
		write(t, filepath.Join(dir, "empty.mp4"), nil), write(t, filepath.Join(dir, "a.png"), still),
	}
	s, err := NewFiles(names...)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Still() || s.Len() != 5 || !slices.Equal(s.Names(), names) {
		t.Errorf("still %v, %d files, %v", s.Still(), s.Len(), s.Names())
	}
	got, failed := take(t, s)
	frames := len(got) - 2
	if frames < 5 || got[0] != names[0] || got[len(got)-1] != names[4] {
		t.Fatalf("%d items: %v", len(got), got)
	}
	for _, source := range got[1 : frames+1] {
		if source != names[1] {
			t.Errorf("a frame of %s among those of the video", source)
		}
	}
	var of []string
	for _, e := range failed {
		of = append(of, e.Source)
	}
	if !slices.Equal(of, names[1:4]) { // the video ends early, and says so
		t.Errorf("failed: %v", failed)
	}
}

func TestFilesTotal(t *testing.T) {
	dir := t.TempDir()
	still := pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 4, 4)), color.White))
	write(t, filepath.Join(dir, "1.png"), still)
	write(t, filepath.Join(dir, "2.png"), still)
	s, err := NewFiles(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if n := s.Stats().Total; n != 2 || !s.Still() {
		t.Errorf("total %d, still %v", n, s.Still())
	}
	v, err := NewFiles(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	f, err := v.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	f.Release()
	if n := v.Stats().Total; n != 795 {
		t.Errorf("total %d of one video, want 795", n)
	}
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := v.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close: %v", err)
	}
}

func TestFilesIsASource(t *testing.T) {
	dir := t.TempDir()
	still := pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 4, 4)), color.White))
	names := []string{write(t, filepath.Join(dir, "1.png"), still), shortVideo(t, dir), write(t, filepath.Join(dir, "2.png"), still)}
	count, err := NewFiles(names...)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := take(t, count)
	if _, err := count.Next(context.Background()); !errors.Is(err, io.EOF) {
		t.Errorf("Next after the end: %v", err)
	}
	if err := count.Close(); err != nil {
		t.Fatal(err)
	}
	pipetest.TestSource(t, pipetest.SourceCase[*vision.Frame]{
		Items: len(got),
		Open:  func() (pipeline.Source[*vision.Frame], error) { return NewFiles(names...) },
	})
}

// TestFilesForASingleUse: frames of a video among files give their planes back once a model's input is made of them.
func TestFilesForASingleUse(t *testing.T) {
	files, err := NewFiles(shortVideo(t, t.TempDir()))
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSelect(files, SelectOptions{Every: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	s.SingleUse()
	info := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 8, 8, 3}}
	in, err := vision.NewInput(info, vision.InputOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	dst := tensor.Tensor{Info: info, Data: make([]byte, info.Elements())}
	for n := range 3 {
		f, err := s.Next(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := in.Prepare(dst, f); err != nil {
			t.Error(err)
		}
		if m := f.Mat(); n > 0 && !m.Empty() { // the first was read before the source knew
			t.Errorf("frame %d still has its picture", n)
		}
		f.Release()
	}
}
