// Package mictest gives tests the recordings of the test data as the program hears them.
package mictest

import (
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline/mic"
)

// Recording is a sound at the rate that was asked for.
type Recording struct {
	Name    string // the file's, without its ending
	Samples []int16
}

// Speech reads the recordings of the folder speech of the test data that fit a pattern, one at least, and brings them to
// a rate as a pipeline does.
func Speech(tb testing.TB, pattern string, rate int) (all []Recording) {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata.Path(tb, "speech"), pattern))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("no recordings %s: %v", pattern, err)
	}
	return Read(tb, rate, paths...)
}

// Read reads recordings and brings them to a rate.
func Read(tb testing.TB, rate int, paths ...string) (all []Recording) {
	tb.Helper()
	source, err := mic.NewFiles(mic.FilesOptions{Paths: paths, Rate: rate})
	if err != nil {
		tb.Fatal(err)
	}
	defer source.Close()
	for {
		c, err := source.Next(tb.Context())
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatal(err)
		}
		if c.First {
			all = append(all, Recording{Name: strings.TrimSuffix(filepath.Base(paths[len(all)]), ".wav")})
		}
		last := &all[len(all)-1]
		last.Samples = append(last.Samples, c.Samples...)
		c.Release()
	}
}

// WakeWords are the spoken wake words of the test data, each as it is, without what is quiet at its end, and without
// that at its beginning either.
func WakeWords(tb testing.TB, rate int) (all []Recording) {
	tb.Helper()
	loud := func(v int16) bool { return v > 300 || v < -300 }
	for _, r := range Speech(tb, "wakewords/*.wav", rate) {
		if strings.HasPrefix(r.Name, "turn_on") {
			continue // a sentence without any
		}
		end := len(r.Samples)
		for end > 0 && !loud(r.Samples[end-1]) {
			end--
		}
		begin := slices.IndexFunc(r.Samples, loud)
		all = append(all, r, Recording{r.Name + " to its end", r.Samples[:end]}, Recording{r.Name + " from beginning to end", r.Samples[begin:end]})
	}
	return all
}
