package camera

import (
	"context"
	"errors"
	"fmt"
	"image"
	"image/color"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

var quick = WatchOptions{Settle: 5 * time.Millisecond, Patience: 100 * time.Millisecond}

// within is a context for what comes soon; only a failing test waits for its end.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func watch(t *testing.T, dir string, o WatchOptions) *Watch {
	t.Helper()
	w, err := NewWatch(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Close() })
	return w
}

// expect takes the next picture and checks its path and its first pixel's red.
func expect(t *testing.T, w *Watch, path string, red int) {
	t.Helper()
	f, err := w.Next(within(t))
	if err != nil {
		t.Fatalf("waiting for %s: %v", path, err)
	}
	defer f.Release()
	if f.Meta().Source != path || at(f, 0, 0)[0] != red {
		t.Errorf("got %s with red %d, want %s with %d", f.Meta().Source, at(f, 0, 0)[0], path, red)
	}
}

func reds(tb testing.TB, red uint8) []byte {
	return pngOf(tb, fill(image.NewNRGBA(image.Rect(0, 0, 40, 30)), color.NRGBA{red, 0, 0, 255}))
}

func TestWatchTakesNewPictures(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "old.png"), reds(t, 1))
	w := watch(t, dir, quick)
	write(t, filepath.Join(dir, "notes.txt"), []byte("no"))
	write(t, filepath.Join(dir, ".part.png"), reds(t, 2))
	a := write(t, filepath.Join(dir, "a.png"), reds(t, 10))
	expect(t, w, a, 10)
	b := filepath.Join(dir, "b.png")
	if err := os.Rename(filepath.Join(dir, ".part.png"), b); err != nil {
		t.Fatal(err)
	}
	expect(t, w, b, 2)
	write(t, a, append(reds(t, 30), 0)) // written anew, with another size
	expect(t, w, a, 30)
	if err := os.Remove(a); err != nil {
		t.Fatal(err)
	}
	write(t, a, reds(t, 40))
	expect(t, w, a, 40)
}

func TestWatchTakesExistingPicturesFirst(t *testing.T) {
	dir := t.TempDir()
	ten := write(t, filepath.Join(dir, "p10.png"), reds(t, 10))
	two := write(t, filepath.Join(dir, "p2.png"), reds(t, 2))
	o := quick
	o.Existing = true
	w := watch(t, dir, o)
	expect(t, w, two, 2)
	expect(t, w, ten, 10)
	fresh := write(t, filepath.Join(dir, "p3.png"), reds(t, 3))
	expect(t, w, fresh, 3)
}

// A picture that is written in pieces, with pauses that are longer than it takes to settle, comes once and whole.
func TestWatchWaitsForSlowWriters(t *testing.T) {
	upright, _ := blocks()
	for name, data := range map[string][]byte{
		"slow.jpg": jpegOf(t, upright), "slow.png": pngOf(t, upright), "slow.bmp": bmpOf(48, 32, [3]byte{255, 0, 0}), "slow.tif": tiffOf(upright, 8, 1),
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			o := quick
			o.Patience = time.Minute
			w := watch(t, dir, o)
			path := filepath.Join(dir, name)
			go func() {
				f, err := os.Create(path)
				if err != nil {
					t.Error(err)
					return
				}
				defer f.Close()
				for i := range 5 {
					if _, err := f.Write(data[i*len(data)/5 : (i+1)*len(data)/5]); err != nil {
						t.Error(err)
					}
					time.Sleep(20 * time.Millisecond)
				}
			}()
			f, err := w.Next(within(t))
			if err != nil {
				t.Fatal(err)
			}
			defer f.Release()
			if f.Width() != 48 || f.Height() != 32 || !near(at(f, 8, 8), [3]int{255, 0, 0}, 4) {
				t.Errorf("%dx%d, first pixel %v", f.Width(), f.Height(), at(f, 8, 8))
			}
		})
	}
}

func TestWatchGivesUpOnWhatStaysBad(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, quick)
	for name, want := range map[string]string{"empty.png": "empty", "text.png": "not a picture", "half.png": "damaged PNG"} {
		data := map[string][]byte{"text.png": []byte("no picture"), "half.png": reds(t, 1)[:40]}[name]
		path := write(t, filepath.Join(dir, name), data)
		_, err := w.Next(within(t))
		var one *pipeline.ItemError
		if !errors.As(err, &one) || one.Source != path || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want an ItemError that says %q", name, err, want)
		}
	}
	good := write(t, filepath.Join(dir, "good.png"), reds(t, 9))
	expect(t, w, good, 9)
	again := write(t, filepath.Join(dir, "half.png"), reds(t, 7)) // now complete
	expect(t, w, again, 7)
}

func TestWatchDropsNothing(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, quick)
	want := map[string]bool{}
	for i := range 60 {
		want[write(t, filepath.Join(dir, fmt.Sprintf("%d.png", i)), reds(t, uint8(i)))] = true
	}
	for range 60 {
		f, err := w.Next(within(t))
		if err != nil {
			t.Fatalf("%v; %d are missing", err, len(want))
		}
		if !want[f.Meta().Source] {
			t.Errorf("%s comes twice or from nowhere", f.Meta().Source)
		}
		delete(want, f.Meta().Source)
		f.Release()
	}
}

func TestWatchEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w := watch(t, dir, quick)
	ctx, cancel := context.WithCancel(context.Background())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next whose context ended: %v", err)
	}
	if w.Live() {
		t.Error("a watched folder is live")
	}
	time.AfterFunc(10*time.Millisecond, func() { w.Close() })
	if _, err := w.Next(context.Background()); !errors.Is(err, ErrClosed) {
		t.Errorf("Next when closed: %v, want ErrClosed", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	lost := watch(t, dir, quick)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := lost.Next(within(t)); err == nil || !strings.Contains(err.Error(), dir) || errors.As(err, new(*pipeline.ItemError)) {
			t.Errorf("Next when the folder is gone: %v", err)
		}
	}
	for _, path := range []string{dir, write(t, filepath.Join(t.TempDir(), "file"), nil)} {
		if _, err := NewWatch(path, WatchOptions{}); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("watching %s: %v", path, err)
		}
	}
}
