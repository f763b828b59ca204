package draw_test

import (
	"fmt"
	"log"

	"gocv.io/x/gocv"

	"corallite/internal/draw"
	"corallite/pipeline"
)

// A box with its label on a black picture.
func Example() {
	painter, err := draw.New(draw.Options{})
	if err != nil {
		log.Fatal(err)
	}
	picture := gocv.NewMatWithSize(120, 160, gocv.MatTypeCV8UC3)
	defer picture.Close()
	events := []pipeline.Event{{Model: "coco", Task: "detect", Result: pipeline.Result{
		Detections: []pipeline.Detection{{Label: "cat", Score: 0.9, Box: [4]float32{40, 40, 100, 100}}},
	}}}
	if err := painter.Draw(&picture, events); err != nil {
		log.Fatal(err)
	}
	edge, inside := picture.GetVecbAt(70, 40), picture.GetVecbAt(90, 70)
	fmt.Println("painted at the edge:", edge[0]+edge[1]+edge[2] > 0, "inside:", inside[0]+inside[1]+inside[2] > 0)
	// Output: painted at the edge: true inside: false
}
