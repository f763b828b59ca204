package track_test

import (
	"fmt"
	"log"
	"time"

	"corallite/internal/track"
	"corallite/pipeline"
)

// Two people cross a picture: each keeps the number that it got when it was found in three frames.
func Example() {
	tracker, err := track.New(track.Options{})
	if err != nil {
		log.Fatal(err)
	}
	start := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for frame := range 4 {
		x := float32(10 * frame)
		found := []pipeline.Detection{
			{Label: "person", Score: 0.9, Box: [4]float32{x, 0, x + 50, 100}},
			{Label: "person", Score: 0.8, Box: [4]float32{400 - x, 0, 450 - x, 100}},
		}
		tracker.Update(start.Add(time.Duration(frame)*100*time.Millisecond), found)
		fmt.Println(found[0].Track, found[1].Track)
	}
	// Output:
	// 0 0
	// 0 0
	// 1 2
	// 1 2
}
