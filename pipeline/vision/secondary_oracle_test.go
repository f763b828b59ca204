package vision_test

import (
	"context"
	"io"
	"strings"
	"sync"
	"testing"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// shown is a source of a few pictures.
type shown struct {
	t     *testing.T
	names []string
}

func (s *shown) Next(context.Context) (*vision.Frame, error) {
	if len(s.names) == 0 {
		return nil, io.EOF
	}
	name := s.names[0]
	s.names = s.names[1:]
	f, err := vision.NewFrame(gocv.IMRead(testdata.Path(s.t, "images/"+name), gocv.IMReadColor))
	if err == nil {
		f.Meta().Source = name
	}
	return f, err
}

func (s *shown) Live() bool   { return false }
func (s *shown) Close() error { return nil }

// kept is a sink that keeps the detections of each picture.
type kept struct {
	mu   sync.Mutex
	each map[string][]pipeline.Detection
}

func (k *kept) Consume(_ context.Context, r pipeline.Report) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.each[r.Item.Meta().Source] = r.Events[0].Detections
	return nil
}

func (k *kept) Lossless() bool { return true }
func (k *kept) Close() error   { return nil }

// chained runs pictures through the COCO detector and a secondary classifier, as a Stream.
func chained(t *testing.T, second pipeline.Refiner[*vision.Frame], overlap bool, pictures ...string) map[string][]pipeline.Detection {
	t.Helper()
	engine := open(t, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"))
	labels, err := vision.ReadLabels(testdata.Path(t, "labels/ssd_mobilenet_v1_coco_labelmap.txt"))
	if err != nil {
		t.Fatal(err)
	}
	task, err := vision.NewDetect(engine.Inputs(), engine.Outputs(), vision.DetectOptions{
		Options: vision.Options{Labels: labels, LabelOffset: vision.BackgroundOffset(labels), Classes: 90, ScoreThreshold: 0.5},
		Outputs: vision.DetectionOutputs{Boxes: 0, Classes: 1, Scores: 2, Count: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	model, err := pipeline.NewModel("coco", task, []pipeline.Engine{engine}, pipeline.ModelOptions[*vision.Frame]{Refiner: second, Overlap: overlap})
	if err != nil {
		t.Fatal(err)
	}
	sink := &kept{each: map[string][]pipeline.Detection{}}
	stream := &pipeline.Stream[*vision.Frame]{
		Name: "test", Source: &shown{t, pictures}, Sinks: []pipeline.NamedSink{{Sink: sink}},
		Models: []*pipeline.Model[*vision.Frame]{model},
	}
	sum, err := stream.Run(context.Background())
	if err != nil || sum.Errors.Total != 0 || int(sum.Frames) != len(pictures) {
		t.Fatalf("%v, %+v", err, sum)
	}
	return sink.each
}

// TestSecondaryNamesBirds chains the COCO detector and the classifier of birds: what the second says of a box is what it
// says of the same part of the picture by itself.
func TestSecondaryNamesBirds(t *testing.T) {
	engine := open(t, testdata.Path(t, "models/mobilenet_v2_1.0_224_inat_bird_quant.tflite"))
	labels, err := vision.ReadLabels(testdata.Path(t, "labels/inat_bird_labels.txt"))
	if err != nil {
		t.Fatal(err)
	}
	birds, err := vision.NewClassify(engine.Inputs(), engine.Outputs(), vision.ClassifyOptions{Options: vision.Options{Labels: labels, MaxResults: 1}})
	if err != nil {
		t.Fatal(err)
	}
	defer birds.Close()
	for _, overlap := range []bool{false, true} {
		second, err := vision.NewSecondaryClassifier(birds, []pipeline.Engine{engine}, vision.SecondaryOptions{Margin: 0.05, Labels: []string{"bird"}})
		if err != nil {
			t.Fatal(err)
		}
		found := chained(t, second, overlap, "parrot.jpg", "cat_720p.jpg", "bird.bmp")
		second.Close()
		for picture, want := range map[string]string{"parrot.jpg": "Ara macao", "bird.bmp": "Poecile atricapillus", "cat_720p.jpg": ""} {
			checkBirds(t, picture, found[picture], want)
		}
	}
}

func checkBirds(t *testing.T, picture string, found []pipeline.Detection, want string) {
	t.Helper()
	if len(found) == 0 {
		t.Errorf("%s: nothing was found", picture)
	}
	for _, d := range found {
		switch {
		case d.Label != "bird" && d.Classes != nil:
			t.Errorf("%s: the secondary classifier looked at a %s", picture, d.Label)
		case d.Label == "bird" && (len(d.Classes) != 1 || want == "" || !strings.HasPrefix(d.Classes[0].Label, want)):
			t.Errorf("%s: a bird is %v, want %q", picture, d.Classes, want)
		}
	}
}

// TestSecondaryNamesAfterAGallery chains the detector and embeddings with a gallery, as faces are recognized.
func TestSecondaryNamesAfterAGallery(t *testing.T) {
	plain, engine := embedder(t)
	task := galleryTask(t, engine, imprinting(t, plain, engine), vision.Options{ScoreThreshold: 0.6, MaxResults: 1})
	second, err := vision.NewSecondaryClassifier(task, []pipeline.Engine{engine}, vision.SecondaryOptions{Margin: 0.1, Square: true})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	found := chained(t, second, false, "imprinting/cat_test_0.bmp", "imprinting/dog_test_0.bmp")
	for picture, want := range map[string]string{"imprinting/cat_test_0.bmp": "cat", "imprinting/dog_test_0.bmp": "dog"} {
		d := found[picture]
		if len(d) == 0 || d[0].Label != want || len(d[0].Classes) != 1 || d[0].Classes[0].Label != want {
			t.Errorf("%s: %v", picture, d)
		}
	}
}
