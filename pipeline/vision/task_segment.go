package vision

import (
	"fmt"

	"corallite/internal/key"
	"corallite/internal/score"
)

// SegmentSettings are the settings that only segmenters have.
type SegmentSettings struct {
	MinShare float64 // of the picture, from 0 to 1, of a class that is reported
}

// Keys describes the keys of the settings.
func (s *SegmentSettings) Keys() key.Table {
	return key.Table{
		key.Number(&s.MinShare, "min_share").Min(0).Max(1).Default(0.0).Example("0.01").
			Doc("For `segment`: minimum share of the picture that a class must have to be reported."),
	}
}

func newSegmentTask(m ModelInfo, s Settings) (Task, error) {
	if err := m.Ultralytics.check(taskSegment); err != nil {
		return nil, fmt.Errorf("segment: %w", err)
	}
	o, err := s.options(m, m.Ultralytics.trained(taskSegment), nil)
	if err != nil {
		return nil, fmt.Errorf("segment: %w", err)
	}
	if u := m.Ultralytics; u != nil && len(u.Labels) == 1 && o.Activation == score.Unknown {
		o.Activation = score.Sigmoid // its one channel has logits
	}
	return asTask(NewSegment(m.Inputs, m.Outputs, SegmentOptions{Options: o, Output: s.Output, MinShare: float32(s.MinShare)}))
}
