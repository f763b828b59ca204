package corallite_test

import (
	"context"
	"fmt"
	"image"
	_ "image/jpeg"
	"log"
	"os"

	"corallite"
	"corallite/pipeline"
)

// A detector over pictures. A program of its own begins main with corallite.Main().
func ExampleEvents() {
	source := corallite.Images("images/*.jpg")
	options := corallite.Options{Task: corallite.Detect, LabelsFile: "labels/coco_labels.txt", MaxResults: 1}
	for event, err := range corallite.Events(context.Background(), "models/ssd_mobilenet_v1_coco_quant.tflite", source, options) {
		if err != nil {
			log.Fatal(err)
		}
		for _, d := range event.Detections {
			fmt.Println(event.Source, d.Label)
		}
	}
	// Output:
	// images/cat_720p.jpg cat
	// images/face.jpg person
	// images/hot_dog.jpg hot dog
	// images/kite_and_cold.jpg person
	// images/parrot.jpg bird
}

// A model on a picture that the program has.
func ExampleOpen() {
	model, err := corallite.Open(context.Background(), "models/mobilenet_v2_1.0_224_quant.tflite", corallite.Options{
		Task: corallite.Classify, LabelsFile: "labels/imagenet_labels.txt", MaxResults: 1,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer model.Close()
	file, err := os.Open("images/hot_dog.jpg")
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	picture, _, err := image.Decode(file)
	if err != nil {
		log.Fatal(err)
	}
	classes, err := model.Classify(context.Background(), picture)
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range classes {
		fmt.Println(c.Label)
	}
	// Output: hotdog, hot dog, red hot
}

// The pipelines of a YAML file, with a sink of the program's own.
func ExampleRunFiles() {
	config, err := os.CreateTemp("", "*.yaml")
	if err != nil {
		log.Fatal(err)
	}
	defer os.Remove(config.Name())
	fmt.Fprint(config, `
models:
  coco: {path: models/ssd_mobilenet_v1_coco_quant.tflite, labels: labels/coco_labels.txt, task: detect, max_results: 1}
pipelines:
  animals: {source: {images: images/cat_720p.jpg}, models: [coco], sinks: [jsonl: {path: /dev/null}]}
`)
	sink := corallite.SinkFunc(func(_ context.Context, r pipeline.Report) error {
		for _, event := range r.Events {
			fmt.Println(event.Pipeline, event.Model, event.Detections[0].Label)
		}
		return nil
	})
	summary, err := corallite.RunFiles(context.Background(), []string{config.Name()}, corallite.RunOptions{
		Sinks: map[string][]pipeline.NamedSink{"animals": {{Name: "mine", Sink: sink}}},
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Pipelines["animals"].Frames, "picture")
	// Output:
	// animals coco cat
	// 1 picture
}
