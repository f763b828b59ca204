package audio_test

import (
	"context"
	"fmt"
	"log"
	"math"

	"corallite/pipeline/audio"
)

// The level of a tone of half the full scale.
func ExampleLevel() {
	var pool audio.Pool
	chunk := pool.Get(1600)
	defer chunk.Release()
	chunk.Rate = 16000
	for i := range 1600 {
		chunk.Samples = append(chunk.Samples, int16(16384*math.Sin(2*math.Pi*440*float64(i)/16000)))
	}
	if err := audio.NewLevel().Process(context.Background(), chunk); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.0f dBFS\n", chunk.Level)
	// Output: -9 dBFS
}
