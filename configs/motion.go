package configs

import "corallite/internal/key"

// Motion holds back what does not move.
type Motion struct {
	Area      float64 `yaml:"area"`      // share of the picture, 0 to 1
	Threshold float64 `yaml:"threshold"` // squared distance, in variances
	Hold      float64 `yaml:"hold"`      // seconds
	Width     int     `yaml:"width"`     // pixels
	WarmUp    float64 `yaml:"warm_up"`   // seconds
}

// motion reads what a pipeline says of motion; nil: nothing. An empty group is all defaults.
func (s *layers) motion(p path, in Pipeline) *Motion {
	values, given := s.group(p, s.root.Child("pipelines").Child("motion"))
	if !given && (s.layer(p) == nowhere || s.bad[p.folded()]) || in.Source == nil || in.Sounds() {
		return nil
	}
	if in.Source.About().Still {
		s.problem(p, key.CodeConflict, "only applies to videos, cameras and watched folders, but the source is %s", in.Source.About().Kind)
		return nil
	}
	out := &Motion{}
	s.decode(values, out, p)
	return out
}
