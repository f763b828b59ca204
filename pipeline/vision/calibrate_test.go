package vision

import (
	"context"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"

	"corallite/pipeline"
)

// atAngles makes a gallery of pictures LABEL/DEGREES.png whose embeddings point there: similarities are cosines.
func atAngles(t *testing.T, names ...string) (*Gallery, error) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		writeFile(t, filepath.Join(dir, name+".png"))
	}
	return NewGallery(context.Background(), dir, GalleryOptions{Embed: func(_ context.Context, path string) (pipeline.Vector, error) {
		degrees, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(path), ".png"))
		angle := float64(degrees) * math.Pi / 180
		return pipeline.Vector{float32(math.Cos(angle)), float32(math.Sin(angle))}, err
	}})
}

func TestCalibrate(t *testing.T) {
	for _, c := range []struct {
		pictures string
		want     string
	}{
		// Nearest of the own label 10°, 20°; of others 30° or 40°: all apart.
		{"a/0 a/10 b/40 b/60 c/90", "5 of 3, 4 0.940 0.962 0.985, 5 0.766 0.866 0.866, at 0.9: 0/4 0/5"},
		// b's pictures are 60° apart, c is 5° from one of them: it is worth missing two to turn away the strangers.
		{"a/0 a/10 b/60 b/120 c/125", "5 of 3, 4 0.500 0.742 0.985, 5 0.500 0.643 0.996, at 0.81: 2/4 2/5"},
		// Opposite things: nothing is below 0.
		{"a/0 a/1 b/180", "3 of 2, 2 1.000 1.000 1.000, 3 -1.000 -1.000 -1.000, at 0.5: 0/2 0/3"},
	} {
		g, err := atAngles(t, strings.Fields(c.pictures)...)
		if err != nil {
			t.Fatal(err)
		}
		r, err := g.Calibrate(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		w, b := r.Within, r.Between
		got := fmt.Sprintf("%d of %d, %d %.3f %.3f %.3f, %d %.3f %.3f %.3f, at %v: %d/%d %d/%d", r.Pictures, r.Labels,
			w.Count, w.Min, w.Median, w.Max, b.Count, b.Min, b.Median, b.Max,
			r.ScoreThreshold, r.Missed.Count, r.Missed.Of, r.Strangers.Count, r.Strangers.Of)
		if got != c.want {
			t.Errorf("%s:\n%s, want\n%s", c.pictures, got, c.want)
		}
		if want := float64(r.Strangers.Count) / float64(r.Strangers.Of); r.Strangers.Share != want {
			t.Errorf("%s: a share of %v, want %v", c.pictures, r.Strangers.Share, want)
		}
	}
}

func TestCalibrateRefuses(t *testing.T) {
	for pictures, want := range map[string]string{
		"a/0 a/10": "all pictures have the same label",
		"a/0 b/10": "no label has two pictures",
	} {
		g, err := atAngles(t, strings.Fields(pictures)...)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := g.Calibrate(context.Background()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", pictures, err, want)
		}
	}
	g, err := atAngles(t, "a/0", "a/1", "b/9")
	if err != nil {
		t.Fatal(err)
	}
	ended, end := context.WithCancel(context.Background())
	end()
	if _, err := g.Calibrate(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("with an ended context: %v", err)
	}
}

func TestBestThreshold(t *testing.T) {
	for _, c := range []struct {
		within, between []float32
		want            float64
	}{
		{[]float32{0.8, 0.9}, []float32{0.2, 0.4}, 0.6},
		{[]float32{0.8001}, []float32{0.8}, 0.80005},           // two decimals would lie outside the gap
		{[]float32{0.5}, []float32{0.5}, 0.75},                 // they cannot be told apart: nobody gets a name
		{[]float32{0.3, 0.9}, []float32{0.2, 0.5}, 0.7},        // one of two missed is as bad as one of two strangers: the wider gap
		{[]float32{0.6, 0.7, 0.9}, []float32{0.1, 0.65}, 0.67}, // 1/3 missed, in the gap from 0.65 to 0.7
		{[]float32{-0.5}, []float32{-0.9}, 0.5},
	} {
		if got := bestThreshold(c.within, c.between); math.Abs(got-c.want) > 0.006 {
			t.Errorf("%v and %v: %v, want %v", c.within, c.between, got, c.want)
		}
	}
}

func TestGallerySkips(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"a/1.png", "a/2.png", "b/3.png", "c/4.png"} {
		writeFile(t, filepath.Join(dir, name))
	}
	var skipped []string
	var done []int
	embed := func(bad string) GalleryOptions {
		skipped, done = nil, nil
		return GalleryOptions{
			Embed: func(_ context.Context, path string) (pipeline.Vector, error) {
				if strings.Contains(bad, filepath.Base(path)) {
					return nil, errors.New("broken")
				}
				return pipeline.Vector{1, 1}, nil
			},
			Skip:     func(path string, err error) { skipped = append(skipped, filepath.Base(path)+": "+err.Error()) },
			Progress: func(n, of int) { done = append(done, n, of) },
		}
	}
	g, err := NewGallery(context.Background(), dir, embed("1.png 3.png"))
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "c"}; !reflect.DeepEqual(g.Labels(), want) || g.Pictures() != 2 {
		t.Errorf("%d pictures of %v, want 2 of %v: a label whose only picture was skipped is none", g.Pictures(), g.Labels(), want)
	}
	if want := []string{"1.png: broken", "3.png: broken"}; !reflect.DeepEqual(skipped, want) {
		t.Errorf("skipped: %v, want %v", skipped, want)
	}
	if want := []int{1, 4, 2, 4, 3, 4, 4, 4}; !reflect.DeepEqual(done, want) {
		t.Errorf("progress: %v, want %v", done, want)
	}
	if _, err := NewGallery(context.Background(), dir, embed("1.png 2.png 3.png 4.png")); err == nil || !strings.Contains(err.Error(), "none of its 4 pictures could be read") {
		t.Errorf("with no picture that can be read: %v", err)
	}
}
