package mic

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/newfiles"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

var quick = WatchOptions{FilesOptions: FilesOptions{Rate: 16000}, Settle: 5 * time.Millisecond, Patience: 100 * time.Millisecond}

func watchFolder(t *testing.T, dir string, o WatchOptions) audio.Source {
	t.Helper()
	w, err := NewWatch(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// whole takes the next recording; only a failing test waits for the end of the minutes.
func whole(t *testing.T, w audio.Source) (h heard) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	for {
		c, err := w.Next(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if c.First != (h.chunks == 0) || c.Start != int64(len(h.samples)) || h.chunks > 0 && c.Meta().Source != h.source {
			t.Fatalf("chunk %d of %s: First %v, at %d after %d samples of %q", h.chunks, c.Meta().Source, c.First, c.Start, len(h.samples), h.source)
		}
		h.source = c.Meta().Source
		h.samples = append(h.samples, c.Samples...)
		h.chunks++
		last := c.Last
		c.Release()
		if last {
			return h
		}
	}
}

func put(t *testing.T, path string, content []byte) string {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestWatch: what is there, what is copied there, what is moved there and what is written anew; other files are not taken.
func TestWatch(t *testing.T) {
	dir := t.TempDir()
	sound := tone(24000, 16000, 440, 0.5)
	ten, two := put(t, filepath.Join(dir, "r10.wav"), plain(16000, 1, sound[:10]...)), put(t, filepath.Join(dir, "r2.wav"), plain(16000, 1, sound[:2]...))
	o := quick
	o.Existing = true
	w := watchFolder(t, dir, o)
	expect := func(path string, want []int16) {
		t.Helper()
		if got := whole(t, w); got.source != path || !slices.Equal(got.samples, want) {
			t.Errorf("%d samples of %s; want %d of %s", len(got.samples), got.source, len(want), path)
		}
	}
	expect(two, sound[:2])
	expect(ten, sound[:10])
	put(t, filepath.Join(dir, "notes.txt"), []byte("no"))
	part := put(t, filepath.Join(dir, ".part.wav"), plain(16000, 1, sound...))
	a := put(t, filepath.Join(dir, "a.wav"), plain(16000, 1, sound[:5000]...))
	expect(a, sound[:5000])
	b := filepath.Join(dir, "b.wav")
	if err := os.Rename(part, b); err != nil {
		t.Fatal(err)
	}
	expect(b, sound)
	put(t, a, plain(16000, 1, sound[:20000]...))
	expect(a, sound[:20000])
	if s := w.Stats(); !s.Endless || w.Live() || s.Sound.Seconds < 3 {
		t.Errorf("%+v", s)
	}
}

// TestWatchWaitsForSlowWriters: a recording that is written in pieces, with pauses longer than it takes to settle, comes once
// and whole.
func TestWatchWaitsForSlowWriters(t *testing.T) {
	dir := t.TempDir()
	w := watchFolder(t, dir, quick)
	path := filepath.Join(dir, "slow.wav")
	sound := tone(16000, 16000, 440, 0.5)
	content := plain(16000, 1, sound...)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if !newfiles.BeingWritten(path) {
		t.Skip("this file system does not say which files are open for writing")
	}
	go func() {
		for i := range 5 {
			if _, err := f.Write(content[i*len(content)/5 : (i+1)*len(content)/5]); err != nil {
				t.Error(err)
			}
			time.Sleep(30 * time.Millisecond)
		}
		f.Close()
	}()
	if got := whole(t, w); got.source != path || !slices.Equal(got.samples, sound) {
		t.Errorf("%d samples of %s", len(got.samples), got.source)
	}
}

// TestWatchBad: what stays unreadable is an error of that file, also in its middle, and others follow.
func TestWatchBad(t *testing.T) {
	dir := t.TempDir()
	w := watchFolder(t, dir, quick)
	for name, want := range map[string]string{"empty.wav": "empty", "text.flac": "no samples", "none.wav": "no samples"} {
		content := map[string][]byte{"text.flac": []byte("no sound"), "none.wav": plain(16000, 1)}[name]
		path := put(t, filepath.Join(dir, name), content)
		c, err := w.Next(t.Context())
		var one *pipeline.ItemError
		if !errors.As(err, &one) || one.Source != path || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v", name, c, err)
		}
	}
	sound := tone(16000, 16000, 440, 0.5)
	content := plain(16000, 1, sound...)
	path := put(t, filepath.Join(dir, "cut.wav"), content[:len(content)/2])
	if got := whole(t, w); got.source != path || len(got.samples) < 7900 {
		t.Errorf("%d samples of %s", len(got.samples), got.source)
	}
	if c, err := w.Next(t.Context()); err == nil || !strings.Contains(err.Error(), "truncated") {
		t.Errorf("%v, %v", c, err)
	}
	put(t, filepath.Join(dir, "good.wav"), content)
	if got := whole(t, w); len(got.samples) != len(sound) {
		t.Errorf("%d samples of %s", len(got.samples), got.source)
	}
}

func TestWatchEnds(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "in")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	w := watchFolder(t, dir, quick)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(10*time.Millisecond, cancel)
	if _, err := w.Next(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("Next whose context ended: %v", err)
	}
	time.AfterFunc(10*time.Millisecond, func() { w.Close() })
	if _, err := w.Next(t.Context()); !errors.Is(err, ErrClosed) {
		t.Errorf("Next when closed: %v", err)
	}
	lost := watchFolder(t, dir, quick)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := lost.Next(t.Context()); err == nil || !strings.Contains(err.Error(), dir) || errors.As(err, new(*pipeline.ItemError)) {
			t.Errorf("Next when the folder is gone: %v", err)
		}
	}
	for _, bad := range []WatchOptions{{}, {FilesOptions: FilesOptions{Rate: 16000, Channel: "x"}}} {
		if _, err := NewWatch(t.TempDir(), bad); err == nil {
			t.Errorf("%+v: no error", bad)
		}
	}
}
