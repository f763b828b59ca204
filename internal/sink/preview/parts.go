package preview

import (
	"fmt"
	"net/url"

	"corallite/internal/draw"
)

// parts are the names of what a viewer can hide, in the order of the page.
var parts = []struct {
	name string
	part draw.Parts
}{{"boxes", draw.Boxes}, {"labels", draw.Labels}, {"masks", draw.Masks}, {"skeletons", draw.Skeletons}}

// partNames returns the names of parts, never nil.
func partNames(of draw.Parts) []string {
	names := []string{}
	for _, p := range parts {
		if of&p.part != 0 {
			names = append(names, p.name)
		}
	}
	return names
}

// lookOf parses which parts a viewer hides: boxes=0.
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
