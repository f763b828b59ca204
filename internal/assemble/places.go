package assemble

import (
	"slices"

	"corallite/configs"
	"corallite/internal/moment"
	"corallite/internal/track"
	"corallite/internal/zone"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// places is what happens to the detections of one model in one stream: which count, who is who, and where they are.
type places struct {
	selected *zone.Selector // nil: all count
	tracker  *track.Tracker // nil: nobody is tracked
	high     float32        // the tracker's threshold

	appearance *appearance // nil: the tracker knows places alone

	where *zone.Follower // nil: there are no zones and lines
	clock moment.Clock
}

// newPlaces makes what a configuration says of places. Warn is told of what cannot be right for the pictures.
func newPlaces(c *zone.Config, m configs.Model, tracker *track.Tracker, warn func(message string)) (*places, error) {
	p := &places{tracker: tracker, high: float32(m.ScoreThreshold)}
	if m.Task != configs.TaskDetect || c == nil || c.Empty() {
		return p, nil
	}
	var err error
	if len(c.Masks)+len(c.Filters)+len(c.Merge) > 0 {
		if p.selected, err = zone.NewSelector(c.Selection, classOf(m), warn); err != nil {
			return nil, err
		}
	}
	if !c.Enabled().Empty() {
		if p.where, err = zone.NewFollower(c.Options, warn); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// classOf is the class of a label, as the model numbers it.
func classOf(m configs.Model) func(label string) (int, bool) {
	return func(label string) (int, bool) {
		i := slices.Index(m.Labels, label)
		offset := vision.BackgroundOffset(m.Labels)
		if m.LabelOffset != nil {
			offset = *m.LabelOffset
		}
		return i - offset, i >= offset
	}
}

// idle reports whether nothing is done.
func (p *places) idle() bool { return p.selected == nil && p.tracker == nil && p.where == nil }

// process is the post-processing of a model's results.
func (p *places) process(f *vision.Frame, found *pipeline.Result) {
	if found.Detections == nil {
		return
	}
	w, h := f.Width(), f.Height()
	if p.selected != nil {
		found.Detections = p.selected.Apply(w, h, found.Detections, p.tracker != nil)
	}
	if p.tracker != nil {
		if p.selected != nil {
			p.selected.Lower(found.Detections, p.high)
		}
		if p.tracker.Looks() {
			if picture, ok := f.Luma(); ok {
				p.tracker.Look(picture)
			}
		}
		if p.appearance != nil {
			p.tracker.Recognize(p.appearance.of(f))
		}
		p.tracker.Follow(*f.Meta(), found)
		if p.selected != nil {
			p.selected.Raise(found.Detections, p.high)
		}
	}
	if p.where != nil {
		now, _ := p.clock.At(f.Meta())
		found.Other = append(found.Other, p.where.Update(now, w, h, found.Detections, found.Ended))
	}
}
