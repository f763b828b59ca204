package vision

import "slices"

// Labelled is a task that knows the labels of its results.
type Labelled interface {
	// Labels are the labels that results can have, in the order of the model's classes; empty: results have none. Those
	// that category_allowlist and category_denylist leave out are not among them. The slice is the caller's.
	Labels() []string
}

// known are the labels that results can have.
func (c *classes) known() []string {
	if c == nil || c.offset >= len(c.labels) {
		return nil
	}
	var all []string
	for i, label := range c.labels[c.offset:] {
		if label != "" && c.wants(i) && !slices.Contains(all, label) {
			all = append(all, label)
		}
	}
	return all
}

// Labels are the labels that detections can have.
func (d *Detect) Labels() []string { return d.classes.known() }

// Labels are the labels that classes can have.
func (c *Classify) Labels() []string { return c.classes.known() }

// Labels are those of the gallery; nil: there is none.
func (e *Embed) Labels() []string { return e.classes.known() }

// Labels are the labels that detections can have.
func (y *YOLO) Labels() []string { return y.classes.known() }

// Labels are the labels that detections can have.
func (a *SSDAnchors) Labels() []string { return a.classes.known() }

// Labels are the labels that segments can have.
func (s *Segment) Labels() []string { return s.classes.known() }

// Labels are those of the task that runs on the tiles.
func (t *Tiled) Labels() []string {
	if l, ok := t.task.(Labelled); ok {
		return l.Labels()
	}
	return nil
}
