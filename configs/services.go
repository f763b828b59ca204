package configs

import (
	"maps"
	"slices"

	"corallite/internal/key"
	"corallite/internal/part"
)

// Service is a block at the top of a configuration: a pointer to the configuration of its kind.
type Service = part.Service

// ServicesInOrder are the services, sorted by name.
func (c *Config) ServicesInOrder() []Service {
	var all []Service
	for _, name := range slices.Sorted(maps.Keys(c.Services)) {
		all = append(all, c.Services[name])
	}
	return all
}

// serviceKeys are the blocks with their keys.
func serviceKeys(services []func() part.Service) []*key.Key {
	var keys []*key.Key
	for _, make := range services {
		service := make()
		about := service.About()
		keys = append(keys, &key.Key{Name: about.Name, Kind: key.KindGroup, Optional: true, Doc: about.Doc, Keys: service.Keys().Keys()})
	}
	return keys
}

// services makes the services that are given, and checks them.
func (s *layers) services(cfg *Config) {
	cfg.Services = map[string]Service{}
	for _, make := range s.parts.Services {
		service := make()
		name := service.About().Name
		k, p := s.root.Child(name), path{name}
		values, ok := s.value(p, k).(map[string]any)
		if !ok {
			continue
		}
		keys := service.Keys()
		keys.SetDefaults()
		keys.Set(values)
		fine := true
		for _, c := range k.Keys {
			if c.Required {
				fine = s.require(p.to(c.Name), c) && fine
			}
			s.checkSiblings(p, c, func(other string) bool { return s.given(p, other) })
		}
		if checker, is := service.(part.Checker); is && fine {
			checker.Check(s.checkFor(p, nil))
		}
		cfg.Services[name] = service
	}
}

// runsAlone reports whether there is something to run without a pipeline.
func (c *Config) runsAlone() bool {
	for _, s := range c.Services {
		if a, ok := s.(part.Alone); ok && a.RunsAlone() {
			return true
		}
	}
	return false
}
