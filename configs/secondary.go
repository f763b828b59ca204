package configs

import (
	"slices"

	"corallite/internal/key"
)

// Secondary is a model that classifies each object that a detector finds.
type Secondary struct {
	Model    string   `yaml:"model"` // a name in Config.Models
	After    string   `yaml:"after"` // the detector's name; "": the pipeline's only one
	Labels   []string `yaml:"labels,flow,omitempty"`
	Margin   float64  `yaml:"margin"`
	Square   bool     `yaml:"square"`
	MaxBoxes int      `yaml:"max_boxes"` // 0: all
}

// secondary reads a pipeline's secondary classifier; nil if there is none.
func (s *layers) secondary(p path, models []string, whole bool) *Secondary {
	k := s.root.Child("pipelines").Child("secondary")
	values, given := s.group(p, k)
	if !given {
		return nil
	}
	out := &Secondary{}
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

// group returns the values of a group's keys, with their defaults. given is false if none of its keys is set.
func (s *layers) group(p path, k *key.Key) (values map[string]any, given bool) {
	values = map[string]any{}
	for _, c := range k.Keys {
		given = given || s.given(p, c.Name)
		if v := s.get(p.to(c.Name)); v != nil {
			values[c.Name] = v
		}
	}
	return values, given && !s.bad[p.folded()]
}
