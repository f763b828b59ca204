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
func (s *layers) motion(p path, source Source) *Motion {
	values, given := s.group(p, s.root.Child("pipelines").Child("motion"))
	if !given && (s.layer(p) == nowhere || s.bad[p.viper()]) || source.Sounds() {
		return nil
	}
	if len(source.Images) > 0 {
		s.problem(p, key.CodeConflict, "only applies to videos, cameras and watched folders, but the source is images")
		return nil
	}
	out := &Motion{}
	s.decode(values, out, p)
	return out
}
