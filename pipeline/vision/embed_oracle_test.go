package vision_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
	"corallite/tflite"
)

const extractor = "models/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite"

// embedder is Coral's embedding extractor without a gallery.
func embedder(t *testing.T) (*vision.Embed, *tflite.Interpreter) {
	t.Helper()
	engine := open(t, testdata.Path(t, extractor))
	task, err := vision.NewEmbed(engine.Inputs(), engine.Outputs(), vision.EmbedOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	return task, engine
}

// TestEmbedAsThePeer compares similarities with those of LiteRT 2.3 in Python (2 threads, the picture by cv2's imread,
// resize and cvtColor; the output dequantized and divided by its length).
func TestEmbedAsThePeer(t *testing.T) {
	task, engine := embedder(t)
	embed := func(name string) pipeline.Vector { return run(t, engine, task, "imprinting/"+name+".bmp").Embedding }
	train := []string{"cat_train_0", "dog_train_0", "hotdog_train_0", "hotdog_train_1"}
	for name, want := range map[string][]float64{
		"cat_test_0":    {0.730598, 0.446375, 0.441062, 0.532214},
		"dog_test_0":    {0.356592, 0.635660, 0.405247, 0.402456},
		"hotdog_test_0": {0.445064, 0.387165, 0.585473, 0.625559},
	} {
		v := embed(name)
		if len(v) != 1024 || !near(float64(vision.Cosine(v, v)), 1, 1e-6) {
			t.Errorf("%s: an embedding of %d numbers", name, len(v))
		}
		for i, other := range train {
			if got := vision.Cosine(v, embed(other)); !near(float64(got), want[i], 2e-6) {
				t.Errorf("%s and %s: %v, want %v", name, other, got, want[i])
			}
		}
	}
}

// imprinting makes a gallery of Coral's training pictures, a sub-folder for each class.
func imprinting(t *testing.T, task *vision.Embed, engine pipeline.Engine) *vision.Gallery {
	t.Helper()
	dir := t.TempDir()
	files, err := filepath.Glob(testdata.Path(t, "images/imprinting") + "/*_train_*.bmp")
	if err != nil || len(files) != 4 {
		t.Fatal(files, err)
	}
	for _, from := range files {
		label, name, _ := strings.Cut(filepath.Base(from), "_")
		if err := os.MkdirAll(filepath.Join(dir, label), 0o755); err != nil {
			t.Fatal(err)
		}
		absolute, err := filepath.Abs(from)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(absolute, filepath.Join(dir, label, name)); err != nil {
			t.Fatal(err)
		}
	}
	g, err := vision.NewGallery(context.Background(), dir, vision.GalleryOptions{Embed: func(ctx context.Context, path string) (pipeline.Vector, error) {
		f, err := vision.NewFrame(gocv.IMRead(path, gocv.IMReadColor))
		if err != nil {
			return nil, err
		}
		defer f.Release()
		result, err := vision.Once(ctx, engine, task, f)
		return result.Embedding, err
	}})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func galleryTask(t *testing.T, engine pipeline.Engine, g *vision.Gallery, o vision.Options) *vision.Embed {
	t.Helper()
	task, err := vision.NewEmbed(engine.Inputs(), engine.Outputs(), vision.EmbedOptions{Gallery: g, Options: o})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { task.Close() })
	return task
}

// TestGalleryNames names the three test pictures after four pictures of the same things, and nothing else.
func TestGalleryNames(t *testing.T) {
	plain, engine := embedder(t)
	g := imprinting(t, plain, engine)
	if got := fmt.Sprint(g.Labels(), g.Pictures()); got != "[cat dog hotdog] 4" {
		t.Fatalf("the gallery has %s", got)
	}
	task := galleryTask(t, engine, g, vision.Options{ScoreThreshold: 0.6})
	for picture, want := range map[string]string{
		"imprinting/cat_test_0.bmp":    "cat 0.7306",
		"imprinting/dog_test_0.bmp":    "dog 0.6357",
		"imprinting/hotdog_test_0.bmp": "hotdog 0.6256",
		"imprinting/cat_train_0.bmp":   "cat 1.0000",
		"sunflower.bmp":                "unknown",
		"squat.bmp":                    "unknown",
		"grace_hopper.bmp":             "unknown",
	} {
		r, got := run(t, engine, task, picture), "unknown"
		if len(r.Classes) > 0 {
			got = fmt.Sprintf("%s %.4f", r.Classes[0].Label, r.Classes[0].Score)
		}
		if got != want || len(r.Classes) > 1 || r.Classes == nil || len(r.Embedding) != 1024 {
			t.Errorf("%s: %s, want %s; %v", picture, got, want, r.Classes)
		}
	}
	all := galleryTask(t, engine, g, vision.Options{MaxResults: 2})
	if c := run(t, engine, all, "imprinting/hotdog_test_0.bmp").Classes; len(c) != 2 || c[1].Label != "cat" || c[1].Index != 0 || !near(float64(c[1].Score), 0.445064, 2e-6) {
		t.Errorf("the second best of a hot dog is %v", c)
	}
}
