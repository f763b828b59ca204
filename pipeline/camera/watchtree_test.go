package camera

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

func tree() WatchOptions {
	o := quick
	o.Recursive = true
	return o
}

func mkdir(t *testing.T, path ...string) string {
	t.Helper()
	dir := filepath.Join(path...)
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestWatchTree takes pictures from folders below: those that are there, that are made later, with folders in them, and that are
// moved in with pictures in them; not from hidden ones, and not from one that was moved away.
func TestWatchTree(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	mkdir(t, dir, "a", "b")
	write(t, filepath.Join(mkdir(t, dir, ".trash"), "no.png"), reds(t, 99))
	old := write(t, filepath.Join(dir, "a", "b", "old.png"), reds(t, 1))
	o := tree()
	o.Existing = true
	w := watch(t, dir, o)
	expect(t, w, old, 1)
	expect(t, w, write(t, filepath.Join(dir, "a", "new.png"), reds(t, 2)), 2)
	expect(t, w, write(t, filepath.Join(mkdir(t, dir, "c", "d", "e"), "deep.png"), reds(t, 3)), 3)

	write(t, filepath.Join(mkdir(t, outside, "roll", "inner"), "p.png"), reds(t, 4))
	rename(t, filepath.Join(outside, "roll"), filepath.Join(dir, "roll"))
	expect(t, w, filepath.Join(dir, "roll", "inner", "p.png"), 4)
	expect(t, w, write(t, filepath.Join(dir, "roll", "inner", "q.png"), reds(t, 5)), 5)

	rename(t, filepath.Join(dir, "roll"), filepath.Join(dir, "renamed")) // in it, they are other pictures
	expect(t, w, filepath.Join(dir, "renamed", "inner", "p.png"), 4)
	expect(t, w, filepath.Join(dir, "renamed", "inner", "q.png"), 5)
	expect(t, w, write(t, filepath.Join(dir, "renamed", "inner", "r.png"), reds(t, 6)), 6)

	rename(t, filepath.Join(dir, "renamed"), filepath.Join(outside, "away"))
	write(t, filepath.Join(outside, "away", "inner", "s.png"), reds(t, 98))
	if err := os.RemoveAll(filepath.Join(dir, "c")); err != nil {
		t.Fatal(err)
	}
	expect(t, w, write(t, filepath.Join(mkdir(t, dir, "c"), "again.png"), reds(t, 7)), 7)
	expect(t, w, write(t, filepath.Join(dir, "last.png"), reds(t, 8)), 8)
}

// TestWatchTreeOfNewPictures leaves what is there before alone, in all folders.
func TestWatchTreeOfNewPictures(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(mkdir(t, dir, "a", "b"), "old.png"), reds(t, 1))
	w := watch(t, dir, tree())
	expect(t, w, write(t, filepath.Join(dir, "a", "b", "new.png"), reds(t, 2)), 2)
}

// TestWatchTreeLoops follows links to folders, each folder once: links to a folder above, to itself and to nothing end.
func TestWatchTreeLoops(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	mkdir(t, dir, "a")
	for link, to := range map[string]string{"a/up": dir, "a/self": ".", "nothing": "/does/not/exist", "loop": "loop", "out": outside} {
		if err := os.Symlink(to, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	w := watch(t, dir, tree())
	write(t, filepath.Join(outside, "p.png"), reds(t, 3))
	expect(t, w, filepath.Join(dir, "out", "p.png"), 3)
	expect(t, w, write(t, filepath.Join(dir, "a", "q.png"), reds(t, 4)), 4)
}

// TestWatchFlat leaves folders below alone unless asked.
func TestWatchFlat(t *testing.T) {
	dir := t.TempDir()
	w := watch(t, dir, quick)
	write(t, filepath.Join(mkdir(t, dir, "below"), "no.png"), reds(t, 1))
	expect(t, w, write(t, filepath.Join(dir, "yes.png"), reds(t, 2)), 2)
}

// TestWatchManyFolders makes many folders at once, each with a picture that is there as soon as the folder.
func TestWatchManyFolders(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	w := watch(t, dir, tree())
	const n = 40
	for i := range n {
		from := mkdir(t, outside, fmt.Sprintf("x%d", i), "y")
		write(t, filepath.Join(from, "p.png"), reds(t, uint8(i)))
		rename(t, filepath.Dir(from), filepath.Join(dir, filepath.Base(filepath.Dir(from))))
	}
	got := map[string]bool{}
	for range n {
		f, err := w.Next(within(t))
		if err != nil {
			t.Fatalf("after %d pictures: %v", len(got), err)
		}
		got[f.Meta().Source] = true
		f.Release()
	}
	if len(got) != n {
		t.Errorf("%d different pictures of %d", len(got), n)
	}
}
