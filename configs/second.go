package configs

import (
	"slices"

	"corallite/internal/key"
)

// Second is a model that looks at what a detector has found.
type Second struct {
	Model    string   `yaml:"model"` // a name in Config.Models
	After    string   `yaml:"after"` // the detector's; "": the pipeline's only one
	Labels   []string `yaml:"labels,flow,omitempty"`
	Margin   float64  `yaml:"margin"`
	Square   bool     `yaml:"square"`
	MaxBoxes int      `yaml:"max_boxes"` // 0: all
}

// second reads a pipeline's second model; nil when there is none.
func (s *layers) second(p path, models []string, whole bool) *Second {
	k := s.root.Child("pipelines").Child("second")
	values, given := s.group(p, k)
	if !given {
		return nil
	}
	out := &Second{}
	s.decode(values, out, p)
	if at := p.to("model"); s.require(at, k.Child("model")) && whole && !s.bad["models"] {
		if message := s.unknownName("models", out.Model); message != "" {
			s.problem(at, key.CodeUnknownName, "%s", message)
		}
	}
	if out.After != "" && !slices.Contains(models, out.After) {
		s.problem(p.to("after"), key.CodeUnknownName, "the pipeline has no model %q: expected one of %s", out.After, joinWords(models))
	}
	return out
}

// group gives the values of a group's keys, with their defaults. It is not given when none of its keys is.
func (s *layers) group(p path, k *key.Key) (values map[string]any, given bool) {
	values = map[string]any{}
	for _, c := range k.Keys {
		given = given || s.given(p, c.Name)
		if v := s.get(p.to(c.Name)); v != nil {
			values[c.Name] = v
		}
	}
	return values, given && !s.bad[p.viper()]
}
