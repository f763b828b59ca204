package annotate

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/output"
)

func newPictures(tb testing.TB, dir string) *Pictures {
	tb.Helper()
	s, err := NewPictures(PicturesOptions{Dir: dir})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeSink(tb, s) })
	return s
}

func TestPictureFormats(t *testing.T) {
	dir := t.TempDir()
	s := newPictures(t, dir)
	for source, want := range map[string]string{
		"in/one.jpg": "one.jpg", "in/TWO.JPEG": "TWO.JPEG", "in/three.png": "three.png", "in/four.webp": "four.webp",
		"in/five.bmp": "five.bmp", "in/six.tiff": "six.tiff", "in/seven.gif": "seven.png", "in/eight": "eight.png",
	} {
		consume(t, s, report(t, grey(320, 240), source, 0, 0))
		got := readPicture(t, filepath.Join(dir, want))
		if got.Cols() != 320 || got.Rows() != 240 {
			t.Errorf("%s: %d×%d pixels; want 320×240", want, got.Cols(), got.Rows())
		}
		wantBoxDrawn(t, got)
	}
	if n := len(files(t, dir)); n != 8 {
		t.Errorf("%d files; want 8: %q", n, files(t, dir))
	}
	for ext, magic := range map[string]string{"one.jpg": "\xff\xd8\xff", "four.webp": "RIFF", "five.bmp": "BM", "seven.png": "\x89PNG"} {
		data, err := os.ReadFile(filepath.Join(dir, ext))
		if err != nil || !bytes.HasPrefix(data, []byte(magic)) {
			t.Errorf("%s is not in the format of its name (%v)", ext, err)
		}
	}
}

func TestPictureOutsideTheDrawingStaysTheSame(t *testing.T) {
	dir := t.TempDir()
	in := testPicture(t, "images/cat.bmp")
	before := in.Clone()
	defer before.Close()
	s := newPictures(t, dir)
	r := report(t, in, "cat.bmp", 0, 0)
	r.Item.Retain()
	consume(t, s, r)
	now := in
	if !sameRows(now, before, 0, before.Rows()) {
		t.Error("the frame itself was drawn on")
	}
	r.Item.Release()
	got := readPicture(t, filepath.Join(dir, "cat.bmp"))
	if !sameRows(got, before, 130, before.Rows()) {
		t.Error("the copy differs below the box")
	}
	if sameRows(got, before, 40, 110) {
		t.Error("nothing was drawn")
	}
}

func sameRows(a, b gocv.Mat, from, to int) bool {
	x, err1 := a.DataPtrUint8()
	y, err2 := b.DataPtrUint8()
	row := 3 * a.Cols()
	return err1 == nil && err2 == nil && bytes.Equal(x[from*row:to*row], y[from*row:to*row])
}

func TestPictureNamesDoNotCollide(t *testing.T) {
	dir := t.TempDir()
	s := newPictures(t, dir)
	for _, source := range []string{"a/cat.jpg", "b/cat.jpg", "c/CAT.jpg", "a/cat.gif", "b/cat.png", "a/cat.jpg"} {
		consume(t, s, report(t, grey(64, 48), source, 0, 0))
	}
	wantFiles(t, dir, "CAT-3.jpg", "cat-2.jpg", "cat-2.png", "cat.jpg", "cat.png")
}

func TestFramesAsPictures(t *testing.T) {
	dir := t.TempDir()
	s := newPictures(t, dir)
	for i, source := range []string{"a/walk.avi", "a/walk.avi", "b/walk.avi", "camera:0"} {
		consume(t, s, report(t, grey(64, 48), source, 122+i, 10))
	}
	wantFiles(t, dir, "camera-0-000125.jpg", "walk-000122.jpg", "walk-000123.jpg", "walk-2-000124.jpg")
}

func TestOriginalsAreNotReplaced(t *testing.T) {
	dir := t.TempDir()
	original := filepath.Join(dir, "in", "cat.png")
	if err := os.MkdirAll(filepath.Dir(original), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(original, []byte("the original"), 0o666); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := os.Symlink("in", out); err != nil {
		t.Fatal(err)
	}
	links := filepath.Join(dir, "links")
	if err := os.Mkdir(links, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(original, filepath.Join(links, "cat.png")); err != nil {
		t.Fatal(err)
	}
	for what, c := range map[string]struct{ dir, source string }{
		"the same folder":     {filepath.Join(dir, "in"), original},
		"a link to it":        {out, original},
		"a link to the file":  {filepath.Join(dir, "in"), filepath.Join(links, "cat.png")},
		"the folder of links": {links, original},
	} {
		t.Run(what, func(t *testing.T) {
			err := consumeFails(t, newPictures(t, c.dir), report(t, grey(64, 48), c.source, 0, 0))
			if !strings.Contains(err.Error(), "choose another output folder") {
				t.Errorf("%q does not say what to do", err)
			}
		})
	}
	if data, err := os.ReadFile(original); err != nil || string(data) != "the original" {
		t.Errorf("the original is now %q, %v", data, err)
	}
	wantFiles(t, filepath.Join(dir, "in"), "cat.png")
	wantFiles(t, links, "cat.png")
}

// TestPartsAreNotFollowed plants symbolic links at the names of temporary files.
func TestPartsAreNotFollowed(t *testing.T) {
	dir := t.TempDir()
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"cat.png.part", "walk.part.mp4"} {
		if err := os.Symlink(secret, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	s, err := NewFolder(FolderOptions{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	consume(t, s, report(t, grey(64, 48), "in/cat.png", 0, 0))
	consume(t, s, report(t, grey(64, 48), "in/walk.avi", 0, 10))
	closeSink(t, s)
	if data, err := os.ReadFile(secret); err != nil || string(data) != "secret" {
		t.Errorf("the file that the links point to has %d bytes, %v", len(data), err)
	}
	wantFiles(t, dir, "cat.png", "walk.mp4")
}

func TestPictureInFolderThatWentAway(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "out")
	s := newPictures(t, dir)
	if err := os.Remove(dir); err != nil {
		t.Fatal(err)
	}
	consume(t, s, report(t, grey(64, 48), "in/cat.png", 0, 0)) // it is made again
	wantFiles(t, dir, "cat.png")
	if err := errors.Join(os.RemoveAll(dir), os.WriteFile(dir, nil, 0o666)); err != nil {
		t.Fatal(err)
	}
	err := consumeFails(t, s, report(t, grey(64, 48), "in/dog.png", 1, 0))
	if !errors.Is(err, syscall.ENOTDIR) || !strings.Contains(err.Error(), filepath.Join(dir, "dog.png")) {
		t.Errorf("got %q", err)
	}
}

// TestEarlierCopiesStay runs twice into the same folder: nothing that was there is replaced, and that is said once.
func TestEarlierCopiesStay(t *testing.T) {
	dir := t.TempDir()
	var said []string
	run := func(overwrite bool) {
		s, err := NewFolder(FolderOptions{Dir: dir, Overwrite: overwrite, Notice: func(existing, used string) {
			said = append(said, filepath.Base(existing)+" "+filepath.Base(used))
		}})
		if err != nil {
			t.Fatal(err)
		}
		defer closeSink(t, s)
		consume(t, s, report(t, grey(64, 48), "in/cat.png", 0, 0))
		consume(t, s, report(t, grey(64, 48), "in/dog.png", 1, 0))
		consume(t, s, report(t, grey(64, 48), "in/walk.avi", 2, 10))
	}
	run(false)
	mine := filepath.Join(dir, "cat.png")
	if err := os.WriteFile(mine, []byte("mine"), 0o666); err != nil {
		t.Fatal(err)
	}
	run(false)
	run(false)
	wantFiles(t, dir, "cat-2.png", "cat-3.png", "cat.png", "dog-2.png", "dog-3.png", "dog.png", "walk-2.mp4", "walk-3.mp4", "walk.mp4")
	if data, _ := os.ReadFile(mine); string(data) != "mine" {
		t.Errorf("cat.png is now %d bytes", len(data))
	}
	if want := []string{"cat.png cat-2.png", "cat.png cat-3.png"}; !slices.Equal(said, want) {
		t.Errorf("said %q, want %q", said, want)
	}
	run(true)
	if data, _ := os.ReadFile(mine); string(data) == "mine" {
		t.Error("told to, it did not replace cat.png")
	}
	if n := len(files(t, dir)); n != 9 || len(said) != 2 {
		t.Errorf("%d files, said %q", n, said)
	}
}

// TestEarlierFramesStay is the same for the frames of a camera, which are numbered from the start in every run.
func TestEarlierFramesStay(t *testing.T) {
	dir := t.TempDir()
	for _, numbers := range [][]int{{1, 3}, {0, 2}, {0}} {
		s, err := NewPictures(PicturesOptions{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range numbers {
			consume(t, s, report(t, grey(64, 48), "camera:0", n, 10))
		}
		closeSink(t, s)
	}
	wantFiles(t, dir, "camera-0-000001.jpg", "camera-0-000003.jpg", "camera-0-2-000000.jpg", "camera-0-2-000002.jpg", "camera-0-3-000000.jpg")
}

func TestOneWriterAFolder(t *testing.T) {
	dir := t.TempDir()
	s := newPictures(t, dir)
	var locked *output.LockedError
	if _, err := NewFolder(FolderOptions{Dir: dir}); !errors.As(err, &locked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("%v: want that somebody writes into the folder", err)
	}
	closeSink(t, s)
	newPictures(t, dir)
}

func TestSmallestPicture(t *testing.T) {
	dir := t.TempDir()
	consume(t, newPictures(t, dir), report(t, grey(1, 1), "in/dot.png", 0, 0))
	if m := readPicture(t, filepath.Join(dir, "dot.png")); m.Cols() != 1 || m.Rows() != 1 {
		t.Errorf("%d×%d pixels; want 1×1", m.Cols(), m.Rows())
	}
}

func TestFormatsThatAreTooSmall(t *testing.T) {
	for _, c := range []struct {
		source string
		width  int
		want   string
	}{
		{"a.jpg", 65500, ".jpg"}, {"a.jpg", 65501, ".png"}, {"a.webp", 16383, ".webp"}, {"a.webp", 16384, ".png"},
		{"a.bmp", 100000, ".bmp"}, {"a.heic", 10, ".png"},
	} {
		if got := extensionFor(c.source, c.width, 5); got != c.want {
			t.Errorf("%s, %d pixels wide: %s; want %s", c.source, c.width, got, c.want)
		}
	}
}

func TestStemOf(t *testing.T) {
	long := strings.Repeat("ü", 150)
	for source, want := range map[string]string{
		"a/b/walk.avi": "walk", "walk": "walk", "camera:0": "camera-0", "a/.jpg": "unnamed", "..": "unnamed", "": "unnamed",
		"a/50% off.jpg": "50% off", "a/12:30.jpg": "12-30", "a/x\n.png": "x-", "日本.jpg": "日本",
		"rtsp://me:secret@10.0.0.5:554/live/1?token=x": "10.0.0.5-live-1", "http://cam/a.mjpg": "cam-a.mjpg",
		long + ".png": strings.Repeat("ü", 100),
	} {
		if got := stemOf(source); got != want {
			t.Errorf("%q: %q; want %q", source, got, want)
		}
	}
}
