package mic_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"time"

	"corallite/pipeline/mic"
)

// A second of raw samples, resampled in chunks of a quarter of a second.
func ExampleNewPCM() {
	source, err := mic.NewPCM(mic.PCMOptions{
		Reader: bytes.NewReader(make([]byte, 2*8000)), Format: "s16le", SourceRate: 8000, Rate: 16000, Chunk: 250 * time.Millisecond,
	})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	samples := 0
	for {
		chunk, err := source.Next(context.Background())
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			log.Fatal(err)
		}
		samples += len(chunk.Samples)
		chunk.Release()
	}
	fmt.Println(samples, "samples")
	// Output: 16000 samples
}
