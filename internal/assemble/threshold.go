package assemble

import (
	"slices"

	"corallite/configs"
	"corallite/internal/control"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// newThreshold adds the threshold of a model on pictures to the pipeline's controls; nil: it cannot be changed.
func newThreshold(c *control.Pipeline, name string, m configs.Model) *control.Threshold {
	switch {
	case c == nil:
	case m.Task == configs.TaskDetect, m.Task == configs.TaskClassify, m.Task == configs.TaskPose:
		return c.Add(name, m.ScoreThreshold)
	}
	return nil
}

// changing adds the threshold of a model on sound to the pipeline's controls, and asks for it as it is now; nil: it cannot
// be changed.
func (r *ModelRequest) changing(configured float32) func() float32 {
	if r.Control == nil {
		return nil
	}
	t := r.Control.Add(r.Name, float64(configured))
	return func() float32 { return float32(t.Get()) }
}

// above is the post-processing of a model that is decoded down to the lowest value of its threshold: what is below the
// threshold as it is now is left out, which is the same as decoding with it, because results with higher scores depend on
// none with lower ones. A tracker wants to see lower ones, and leaves them out itself.
func (p *places) above(t *control.Threshold) func(f *vision.Frame, found *pipeline.Result) {
	return func(f *vision.Frame, found *pipeline.Result) {
		now := float32(t.Get())
		if p.tracker != nil {
			p.high = now
			p.tracker.SetHigh(now)
		} else {
			found.Detections = slices.DeleteFunc(found.Detections, func(d pipeline.Detection) bool { return d.Score < now })
		}
		found.Classes = slices.DeleteFunc(found.Classes, func(c pipeline.Class) bool { return c.Score < now })
		found.Poses = slices.DeleteFunc(found.Poses, func(o pipeline.Pose) bool { return o.Score < now })
		if !p.idle() {
			p.process(f, found)
		}
	}
}
