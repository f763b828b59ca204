package configs

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"corallite/internal/key"
)

// checkAppearances reports trackers whose model of appearance does not exist, or is for another task.
func (s *layers) checkAppearances(cfg *Config, whole bool) {
	for _, d := range s.models {
		m := cfg.Models[d.name]
		if m.Track == nil || m.Track.Appearance == "" || m.Task != TaskDetect || !whole || s.bad["models"] {
			continue
		}
		name, at := m.Track.Appearance, path{"models", d.name, "track", "appearance"}
		if message := s.unknownName("models", name); message != "" {
			s.problem(at, key.CodeUnknownName, "%s", message)
		} else if err := cfg.appearance(name); err != nil {
			s.problem(at, key.CodeConflict, "%v", err)
		}
	}
}

// noModel says that there is no model of a name.
func (c *Config) noModel(name string) error {
	return fmt.Errorf("there is no model %q; there are %s", name, strings.Join(slices.Sorted(maps.Keys(c.Models)), ", "))
}

// appearance reports a model that says nothing of what objects look like. One without a task is reported elsewhere.
func (c *Config) appearance(name string) error {
	switch m, ok := c.Models[name]; {
	case !ok:
		return c.noModel(name)
	case m.Task != TaskEmbed && m.Task != "":
		return fmt.Errorf("model %s is for task %s: expected one for %s", name, m.Task, TaskEmbed)
	}
	return nil
}
