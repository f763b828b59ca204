package assemble

import (
	"fmt"
	"image"
	"image/png"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"corallite/configs"
	"corallite/internal/devicepool"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

// The program gives memory back after the start for many pictures, but not for a few.
func TestManyPictures(t *testing.T) {
	pool, err := devicepool.New(t.Context(), devicepool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for n, want := range map[int]bool{1: false, aFew: false, aFew + 1: true} {
		dir := t.TempDir()
		for i := range n {
			f, err := os.Create(filepath.Join(dir, fmt.Sprintf("%d.png", i)))
			if err != nil {
				t.Fatal(err)
			}
			if err := png.Encode(f, image.NewGray(image.Rect(0, 0, 1, 1))); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		b := NewBuilder(&configs.Config{}, Options{Pool: pool, Console: LogConsole(slog.New(slog.DiscardHandler))})
		defer b.Close()
		b.ctx = t.Context()
		p := &visionPlan{basePlan: newBasePlan[*vision.Frame](b, "p", configs.Pipeline{Source: &camera.ImagesConfig{Images: []string{dir}}})}
		if err := p.open(); err != nil {
			t.Fatal(err)
		}
		defer p.Source.Close()
		if b.Many() != want {
			t.Errorf("%d pictures are many: %v", n, b.Many())
		}
	}
}
