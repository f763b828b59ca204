package camera

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/color"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"corallite/internal/fileglob"
	"corallite/internal/isolate"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

func TestMain(m *testing.M) {
	isolate.Main(Handlers())
	goleak.VerifyTestMain(m)
}

func write(tb testing.TB, path string, data []byte) string {
	tb.Helper()
	if err := os.WriteFile(path, data, 0o644); err != nil {
		tb.Fatal(err)
	}
	return path
}

// take reads a source to its end: the frames' sources in order, and the errors of single items.
func take(t *testing.T, s pipeline.Source[*vision.Frame]) (got []string, failed []*pipeline.ItemError) {
	t.Helper()
	for {
		f, err := s.Next(context.Background())
		var one *pipeline.ItemError
		switch {
		case err == nil:
			if f.Width() == 0 || f.Meta().Time.IsZero() {
				t.Errorf("%s: width %d, time %v", f.Meta().Source, f.Width(), f.Meta().Time)
			}
			got = append(got, f.Meta().Source)
			f.Release()
		case errors.As(err, &one):
			failed = append(failed, one)
		case errors.Is(err, io.EOF):
			return got, failed
		default:
			t.Fatal(err)
		}
	}
}

func TestPicturesGoOnAfterABadOne(t *testing.T) {
	dir := t.TempDir()
	good := pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 4, 4)), color.White))
	first := write(t, filepath.Join(dir, "1.png"), good)
	bad := write(t, filepath.Join(dir, "2.png"), []byte("no picture"))
	empty := write(t, filepath.Join(dir, "3.png"), nil)
	missing := filepath.Join(dir, "missing.png")
	secret := write(t, filepath.Join(dir, "secret.png"), good)
	pipe := filepath.Join(dir, "pipe.png")
	if err := syscall.Mkfifo(pipe, 0o644); err != nil {
		t.Fatal(err)
	}
	names := []string{first, bad, empty, missing, pipe, first}
	want := []string{"not a picture", "empty", "no such file", "not a regular file"}
	if os.Geteuid() != 0 {
		if err := os.Chmod(secret, 0); err != nil {
			t.Fatal(err)
		}
		names, want = append(names, secret), append(want, "permission denied")
	}
	p, err := NewPictures(names...)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if n := p.Stats().Total; n != len(names) {
		t.Errorf("total %d; want %d", n, len(names))
	}
	got, failed := take(t, p)
	if !slices.Equal(got, []string{first, first}) {
		t.Errorf("got %v", got)
	}
	if len(failed) != len(want) {
		t.Fatalf("failed: %v", failed)
	}
	for i, part := range want {
		if failed[i].Source != names[i+1] && i < 4 || !strings.Contains(failed[i].Err.Error(), part) || strings.Contains(failed[i].Err.Error(), dir) {
			t.Errorf("%s: %v; want %q, and the path once", failed[i].Source, failed[i].Err, part)
		}
	}
	if p.ahead.reader.pool.Outstanding() != 0 {
		t.Errorf("%d frames were not released", p.ahead.reader.pool.Outstanding())
	}
}

func TestExpand(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	for _, name := range []string{"img10.png", "img2.png", "img1.PNG", "notes.txt", ".hidden.png", "a[1].jpg", "sub/x.jpg", "sub/IMG_9.tif", "none/readme"} {
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		write(t, name, nil)
	}
	for name, c := range map[string]struct{ names, want []string }{
		"one":               {[]string{"img2.png"}, []string{"img2.png"}},
		"as they are given": {[]string{"img2.png", "img10.png", "img2.png"}, []string{"img2.png", "img10.png", "img2.png"}},
		"pattern":           {[]string{"img*"}, []string{"img1.PNG", "img2.png", "img10.png"}},
		"folder":            {[]string{"."}, []string{"a[1].jpg", "img1.PNG", "img2.png", "img10.png"}},
		"folder with name":  {[]string{"sub"}, []string{"sub/IMG_9.tif", "sub/x.jpg"}},
		"brackets":          {[]string{"a[1].jpg"}, []string{"a[1].jpg"}},
		"each once":         {[]string{"img1*", "*.png", "img2.png"}, []string{"img1.PNG", "img10.png", ".hidden.png", "img2.png", "img2.png"}},
		"missing":           {[]string{"gone.jpg", "img2.png"}, []string{"gone.jpg", "img2.png"}},
		"not only pictures": {[]string{"n*.txt"}, []string{"notes.txt"}},
		"pattern of folder": {[]string{"s*", "img2.*"}, nil},
	} {
		got, err := pictureFiles.Expand(c.names)
		if (err != nil) != (c.want == nil) || !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, %v; want %v", name, got, err, c.want)
		}
	}
	for name, c := range map[string]struct {
		names []string
		want  []string
	}{
		"nothing":         {nil, []string{"no pictures"}},
		"no match":        {[]string{"*.webp", "img2.png"}, []string{"*.webp"}},
		"two":             {[]string{"*.webp", "x?"}, []string{"*.webp", "x?"}},
		"bad pattern":     {[]string{"a[b"}, []string{"a[b"}},
		"empty folder":    {[]string{"none"}, []string{"none", "folder"}},
		"folders matched": {[]string{"su*"}, []string{"su*"}},
	} {
		_, err := NewPictures(c.names...)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestNaturally(t *testing.T) {
	want := []string{"", "2", "10", "a", "a1", "a1b2", "a1b10", "a2", "a002b", "a10", "b", "b00", "b0", "b1", "x99999999999999999999", "x100000000000000000000"}
	got := slices.Clone(want)
	slices.Reverse(got)
	slices.SortFunc(got, fileglob.Naturally)
	// Numbers of one value with another count of zeros are ordered as text.
	i := slices.Index(want, "b00")
	want[i], want[i+1] = "b0", "b00"
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPicturesEnd(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "a.png"), pngOf(t, fill(image.NewNRGBA(image.Rect(0, 0, 4, 4)), color.White)))
	p, err := NewPictures(path, path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := p.Next(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next with a context that ended: %v", err)
	}
	p.Close()
	p.Close()
	if f.Width() != 4 {
		t.Error("a frame that is out is not valid after Close")
	}
	f.Release()
	if _, err := p.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Next after Close: %v, want ErrClosed", err)
	}
}

func TestVeryLargePicture(t *testing.T) {
	if testing.Short() {
		t.Skip("300 MB")
	}
	// A grey PNG of one colour: 10,000 × 10,000 pixels in a small file.
	data := pngOf(t, image.NewGray(image.Rect(0, 0, 10000, 10000)))
	f, err := decoded(t, data)
	if errors.Is(err, errNoMemory) {
		return // refused clearly
	}
	if err != nil || f.Width() != 10000 || f.Height() != 10000 {
		t.Fatalf("%v", err)
	}
	if got := at(f, 9999, 9999); got != [3]int{} {
		t.Errorf("the last pixel is %v", got)
	}
}

func TestIsPicture(t *testing.T) {
	dir := t.TempDir()
	for name, c := range map[string]struct {
		data []byte
		want bool
	}{
		"png": {pngOf(t, image.NewGray(image.Rect(0, 0, 2, 2))), true}, "avi": {[]byte("RIFF1234AVI LIST"), false}, "empty": {nil, false},
		"webp": {fromBase64(t, losslessWebP), true},
	} {
		if got, err := IsPicture(write(t, filepath.Join(dir, name), c.data)); got != c.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	for _, path := range []string{dir, filepath.Join(dir, "missing")} {
		if _, err := IsPicture(path); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestFramesAreReused(t *testing.T) {
	data, err := os.ReadFile(testdata.Path(t, "images/face.jpg"))
	if err != nil {
		t.Fatal(err)
	}
	path := write(t, filepath.Join(t.TempDir(), "a.jpg"), bytes.Clone(data))
	p, err := NewPictures(path, path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	p.ahead.reader.parallel = 1
	var last *vision.Frame
	for range 2 {
		f, err := p.Next(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		if last != nil && f != last {
			t.Error("a new frame was made though one was free")
		}
		last = f
		f.Release()
	}
}

func BenchmarkPictureJPEG(b *testing.B) {
	data, err := os.ReadFile(testdata.Path(b, "images/cat_720p.jpg"))
	if err != nil {
		b.Fatal(err)
	}
	pool := vision.NewPool(1)
	defer pool.Close()
	b.ReportAllocs()
	for b.Loop() {
		f, err := pool.Get()
		if err == nil {
			err = decodeWhole(data, f, true)
		}
		if err != nil {
			b.Fatal(err)
		}
		f.Release()
	}
}
