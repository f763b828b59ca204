package models

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"corallite/internal/filesum"
)

// damage changes up to 64 bytes of a file and leaves its size and its time of modification as they were.
func damage(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	some := make([]byte, min(64, info.Size()))
	if _, err := f.ReadAt(some, 0); err != nil {
		t.Fatal(err)
	}
	for i := range some {
		some[i] ^= 0x55
	}
	if _, err := f.WriteAt(some, 0); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, info.ModTime(), info.ModTime()); err != nil {
		t.Fatal(err)
	}
}

// boxed is a Store that has the model "boxed", of two files, in its cache, and remembers files at once.
func boxed(t *testing.T) (*Store, Found) {
	t.Helper()
	b := newBox(t)
	mirror := t.TempDir()
	write(t, filepath.Join(mirror, sumOf(b.wheel)), b.wheel)
	s := b.store(t, Options{Mirror: mirror})
	s.settled = 0
	found, err := s.Pull(context.Background(), "boxed", nil)
	b.want(t, found, err)
	return s, found
}

// again is a Store of the same cache, as a later process has it.
func again(s *Store) *Store {
	next := open(Options{Cache: s.cache, Downloads: s.downloads, Mirror: s.mirror}, s.catalog)
	next.settled = s.settled
	return next
}

// TestDamageIsFound: no way gives out a file with a wrong sha256, whichever file of the model it is, and whether the
// file was remembered before or not.
func TestDamageIsFound(t *testing.T) {
	for _, file := range []string{"boxed.tflite", "boxed.json"} {
		s, found := boxed(t)
		path := filepath.Join(filepath.Dir(found.Model), file)
		damage(t, path)
		for _, s := range []*Store{s, again(s)} {
			_, err1 := s.Find("boxed")
			_, err2 := s.Path("boxed")
			_, err3 := s.Find("boxed.tflite")
			for _, err := range []error{err1, err2, err3, s.Check(path)} {
				wantError(t, err, "model boxed: ", path, "sha256 mismatch", "want ", "`corallite models pull boxed`")
				if !isWrong(err) {
					t.Errorf("%T", err)
				}
			}
			if file == "boxed.tflite" {
				_, err := s.Find(path)
				wantError(t, err, "model boxed: ", "`corallite models pull boxed`")
			}
		}
		if _, err := s.Pull(context.Background(), "boxed", nil); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Find("boxed"); err != nil {
			t.Error(err)
		}
	}
	// Half a file is no file of the right size.
	s, found := boxed(t)
	if err := os.Truncate(found.Model, 100); err != nil {
		t.Fatal(err)
	}
	_, err := again(s).Find("boxed")
	wantError(t, err, found.Model, "sha256 mismatch", "`corallite models pull boxed`")
}

// isRead says whether a file is read while f runs, by its time of access, which must be of long ago: reading moves it on
// (with relatime only when it is older than a day).
func isRead(t *testing.T, path string, f func()) bool {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	before := info.Sys().(*syscall.Stat_t).Atim
	f()
	if info, err = os.Stat(path); err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Atim != before
}

// TestCheckedOnce: a file is read once, also by later processes, and again when it may have changed.
func TestCheckedOnce(t *testing.T) {
	s, found := boxed(t)
	old := time.Now().Add(-72 * time.Hour)
	find := func(s *Store) func() {
		return func() {
			t.Helper()
			if _, err := s.Find("boxed"); err != nil {
				t.Fatal(err)
			}
		}
	}
	touch := func() {
		t.Helper()
		if err := os.Chtimes(found.Model, old, old); err != nil {
			t.Fatal(err)
		}
	}
	touch()
	if !isRead(t, found.Model, find(s)) {
		t.Skip("this file system does not keep the time of access (noatime)")
	}
	touch()
	s = again(s)
	if !isRead(t, found.Model, find(s)) {
		t.Error("its time of change is another, and it is not read")
	}
	// From here on it is left alone, so that the access that was seen is the last.
	for name, s := range map[string]*Store{"the same process": s, "a later one": again(s)} {
		data, err := os.ReadFile(s.checkedPlace(&s.catalog.entries[0], s.catalog.entries[0].Files.Model))
		if err != nil || !strings.Contains(string(data), `"inode":`) {
			t.Fatalf("%s: the record: %s, %v", name, data, err)
		}
		if !s.remembers(&s.catalog.entries[0], s.catalog.entries[0].Files.Model, s.catalog.entries[0].Files.Model.SHA256) {
			t.Errorf("%s does not remember it", name)
		}
		if s.remembers(&s.catalog.entries[0], s.catalog.entries[0].Files.Model, sumOf(nil)) {
			t.Errorf("%s takes it for another catalog's", name)
		}
	}
	if err := s.Remove(context.Background(), "boxed"); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(filepath.Join(s.cache, "checked")); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

// TestPoisonedRecord: a record that is cut off, of another file, or no record at all makes nothing right.
func TestPoisonedRecord(t *testing.T) {
	s, found := boxed(t)
	e := &s.catalog.entries[0]
	place := s.checkedPlace(e, e.Files.Model)
	if _, err := s.Find("boxed"); err != nil {
		t.Fatal(err)
	}
	record, err := os.ReadFile(place)
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.ReadFile(s.checkedPlace(e, e.Files.Manifest))
	if err != nil {
		t.Fatal(err)
	}
	damage(t, found.Model)
	poison := map[string][]byte{"as it was": record, "another file's": other, "of zeros": make([]byte, len(record)), "{}": []byte("{}")}
	for n := range len(record) - 2 {
		poison[string(record[:n])] = record[:n]
	}
	for name, data := range poison {
		write(t, place, data)
		if _, err := again(s).Find("boxed"); !isWrong(err) {
			t.Errorf("record %q: %v", name, err)
		}
	}
	if err := os.RemoveAll(place); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(place, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := again(s).Find("boxed"); !isWrong(err) {
		t.Errorf("a named pipe as the record: %v", err)
	}
}

// TestDamageWithoutAChange: a disk can lose bits of a file whose times stay. Verify reads it, and what it found holds.
func TestDamageWithoutAChange(t *testing.T) {
	s, found := boxed(t)
	e := &s.catalog.entries[0]
	damage(t, found.Model)
	f, err := os.Open(found.Model)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	id, err := filesum.Identify(f)
	if err != nil {
		t.Fatal(err)
	}
	s.remember(e, e.Files.Model, e.Files.Model.SHA256, id) // as if the bytes had changed afterwards
	if _, err := again(s).Find("boxed"); err != nil {
		t.Fatalf("it is not remembered: %v", err)
	}
	if verdicts, err := s.Verify(context.Background(), "boxed"); err != nil || verdicts[0].State != Damaged {
		t.Fatalf("%+v, %v", verdicts, err)
	}
	for _, s := range []*Store{s, again(s)} {
		if _, err := s.Find("boxed"); !isWrong(err) {
			t.Errorf("after Verify: %v", err)
		}
	}
}

// TestJustChanged: a file that changed a moment ago is not remembered, because it may change again within the same tick
// of the file system's clock.
func TestJustChanged(t *testing.T) {
	s, _ := boxed(t)
	s = again(s)
	s.settled = time.Hour
	e := &s.catalog.entries[0]
	if err := os.RemoveAll(s.checkedFolder(e)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find("boxed"); err != nil {
		t.Fatal(err)
	}
	if s.remembers(e, e.Files.Model, e.Files.Model.SHA256) {
		t.Error("it is remembered")
	}
}

// TestCheckedAtOnce lets many Stores, as processes, check and remember the same files.
func TestCheckedAtOnce(t *testing.T) {
	s, _ := boxed(t)
	e := &s.catalog.entries[0]
	if err := os.RemoveAll(s.checkedFolder(e)); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			if _, err := again(s).Find("boxed"); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	left, err := os.ReadDir(s.checkedFolder(e))
	if err != nil || len(left) != 2 {
		t.Errorf("records: %v, %v", left, err)
	}
	if last := again(s); !last.remembers(e, e.Files.Model, e.Files.Model.SHA256) || !last.remembers(e, e.Files.Manifest, e.Files.Manifest.SHA256) {
		t.Error("they are not remembered")
	}
}

// TestCheckOfOthersFiles: what is not in the cache is the user's own, and what is missing there is not damaged.
func TestCheckOfOthersFiles(t *testing.T) {
	s, found := boxed(t)
	own := filepath.Join(t.TempDir(), "boxed", "boxed.tflite")
	write(t, own, noise(100))
	for _, path := range []string{own, filepath.Join(filepath.Dir(found.Model), "other.tflite"), "boxed.tflite", "/", ""} {
		if err := s.Check(path); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got, err := s.Find(own); err != nil || got.Model != own || got.Entry != nil {
		t.Errorf("%+v, %v", got, err)
	}
	var missing *NotPulledError
	if err := os.Remove(found.Manifest); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Find("boxed"); !errors.As(err, &missing) {
		t.Errorf("%v", err)
	}
}
