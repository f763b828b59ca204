package configs

import (
	"fmt"
	"slices"

	"corallite/internal/key"
)

// pipeline makes one pipeline from the layers. Names of models are looked up only if all files could be read.
func (s *layers) pipeline(d namedEntry, whole bool) Pipeline {
	p := path{"pipelines", d.name}
	var out Pipeline
	if s.bad[p.folded()] {
		return out
	}
	k := s.root.Child("pipelines")
	out.Source = s.source(p.to("source"), k.Child("source"))
	for _, f := range out.Keys() {
		if v := s.value(p.to(f.Key().Name), f.Key()); v != nil && !(f.Key().Pictures && out.Sounds()) {
			f.Set(v)
		}
	}
	if at := p.to("models"); s.require(at, k.Child("models")) {
		s.modelNames(at, out.Models, whole)
	}
	if r := out.Region; len(r) == 4 && (r[0] >= r[2] || r[1] >= r[3]) {
		s.problem(p.to("region"), key.CodeOutOfRange, "%v is not a region: left must be less than right, and top less than bottom", r)
	}
	s.checkMotion(p.to("motion"), out)
	s.checkSecondary(p.to("secondary"), out, whole)
	if at := p.to("sinks"); s.require(at, k.Child("sinks")) {
		out.Sinks = s.sinks(at)
	}
	return out
}

// checkMotion reports motion detection on unrelated pictures.
func (s *layers) checkMotion(p path, in Pipeline) {
	if in.Motion != nil && in.Source != nil && in.Source.About().Still {
		s.problem(p, key.CodeConflict, "only applies to videos, cameras and watched folders, but the source is %s", in.Source.About().Kind)
	}
}

// checkSecondary reports a secondary classifier whose models do not exist.
func (s *layers) checkSecondary(p path, in Pipeline, whole bool) {
	c := in.Secondary
	if c == nil {
		return
	}
	model := s.root.Child("pipelines").Child("secondary").Child("model")
	if at := p.to("model"); s.require(at, model) && whole && !s.bad["models"] {
		if message := s.unknownName("models", c.Model); message != "" {
			s.problem(at, key.CodeUnknownName, "%s", message)
		}
	}
	if c.After != "" && !slices.Contains(in.Models, c.After) {
		s.problem(p.to("after"), key.CodeUnknownName, "the pipeline has no model %q: expected one of %s", c.After, joinWords(in.Models))
	}
}

// item is the path of element i of the list at p, or p itself for a single element without a list.
func (s *layers) item(p path, i int) path {
	if _, inList := s.files[p.to(index(i)).folded()]; inList || s.layer(p) != fromFile {
		return p.to(index(i))
	}
	return p
}

func (s *layers) modelNames(p path, names []string, whole bool) {
	seen := map[string]bool{}
	for i, name := range names {
		at := s.item(p, i)
		if seen[name] {
			s.problem(at, key.CodeDuplicate, "%s is in the list twice", name)
			continue
		}
		seen[name] = true
		if !whole || s.bad["models"] {
			continue
		}
		if message := s.unknownName("models", name); message != "" {
			if _, known := s.catalog.Lookup(name); known {
				message += fmt.Sprintf("; the catalog has it: write \"%s: {path: %s}\" under models", name, name)
			}
			s.problem(at, key.CodeUnknownName, "%s", message)
		}
	}
}

// joinWords is "a, b or c".
func joinWords(words []string) string {
	out := ""
	for i, w := range words {
		switch {
		case i == 0:
			out = w
		case i == len(words)-1:
			out += " or " + w
		default:
			out += ", " + w
		}
	}
	return out
}
