package configs

import (
	"fmt"
	"maps"
	"slices"

	"corallite/internal/key"
	"corallite/internal/parts"
	"corallite/models"
)

// Config is the configuration of all files, the environment and --set, with defaults filled in and files found.
type Config struct {
	Models    map[string]Model
	Pipelines map[string]Pipeline
	EdgeTPU   EdgeTPU
	Log       Log

	// Services are the blocks at the top of the files that are there, by their names: "mqtt".
	Services map[string]Service

	order []string
}

// PipelineNames are the names of the pipelines in the order of the files, followed by those that a program has added.
func (c *Config) PipelineNames() []string {
	names := slices.DeleteFunc(slices.Clone(c.order), func(name string) bool { _, there := c.Pipelines[name]; return !there })
	for _, name := range slices.Sorted(maps.Keys(c.Pipelines)) {
		if !slices.Contains(c.order, name) {
			names = append(names, name)
		}
	}
	return names
}

// LoadOptions are what Load uses besides the files.
type LoadOptions struct {
	// Set are the arguments of --set: KEY=VALUE, with KEY a path with dots.
	Set []string

	// Models finds models by name and knows how to use known files; nil: the store given by the environment.
	Models *models.Store

	// Parts are the sinks and sources that files can name; nil: all of the program's.
	Parts *parts.Lists

	// ReadLabels reads a label file. If nil, label files must exist but are not read, and allow and deny lists are not
	// checked against them.
	ReadLabels func(path string) ([]string, error)

	// ModelsOnly says that there need be no pipelines.
	ModelsOnly bool
}

// Load reads files as one configuration, overridden by the environment and then by --set, and validates all of it:
// keys, types, ranges, names, and that the named files exist. The error is Problems, with everything that is wrong.
func Load(files []string, o LoadOptions) (*Config, error) {
	if o.Models == nil {
		store, err := models.Open(models.Options{})
		if err != nil {
			return nil, err
		}
		o.Models = store
	}
	all, keys := parts.All(), root()
	if o.Parts != nil {
		all, keys = *o.Parts, table(*o.Parts)
	}
	s := newLayers(o.Models, all, keys)
	if len(files) == 0 {
		s.report(origin{}, nil, key.CodeInvalid, "no configuration file given")
	} else {
		s.first = files[0]
	}
	read := 0
	for i, file := range files {
		if slices.Contains(files[:i], file) {
			s.report(origin{file: file}, nil, key.CodeDuplicate, "is given twice")
			continue
		}
		doc, problems := readFile(file)
		s.problems = append(s.problems, problems...)
		if doc != nil {
			s.addFile(file, doc)
			read++
		}
	}
	s.setDefaults()
	// If a file could not be read, what it may define would be reported as missing.
	whole := read == len(files) && read > 0
	if whole {
		s.addEnv()
		for _, arg := range o.Set {
			s.addSet(arg)
		}
	}
	cfg := s.config(o, whole)
	if len(s.problems) > 0 {
		s.problems.sort(files)
		return nil, s.problems
	}
	return cfg, nil
}

// config makes the typed configuration. If not all files could be read, it checks only what depends on nothing else.
func (s *layers) config(o LoadOptions, whole bool) *Config {
	cfg := &Config{Models: map[string]Model{}, Pipelines: map[string]Pipeline{}}
	for _, d := range s.models {
		cfg.Models[d.name] = s.model(d, o)
	}
	s.checkAppearances(cfg, whole)
	for _, d := range s.pipelines {
		cfg.Pipelines[d.name] = s.pipeline(d, whole)
		cfg.order = append(cfg.order, d.name)
		s.checkSound(path{"pipelines", d.name}, cfg.Pipelines[d.name], cfg.Models)
	}
	s.services(cfg)
	if whole && len(s.pipelines) == 0 && !s.bad[""] && !s.bad["pipelines"] && s.layer(path{"pipelines"}) == nowhere && !cfg.runsAlone() && !o.ModelsOnly {
		s.report(origin{file: s.first}, nil, key.CodeMissingKey, "nothing to run: pipelines is missing")
	}
	s.sameOutputs(cfg)
	s.checkSinks(cfg, whole)
	for _, name := range cfg.order {
		s.checkPlaces(path{"pipelines", name}, cfg, cfg.Pipelines[name], whole)
	}
	s.setGroup(nil, cfg.groups())
	return cfg
}

// require reports a required key that is missing. It returns whether the key is present and valid.
func (s *layers) require(p path, k *key.Key) bool {
	switch {
	case s.bad[p.folded()]:
		return false
	case s.layer(p) == nowhere:
		s.report(s.where(p), p, key.CodeMissingKey, fmt.Sprintf("required key is missing: expected %s", k.Expects()))
		return false
	}
	return true
}

// One is the configuration of one pipeline, for commands and programs without a file.
func One(name string, p Pipeline, models map[string]Model) *Config {
	return &Config{Models: models, Pipelines: map[string]Pipeline{name: p}, order: []string{name}, EdgeTPU: *Default[EdgeTPU](), Log: *Default[Log]()}
}

// OfModels is the configuration of models that no pipeline runs: for services.
func OfModels(models map[string]Model) *Config {
	return &Config{Models: models, EdgeTPU: *Default[EdgeTPU](), Log: *Default[Log]()}
}
