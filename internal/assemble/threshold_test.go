package assemble

import (
	"slices"
	"testing"

	"corallite/configs"
	"corallite/internal/control"
	"corallite/internal/score"
	"corallite/internal/track"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

func scores(found pipeline.Result) (all []float32) {
	for _, d := range found.Detections {
		all = append(all, d.Score)
	}
	return all
}

// TestThresholdThatChanges changes a threshold between pictures, without and with a tracker.
func TestThresholdThatChanges(t *testing.T) {
	c := &control.Pipeline{}
	threshold := newThreshold(c, "m", configs.Model{Settings: settingsOf(configs.TaskDetect, 0.5)})
	if threshold == nil || threshold.Get() != 0.5 || threshold.Least() != control.Floor || threshold.Set(0.05) || threshold.Set(1.01) {
		t.Fatalf("%+v", threshold)
	}
	if newThreshold(c, "n", configs.Model{Settings: settingsOf(configs.TaskSegment, 0)}) != nil || newThreshold(nil, "m", configs.Model{}) != nil {
		t.Error("a threshold where none can change")
	}
	process := (&places{}).above(threshold)
	see := func() pipeline.Result {
		r := pipeline.Result{
			Detections: pipeline.Detections{{Score: 0.9, Box: [4]float32{0, 0, 9, 9}}, {Score: 0.5, Box: [4]float32{50, 0, 59, 9}}, {Score: 0.2, Box: [4]float32{0, 50, 9, 59}}},
			Classes:    pipeline.Classes{{Score: 0.7}, {Score: 0.3}}, Poses: pipeline.Poses{{Score: 0.6}, {Score: 0.1}},
		}
		process(nil, &r)
		return r
	}
	for _, step := range []struct {
		at             float64
		boxes          []float32
		classes, poses int
	}{{0.5, []float32{0.9, 0.5}, 1, 1}, {0.2, []float32{0.9, 0.5, 0.2}, 2, 1}, {0.95, nil, 0, 0}, {0.6, []float32{0.9}, 1, 1}} {
		threshold.Set(step.at)
		r := see()
		if !slices.Equal(scores(r), step.boxes) || len(r.Classes) != step.classes || len(r.Poses) != step.poses {
			t.Errorf("at %v: %v, %d classes, %d poses", step.at, scores(r), len(r.Classes), len(r.Poses))
		}
	}
}

// TestTrackerFollowsTheThreshold has a tracker whose threshold goes below that of the configuration and back.
func TestTrackerFollowsTheThreshold(t *testing.T) {
	follow, err := track.New(track.Options{High: 0.5, Show: 0.5, MinFrames: 1})
	if err != nil {
		t.Fatal(err)
	}
	at := func(high float32) (tracked int) {
		follow.SetHigh(high)
		for range 5 {
			r := pipeline.Result{Detections: pipeline.Detections{{Label: "a", Score: 0.4, Box: [4]float32{0, 0, 50, 50}}}}
			follow.Follow(pipeline.Meta{}, &r)
			tracked = 0
			for _, d := range r.Detections {
				if d.Track > 0 {
					tracked++
				}
			}
			if high > 0.4 && tracked < len(r.Detections) {
				t.Errorf("%v is shown at %v", r.Detections, high)
			}
		}
		return tracked
	}
	// What is followed stays while the tracker finds it, as with a threshold that never changes.
	for i, step := range []struct {
		high float32
		want int
	}{{0.5, 0}, {0.2, 1}, {0.8, 1}, {0.05, 1}} {
		if got := at(step.high); got != step.want {
			t.Errorf("step %d, at %v: %d are followed, want %d", i, step.high, got, step.want)
		}
	}
}

func settingsOf(task string, threshold float64) vision.Settings {
	return vision.Settings{Task: task, Settings: score.Settings{ScoreThreshold: threshold}}
}
