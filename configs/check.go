package configs

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"corallite/internal/key"
)

// Check validates a configuration that a program made or changed: limits and choices as for files, and names. Files are
// checked when they are opened. The error names each key by its path.
func (c *Config) Check() error {
	var errs []error
	bad := func(path string, err error) {
		if wrong := (*key.InvalidError)(nil); errors.As(err, &wrong) {
			path += "." + wrong.Key
			err = fmt.Errorf("expected %s", wrong.Expects)
			if wrong.Value != nil {
				err = fmt.Errorf("%v is not a possible value: %w", wrong.Value, err)
			}
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path, err))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(c.Models)) {
		m, at := c.Models[name], "models."+name
		bad(at, m.Keys().Check())
		bad(at+".delegate", m.Delegate.Validate())
	}
	for _, name := range c.PipelineNames() {
		p, at := c.Pipelines[name], "pipelines."+name
		bad(at, p.Keys().Check())
		if p.Source == nil || p.Source.Keys()[0].IsZero() {
			bad(at+".source", errors.New("there is none"))
		} else {
			bad(at+".source", p.Source.Keys().Check())
		}
		used := p.Models
		if p.Secondary != nil {
			used = append(slices.Clone(used), p.Secondary.Model)
		}
		for _, model := range used {
			if _, ok := c.Models[model]; !ok {
				bad(at+".models", fmt.Errorf("there is no model %q; there are %s", model, strings.Join(slices.Sorted(maps.Keys(c.Models)), ", ")))
			}
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
