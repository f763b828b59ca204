// Package mottest is for tests that measure tracks.
package mottest

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"corallite/internal/mot"
)

// Read reads a file of MOTChallenge's format.
func Read(t testing.TB, path string) mot.Frames {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	frames, err := mot.Read(f)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return frames
}

// Export writes what was measured to the folder CORALLITE_TRACKS_OUT, if that is set: NAME.gt.txt, NAME.tracks.txt and
// NAME.json, for scripts/tracks, which compares the measures with those of other programs.
func Export(t testing.TB, name string, truth, found mot.Frames, m mot.Measures) {
	t.Helper()
	dir := os.Getenv("CORALLITE_TRACKS_OUT")
	if dir == "" {
		return
	}
	create := func(suffix string, write func(io.Writer) error) {
		f, err := os.Create(filepath.Join(dir, name+suffix))
		if err != nil {
			t.Fatal(err)
		}
		if err := write(f); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
	create(".gt.txt", func(w io.Writer) error { return mot.Write(w, truth) })
	create(".tracks.txt", func(w io.Writer) error { return mot.Write(w, found) })
	create(".json", func(w io.Writer) error { return json.NewEncoder(w).Encode(m) })
}
