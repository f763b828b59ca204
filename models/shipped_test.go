package models

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
)

// shippedStore has a model that is in the program.
func shippedStore(t *testing.T, model []byte, inside fstest.MapFS) *Store {
	t.Helper()
	c := mustParse(t, fmt.Sprintf(`
models:
  digits:
    task: keyword
    description: for tests
    licence: {spdx: CC0-1.0, source: made here}
    files:
      model: {shipped: digits.tflite, sha256: %s, size: %d}
    labels: [zero, one]
    keyword: {features: {kind: coral}}
`, sumOf(model), len(model)))
	c.shipped = inside
	return open(Options{Cache: t.TempDir(), Downloads: t.TempDir(), Mirror: filepath.Join(t.TempDir(), "nothere")}, c)
}

// TestShipped finds a model that is in the program without a pull, whatever lay in its place, several at once.
func TestShipped(t *testing.T) {
	model := noise(5000)
	s := shippedStore(t, model, fstest.MapFS{"digits.tflite": {Data: model}})
	if list := s.List(); list[0].State != Cached || list[0].Size != 5000 {
		t.Errorf("%+v", list[0])
	}
	if verdicts, err := s.Verify(context.Background()); err != nil || len(verdicts) != 0 {
		t.Errorf("before it is used: %+v, %v", verdicts, err)
	}
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			if found, err := s.Find("digits"); err != nil {
				t.Error(err)
			} else {
				wantFile(t, found.Model, model)
			}
		})
	}
	all.Wait()
	place := s.place(&s.catalog.entries[0], s.catalog.entries[0].Files.Model)
	write(t, place, noise(5001)[1:]) // of the same size: another version's
	if verdicts, err := s.Verify(context.Background()); err != nil || len(verdicts) != 1 || verdicts[0].State != Damaged {
		t.Errorf("with another version's: %+v, %v", verdicts, err)
	}
	if found, err := s.Find("digits"); err != nil {
		t.Error(err)
	} else {
		wantFile(t, found.Model, model)
	}
	if verdicts, err := s.Verify(context.Background()); err != nil || len(verdicts) != 1 || verdicts[0].State != Cached {
		t.Errorf("after it: %+v, %v", verdicts, err)
	}
	if err := s.Remove(context.Background(), "digits"); err != nil {
		t.Error(err)
	}
	if found, err := s.Pull(context.Background(), "digits", nil); err != nil {
		t.Error(err)
	} else {
		wantFile(t, found.Model, model)
	}
}

// TestShippedFails: a program without the file, or with another one, and a cache that is not writable.
func TestShippedFails(t *testing.T) {
	model := noise(5000)
	for want, inside := range map[string]fstest.MapFS{
		"digits.tflite is not built into this program": {},
		"want ": {"digits.tflite": {Data: model[1:]}},
	} {
		s := shippedStore(t, model, inside)
		_, err1 := s.Find("digits")
		_, err2 := s.Pull(context.Background(), "digits", nil)
		wantError(t, err1, "model digits", want)
		wantError(t, err2, "pull digits", want)
	}
	s := shippedStore(t, model, fstest.MapFS{"digits.tflite": {Data: model}})
	s.cache = filepath.Join(t.TempDir(), "file")
	write(t, s.cache, nil)
	if _, err := s.Find("digits"); err == nil || !strings.Contains(err.Error(), "model digits: ") || errors.Is(err, os.ErrNotExist) {
		t.Errorf("no folder: %v", err)
	}
	for want, file := range map[string]string{
		"shipped excludes":          "{shipped: d.tflite, url: 'https://a.invalid/d.tflite', sha256: " + sumOf(nil) + ", size: 1}",
		"sha256 or size is missing": "{shipped: d.tflite}",
		"invalid file name":         "{shipped: ../d.tflite, sha256: " + sumOf(nil) + ", size: 1}",
	} {
		_, err := parseCatalog([]byte("models:\n  m:\n    task: detect\n    description: d\n    licence: {spdx: MIT, source: s}\n    files: {model: " + file + "}\n"))
		wantError(t, err, "catalog: m", want)
	}
}
