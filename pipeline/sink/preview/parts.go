package preview

import (
	"fmt"
	"net/url"

	"corallite/pipeline"
	"corallite/pipeline/draw"
)

// parts are the names of what a viewer can leave out, in the order in which the page has them.
var parts = []struct {
	name string
	part draw.Parts
}{{"boxes", draw.Boxes}, {"labels", draw.Labels}, {"masks", draw.Masks}, {"skeletons", draw.Skeletons}}

// PartsOf is what the results of a task have for certain, by the task's name as events have it: what more there may be
// is seen when it comes. A task that draws nothing, or is not known, has none.
func PartsOf(task string) draw.Parts {
	switch task {
	case "detect":
		return draw.Boxes | draw.Labels
	case "classify":
		return draw.Labels
	case "segment":
		return draw.Masks | draw.Labels
	case "pose":
		return draw.Skeletons
	}
	return 0
}

// partsIn is what there is to draw in an event.
func partsIn(ev *pipeline.Event) (found draw.Parts) {
	found = PartsOf(ev.Task)
	for i := range ev.Detections {
		found |= draw.Boxes | draw.Labels
		if len(ev.Detections[i].Keypoints) > 0 {
			found |= draw.Skeletons
		}
	}
	if len(ev.Classes) > 0 {
		found |= draw.Labels
	}
	if ev.Mask != nil {
		found |= draw.Masks | draw.Labels
	}
	if len(ev.Poses) > 0 {
		found |= draw.Skeletons
	}
	return found
}

// partNames are the names of parts, never nil.
func partNames(of draw.Parts) []string {
	names := []string{}
	for _, p := range parts {
		if of&p.part != 0 {
			names = append(names, p.name)
		}
	}
	return names
}

// lookOf reads which parts a viewer leaves out: boxes=0.
func lookOf(q url.Values) (hidden draw.Parts, err error) {
	for _, p := range parts {
		switch v := q.Get(p.name); v {
		case "", "1":
		case "0":
			hidden |= p.part
		default:
			return 0, fmt.Errorf("%s=%s: want 0 or 1", p.name, v)
		}
	}
	return hidden, nil
}
