package delegate_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"corallite/delegate"
	"corallite/tflite"
)

// A model on the best that is there: without an Edge TPU, and without a CPU model that is compiled for one, the CPU.
func ExampleOpen() {
	folder, err := os.MkdirTemp("", "delegate")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	file := filepath.Join(folder, "add.tflite")
	if err := os.WriteFile(file, tflite.ProbeModel(), 0o600); err != nil {
		log.Fatal(err)
	}
	engine, err := delegate.Open(context.Background(), delegate.Files{CPU: file}, delegate.Options{Choice: delegate.XNNPACK})
	if err != nil {
		log.Fatal(err)
	}
	defer engine.Close()
	fmt.Println(engine.Device().Name, engine.Inputs()[0].Shape)
	// Output: cpu:xnnpack [1 4]
}
