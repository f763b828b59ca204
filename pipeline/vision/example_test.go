package vision_test

import (
	"fmt"
	"log"
	"strings"

	"corallite/pipeline/vision"
	"corallite/tflite/tensor"
)

// A classifier's task is made from what the model's tensors are, and refuses a model that it does not fit.
func ExampleNewClassify() {
	labels, err := vision.ParseLabels(strings.NewReader("background\ncat\ndog\n"))
	if err != nil {
		log.Fatal(err)
	}
	inputs := []tensor.Info{{Name: "picture", Type: tensor.UInt8, Shape: []int{1, 224, 224, 3}}}
	outputs := []tensor.Info{{Name: "scores", Type: tensor.UInt8, Shape: []int{1, 3}, Quantization: tensor.PerTensor(1./256, 0)}}
	task, err := vision.NewClassify(inputs, outputs, vision.ClassifyOptions{Options: vision.Options{Labels: labels, MaxResults: 1}})
	if err != nil {
		log.Fatal(err)
	}
	defer task.Close()
	fmt.Println(task.Name(), labels[1:])

	inputs[0].Shape = []int{1, 1960}
	_, err = vision.NewClassify(inputs, outputs, vision.ClassifyOptions{})
	fmt.Println(err)
	// Output:
	// classify [cat dog]
	// classify: the model's input must be one picture, [1,height,width,1 or 3] or [1,1 or 3,height,width]; it is picture uint8[1,1960]
}
