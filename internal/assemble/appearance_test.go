package assemble

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"gocv.io/x/gocv"

	"corallite/configs"
	"corallite/internal/choice"
	"corallite/internal/devicepool"
	"corallite/internal/testdata"
	"corallite/internal/track"
	"corallite/pipeline/vision"
)

// TestAppearance embeds a part of a picture with a model, and goes on without for a box that is not in the picture, of which
// the first, the tenth and so on are told.
func TestAppearance(t *testing.T) {
	pool, err := devicepool.New(t.Context(), devicepool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	var log bytes.Buffer
	looks := configs.Model{Path: testdata.Path(t, "models/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite")}
	looks.Task = configs.TaskEmbed
	if looks.Delegate, err = choice.Parse("xnnpack"); err != nil {
		t.Fatal(err)
	}
	r := ModelRequest{Pool: pool, Logger: slog.New(slog.NewTextHandler(&log, nil)), Models: map[string]configs.Model{
		"looks": looks, "coco": {Settings: vision.Settings{Task: configs.TaskDetect}},
	}}
	r.Model.Track = &track.Options{}
	var all closers
	defer func() {
		if err := all.Close(); err != nil {
			t.Error(err)
		}
	}()
	for name, want := range map[string]string{"nobody": `no model "nobody"`, "coco": "model coco is for task detect: expected one for embed"} {
		r.Model.Track.Appearance = name
		if _, err := openAppearance(t.Context(), r, &all); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", name, err, want)
		}
	}
	r.Model.Track.Appearance = "looks"
	a, err := openAppearance(t.Context(), r, &all)
	if err != nil {
		t.Fatal(err)
	}
	f, err := vision.NewFrame(gocv.NewMatWithSizeFromScalar(gocv.NewScalar(30, 90, 200, 0), 64, 64, gocv.MatTypeCV8UC3))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Release()
	embed := a.of(f)
	if v := embed([4]float32{10, 10, 40, 60}); len(v) < 100 {
		t.Errorf("a vector of %d values", len(v))
	}
	log.Reset()
	for range 12 {
		if v := embed([4]float32{100, 100, 140, 160}); v != nil {
			t.Errorf("%d values of a box outside the picture", len(v))
		}
	}
	if got := strings.Count(log.String(), "without its appearance"); a.failures != 12 || got != 2 || !strings.Contains(log.String(), "outside the picture") {
		t.Errorf("%d failures, told %d times: %s", a.failures, got, &log)
	}
}
