package zone

import (
	"errors"
	"fmt"
	"slices"

	"corallite/internal/overlap"
	"corallite/pipeline"
)

// sameObject is the overlap (intersection over union) above which two boxes whose labels were merged are one object that
// the model saw twice.
const sameObject = 0.6

// Selection says which detections count at all. It comes before tracking.
type Selection struct {
	Merge   map[string]string // labels and what they become: truck: car
	Masks   []Shape           // areas in which no object counts whose foot is in them
	Filters []Filter          // at most one for a label
}

// Filter is what detections with a label must be like. Zero values are no limits.
type Filter struct {
	Label              string  // after merging
	MinArea, MaxArea   float64 // of the box: a share of the picture up to 1, above that square pixels
	MinRatio, MaxRatio float64 // width of the box by its height
	Threshold          float64 // the least score
	Masks              []Shape // as of Selection, for this label
}

// Validate checks the selection and returns all problems.
func (s Selection) Validate() error {
	var errs []error
	for from, to := range s.Merge {
		if further, ok := s.Merge[to]; ok && to != from {
			errs = append(errs, fmt.Errorf("labels: %s becomes %s, which becomes %s: expected the last at once", from, to, further))
		}
	}
	for i, m := range s.Masks {
		errs = append(errs, checkMask(i, m))
	}
	return errors.Join(append(errs, validateFilters(s.Filters))...)
}

func validateFilters(filters []Filter) error {
	var errs []error
	seen := map[string]bool{}
	for _, f := range filters {
		if seen[f.Label] {
			errs = append(errs, fmt.Errorf("filter %s: it is there twice", f.Label))
		}
		seen[f.Label] = true
		errs = append(errs, f.validate())
	}
	return errors.Join(errs...)
}

func (f *Filter) validate() error {
	wrong := func(format string, args ...any) error {
		return fmt.Errorf("filter "+f.Label+": "+format, args...)
	}
	switch {
	case !(f.MinArea >= 0 && f.MaxArea >= 0 && f.MinRatio >= 0 && f.MaxRatio >= 0): // rejects NaN
		return wrong("areas and ratios must be 0 or more")
	case !(f.Threshold >= 0 && f.Threshold <= 1):
		return wrong("a threshold of %v: expected 0 to 1", f.Threshold)
	case f.MaxArea > 0 && (f.MinArea > 1) != (f.MaxArea > 1) && f.MinArea > 0:
		return wrong("min_area %v and max_area %v: expected both as shares of the picture, up to 1, or both in square pixels", f.MinArea, f.MaxArea)
	case f.MaxArea > 0 && f.MinArea > f.MaxArea:
		return wrong("min_area %v is above max_area %v", f.MinArea, f.MaxArea)
	case f.MaxRatio > 0 && f.MinRatio > f.MaxRatio:
		return wrong("min_ratio %v is above max_ratio %v", f.MinRatio, f.MaxRatio)
	}
	for i, m := range f.Masks {
		if err := checkMask(i, m); err != nil {
			return wrong("%w", err)
		}
	}
	return nil
}

func checkMask(i int, m Shape) error {
	switch {
	case len(m.Points) < 3:
		return fmt.Errorf("mask at index %d: expected 3 or more points, not %d", i, len(m.Points))
	case m.Flat():
		return fmt.Errorf("mask at index %d: %w", i, m.Surrounds())
	}
	return nil
}

// Selector applies a Selection. It is used by one goroutine at a time.
type Selector struct {
	s             Selection
	index         map[string]int // the class of labels that others become
	width, height int
	masks         []Polygon
	filters       map[string]*filter
	merged        []merged
	warn          func(message string)
}

type filter struct {
	Filter
	masks []Polygon
}

// merged is where a detection came from.
type merged struct {
	label string
	twice bool // a better one is there
}

// NewSelector makes a Selector. Index is the class of a label, as the model numbers it; not known: that of the first
// detection that gets the label. Warn is told of masks that cannot be right for the pictures that come; nil: nobody is.
func NewSelector(s Selection, index func(label string) (int, bool), warn func(message string)) (*Selector, error) {
	if err := s.Validate(); err != nil {
		return nil, err
	}
	r := &Selector{s: s, index: map[string]int{}, filters: filtersOf(s.Filters), warn: warn}
	for _, to := range s.Merge {
		if index == nil {
			continue
		}
		if i, ok := index(to); ok {
			r.index[to] = i
		}
	}
	return r, nil
}

// Apply merges labels and drops detections that do not count, in place. Those below the threshold of their label are
// kept when low is set: the tracker may need them to follow an object.
func (r *Selector) Apply(width, height int, detections []pipeline.Detection, low bool) []pipeline.Detection {
	r.fit(width, height)
	detections = r.merge(detections)
	return slices.DeleteFunc(detections, func(d pipeline.Detection) bool {
		box, ok := NewBox(d.Box)
		if !ok {
			return true
		}
		f := r.filters[d.Label]
		foot := box.Foot()
		if inAny(r.masks, foot) {
			return true
		}
		return f != nil && (!f.fits(box, width, height) || !low && r.hidden(d.Label, d.Score))
	})
}

// hidden reports whether a score is below the threshold of a label.
func (r *Selector) hidden(label string, score float32) bool {
	f := r.filters[label]
	return f != nil && !(float64(score) >= f.Threshold)
}

// threshold is that of a label; 0: it has none.
func (r *Selector) threshold(label string) float64 {
	if f := r.filters[label]; f != nil {
		return f.Threshold
	}
	return 0
}

// fits reports whether a box is within the limits and under no mask.
func (f *filter) fits(b Box, width, height int) bool {
	area, ratio := b.Area(), (b[2]-b[0])/b.Height()
	limit := func(l float64) float64 {
		if l <= 1 {
			return float64(l * float64(width) * float64(height))
		}
		return l
	}
	return !inAny(f.masks, b.Foot()) && area >= limit(f.MinArea) && (f.MaxArea == 0 || area <= limit(f.MaxArea)) &&
		(f.MinRatio == 0 || ratio >= f.MinRatio) && (f.MaxRatio == 0 || ratio <= f.MaxRatio)
}

// fit makes the masks for pictures of that size.
func (r *Selector) fit(width, height int) {
	if width == r.width && height == r.height {
		return
	}
	r.width, r.height = width, height
	r.masks = fitAll(r.s.Masks, "all objects", width, height, r.warn)
	for label, f := range r.filters {
		f.masks = fitAll(f.Masks, label, width, height, r.warn)
	}
}

func fitAll(masks []Shape, of string, width, height int, warn func(message string)) (areas []Polygon) {
	for _, s := range masks {
		areas = append(areas, s.fitted("the mask of", of, width, height, warn))
	}
	return areas
}

// filtersOf are filters by their labels.
func filtersOf(all []Filter) map[string]*filter {
	by := map[string]*filter{}
	for _, f := range all {
		by[f.Label] = &filter{Filter: f}
	}
	return by
}

// merge gives detections the labels that theirs become, and drops those that are seen twice because of it.
func (r *Selector) merge(detections []pipeline.Detection) []pipeline.Detection {
	if len(r.s.Merge) == 0 {
		return detections
	}
	r.merged = r.merged[:0]
	for i := range detections {
		d := &detections[i]
		r.merged = append(r.merged, merged{label: d.Label})
		to, ok := r.s.Merge[d.Label]
		if !ok {
			to = d.Label
		}
		if _, known := r.index[to]; !known && ok {
			r.index[to] = d.Index
		}
		if index, known := r.index[to]; known {
			d.Label, d.Index = to, index
		}
	}
	for i := range detections {
		for k := range detections {
			r.merged[i].twice = r.merged[i].twice || r.twice(detections, i, k)
		}
	}
	kept := detections[:0]
	for i, d := range detections {
		if !r.merged[i].twice {
			kept = append(kept, d)
		}
	}
	clear(detections[len(kept):])
	return kept
}

// twice reports whether detection i is the object of detection k, which is better, under a label that was another.
func (r *Selector) twice(detections []pipeline.Detection, i, k int) bool {
	a, b := &detections[i], &detections[k]
	if i == k || a.Label != b.Label || r.merged[i].label == r.merged[k].label || a.Score > b.Score || a.Score == b.Score && i < k {
		return false
	}
	p, ok := NewBox(a.Box)
	q, ok2 := NewBox(b.Box)
	return ok && ok2 && overlap.IoU(p, q) > sameObject
}

func inAny(areas []Polygon, p Point) bool {
	return slices.ContainsFunc(areas, func(a Polygon) bool { return a.Contains(p) })
}

// Merged returns the labels after some are replaced by others, each once.
func Merged(labels []string, merge map[string]string) []string {
	var all []string
	seen := map[string]bool{}
	for _, label := range labels {
		if to, ok := merge[label]; ok {
			label = to
		}
		if !seen[label] {
			seen[label] = true
			all = append(all, label)
		}
	}
	return all
}
