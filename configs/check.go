package configs

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"corallite/internal/key"
)

// Check validates a configuration that a program made or changed: limits and choices as for files, and names. Files are
// checked when they are opened. The error names each key by its path.
func (c *Config) Check() error {
	var errs []error
	bad := func(path string, err error) {
		if wrong := (*key.InvalidError)(nil); errors.As(err, &wrong) {
			path, err = path+"."+wrong.Key, unfit(wrong)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Models)) {
		m, at := c.Models[name], "models."+name
		bad(at, m.Keys().Check())
		bad(at+".delegate", m.Delegate.Validate())
		if m.Track != nil && m.Track.Appearance != "" {
			bad(at+".track.appearance", c.appearance(m.Track.Appearance))
		}
	}
	for _, name := range c.PipelineNames() {
		p, at := c.Pipelines[name], "pipelines."+name
		bad(at, p.Keys().Check())
		if p.Source == nil || p.Source.Keys()[0].IsZero() {
			bad(at+".source", errors.New("there is none"))
		} else {
			bad(at+".source", p.Source.Keys().Check())
		}
		exists := func(path, model string) {
			if _, ok := c.Models[model]; !ok {
				bad(path, c.noModel(model))
			}
		}
		for _, model := range p.Models {
			exists(at+".models", model)
		}
		if p.Secondary != nil {
			exists(at+".secondary.model", p.Secondary.Model)
		}
		for i, s := range p.Sinks {
			if s == nil {
				bad(fmt.Sprintf("%s.sinks[%d]", at, i), errors.New("it is nil"))
				continue
			}
			bad(fmt.Sprintf("%s.sinks[%d]", at, i), s.Keys().Check())
		}
	}
	return errors.Join(errs...)
}

// unfit says of a value that it does not fit its key, without the key.
func unfit(e *key.InvalidError) error {
	if e.Value == nil {
		return fmt.Errorf("expected %s", e.Expects)
	}
	return fmt.Errorf("%v is not a possible value: expected %s", e.Value, e.Expects)
}
