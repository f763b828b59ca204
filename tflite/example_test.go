package tflite_test

import (
	"context"
	"fmt"
	"log"

	"corallite/tflite"
	"corallite/tflite/tensor"
)

// An interpreter runs on XNNPACK unless its options say otherwise.
func Example() {
	model := tflite.ProbeModel() // adds two inputs of four floats; Open reads a file
	i, err := tflite.New(model, tflite.Options{Threads: 2})
	if err != nil {
		log.Fatal(err)
	}
	defer i.Close()
	for n, values := range [][]float32{{1, 2, 3, 4}, {10, 20, 30, 40}} {
		if err := tensor.SetReal(i.Input(n), values); err != nil {
			log.Fatal(err)
		}
	}
	if err := i.Invoke(context.Background()); err != nil {
		log.Fatal(err)
	}
	sums := make([]float32, 4)
	if err := tensor.Real(sums, i.Output(0)); err != nil {
		log.Fatal(err)
	}
	fmt.Println(i.Device().Name, sums)
	// Output: cpu:xnnpack [11 22 33 44]
}
