package configs

import (
	"strconv"
	"strings"

	"corallite/internal/key"
	"corallite/internal/life"
	"corallite/internal/part"
	"corallite/internal/sink/annotate"
	"corallite/internal/sink/command"
	"corallite/internal/sink/preview"
	"corallite/internal/sink/webhook"
	"corallite/internal/zone"
)

// Sink is a destination of results: a pointer to the configuration of its kind, such as *WebhookSink.
type Sink = part.Sink

// The configurations of the sinks whose packages are internal. docs/configuration.md describes the keys, which are the
// fields; Default fills in their defaults. The text sinks' are in package sink.
type (
	PicturesSink = annotate.PicturesOptions
	VideoSink    = annotate.VideoOptions
	PreviewSink  = preview.Config
	CommandSink  = command.Options
	WebhookSink  = webhook.Options
)

// Default returns the configuration of a part with the defaults of its keys, for programs without a file:
//
//	page := configs.Default[configs.PreviewSink]()
func Default[T any, P interface {
	*T
	key.Configurable
}]() P {
	return key.New[T, P]()
}

// sinks makes sinks from a validated list of variants.
func (s *layers) sinks(p path) []Sink {
	list, _ := s.get(p).([]any)
	var out []Sink
	for i, element := range list {
		kinds, _ := element.(map[string]any)
		for kind, options := range kinds {
			values, _ := options.(map[string]any)
			sink := s.parts.Sink(kind)
			keys := sink.Keys()
			keys.Set(values)
			for _, k := range keys.Keys() {
				s.checkSiblings(p.to(index(i), kind), k, func(name string) bool { return values[name] != nil })
			}
			out = append(out, sink)
		}
	}
	return out
}

// checkSinks checks sinks that have their own rules.
func (s *layers) checkSinks(cfg *Config, whole bool) {
	for _, name := range cfg.order {
		pipeline := cfg.Pipelines[name]
		labels := func() ([]string, bool) { return labelsOf(cfg, pipeline, whole) }
		for i, sink := range pipeline.Sinks {
			if l, ok := sink.(part.Lived); ok && pipeline.Source != nil && pipeline.Source.About().Still {
				if when := l.LifeOptions().When; when != "" && when != life.Every {
					s.problem(path{"pipelines", name, "sinks", index(i), sink.About().Kind, "when"}, key.CodeConflict,
						"pictures that have nothing to do with each other have no beginning and end: with the source %s expected every", pipeline.Source.About().Kind)
				}
			}
			if c, ok := sink.(part.Checker); ok {
				check := s.checkFor(path{"pipelines", name, "sinks", index(i), sink.About().Kind}, labels)
				if whole {
					check.Service = func(name string) bool { return cfg.Services[name] != nil }
				}
				c.Check(check)
			}
		}
	}
}

// checkFor is the context in which a part at p is checked.
func (s *layers) checkFor(p path, labels func() ([]string, bool)) part.Check {
	return part.Check{
		Labels: labels,
		Report: func(code key.Code, name, element, message string) {
			at := p
			if name != "" {
				at = p.to(name)
			}
			if digits, isIndex := strings.CutPrefix(element, "["); isIndex {
				i, _ := strconv.Atoi(strings.TrimSuffix(digits, "]"))
				at = s.item(at, i)
			} else if element != "" {
				at = at.to(element)
			}
			s.problem(at, code, "%s", message)
		},
	}
}

// labelsOf are the labels that a pipeline's results can have; unknown if one of its models has none yet.
func labelsOf(cfg *Config, in Pipeline, whole bool) (all []string, known bool) {
	all, known = modelLabels(cfg, in)
	return zone.Merged(all, in.Places.Merge), known && whole
}

// modelLabels are the labels of a pipeline's models, before the pipeline replaces some of them; unknown if one has none yet.
func modelLabels(cfg *Config, in Pipeline) (all []string, known bool) {
	names := in.Models
	if in.Secondary != nil {
		names = append(names[:len(names):len(names)], in.Secondary.Model)
	}
	for _, name := range names {
		m, defined := cfg.Models[name]
		switch {
		case m.Task == TaskPose || m.Task == TaskSegment:
			// Their results have no labels that a sink acts on.
		case !defined || len(m.Labels) == 0 || m.Gallery != "":
			return nil, false
		default:
			all = append(all, m.Labels...)
		}
	}
	return all, true
}

// sinkKeys are the kinds of sinks with their keys.
func sinkKeys(sinks []func() part.Sink) []*key.Key {
	var keys []*key.Key
	for _, make := range sinks {
		sink := make()
		about := sink.About()
		keys = append(keys, &key.Key{Name: about.Kind, Kind: key.KindGroup, Doc: about.Doc, Keys: sink.Keys().Keys()})
	}
	return keys
}
