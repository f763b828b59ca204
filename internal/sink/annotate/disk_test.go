//go:build linux

package annotate

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"gocv.io/x/gocv"
	"golang.org/x/sys/unix"

	"corallite/pipeline"
)

// smallDisk is a folder on a disk of that many bytes. Only root can have one.
func smallDisk(t *testing.T, bytes int) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", bytes)); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// noise returns a picture that does not compress.
func noise(width, height int) gocv.Mat {
	m := gocv.NewMatWithSize(height, width, gocv.MatTypeCV8UC3)
	low, high := gocv.NewScalar(0, 0, 0, 0), gocv.NewScalar(255, 255, 255, 0)
	gocv.RandU(&m, low, high)
	return m
}

func TestVideoOnFullDisk(t *testing.T) {
	for _, codec := range codecs {
		t.Run(codec, func(t *testing.T) {
			dir := smallDisk(t, 1<<20)
			s, err := NewFolder(FolderOptions{Dir: dir, Codec: codec})
			if err != nil {
				t.Fatal(err)
			}
			defer closeSink(t, s)
			var failed error
			for i := range 100 {
				r := report(t, noise(320, 240), "in/v.avi", i, 10)
				if err := s.Consume(t.Context(), r); err != nil {
					if failed != nil {
						t.Fatalf("frame %d: told twice: %v", i, err)
					}
					failed = err
				}
				r.Item.Release()
			}
			var one *pipeline.ItemError
			if !errors.Is(failed, syscall.ENOSPC) || !errors.As(failed, &one) || !strings.Contains(failed.Error(), filepath.Join(dir, "v.mp4")) {
				t.Fatalf("got %v; want an item's error that names the file and the full disk", failed)
			}
			wantFiles(t, dir)
			// With room on the disk again, the next video is written.
			consume(t, s, report(t, grey(64, 48), "in/w.avi", 0, 10))
			closeSink(t, s)
			wantFiles(t, dir, "w.mp4")
		})
	}
}

func TestPicturesOnFullDisk(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	s := newPictures(t, dir)
	failed := 0
	for i := range 10 {
		r := report(t, noise(320, 240), fmt.Sprintf("in/%d.bmp", i), i, 0) // 225 kB each
		if err := s.Consume(t.Context(), r); err != nil {
			failed++
			if path := filepath.Join(dir, fmt.Sprintf("%d.bmp", i)); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
				t.Errorf("%v does not name %s and the full disk", err, path)
			}
		}
		r.Item.Release()
	}
	wantFiles(t, dir, "0.bmp", "1.bmp", "2.bmp", "3.bmp")
	if failed != 6 {
		t.Errorf("%d pictures failed; want 6", failed)
	}
}

// TestEarlierCopyOnFullDisk replaces a copy where there is no room: what was there stays.
func TestEarlierCopyOnFullDisk(t *testing.T) {
	dir := smallDisk(t, 1<<20)
	s, err := NewPictures(PicturesOptions{Dir: dir, Overwrite: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closeSink(t, s)
	path, fill := filepath.Join(dir, "cat.bmp"), filepath.Join(dir, "fill")
	if err := errors.Join(os.WriteFile(path, []byte("of an earlier run"), 0o666), os.WriteFile(fill, make([]byte, 900<<10), 0o666)); err != nil {
		t.Fatal(err)
	}
	err = consumeFails(t, s, report(t, noise(320, 240), "in/cat.bmp", 0, 0))
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), path) {
		t.Errorf("%q does not name %s and the full disk", err, path)
	}
	wantFiles(t, dir, "cat.bmp", "fill")
	if data, _ := os.ReadFile(path); string(data) != "of an earlier run" {
		t.Errorf("the earlier copy is now %q", data)
	}
	if err := os.Remove(fill); err != nil {
		t.Fatal(err)
	}
	consume(t, s, report(t, noise(320, 240), "in/cat.bmp", 1, 0))
	readPicture(t, path)
}

// TestLostWritesAreNoticed writes a video in a process whose files may not grow beyond a limit: OpenCV says nothing of
// the writes that fail.
func TestLostWritesAreNoticed(t *testing.T) {
	const key = "CORALLITE_TEST_LIMITED"
	if dir := os.Getenv(key); dir != "" {
		writeLimited(t, dir)
		return
	}
	for _, codec := range codecs {
		t.Run(codec, func(t *testing.T) {
			dir := t.TempDir()
			cmd := exec.Command(os.Args[0], "-test.run=^TestLostWritesAreNoticed$", "-test.v")
			cmd.Env = append(os.Environ(), key+"="+dir, "CORALLITE_TEST_CODEC="+codec)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			wantFiles(t, dir)
		})
	}
}

func writeLimited(t *testing.T, dir string) {
	signal.Ignore(syscall.SIGXFSZ) // so that the write fails instead
	path := filepath.Join(dir, "v.mp4")
	s := newVideo(t, VideoOptions{Path: path, Codec: os.Getenv("CORALLITE_TEST_CODEC")})
	limit := unix.Rlimit{Cur: 100_000, Max: 100_000}
	if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	var failed error
	for i := range 30 {
		r := report(t, noise(320, 240), "in/v.avi", i, 10)
		failed = errors.Join(failed, s.Consume(t.Context(), r))
		r.Item.Release()
	}
	if failed = errors.Join(failed, s.Close()); !errors.Is(failed, syscall.EFBIG) || !strings.Contains(failed.Error(), path) {
		t.Errorf("got %v; want the file's name and %v", failed, syscall.EFBIG)
	}
}
