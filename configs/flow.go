package configs

import (
	"fmt"

	"corallite/internal/key"
)

// pipeline makes one pipeline of what the layers say. Names of models are looked up when all files could be read.
func (s *layers) pipeline(d namedEntry, whole bool) Pipeline {
	p := path{"pipelines", d.name}
	var out Pipeline
	if s.bad[p.folded()] {
		return out
	}
	k := s.root.Child("pipelines")
	out.Source = s.source(p.to("source"), k.Child("source"))
	if at := p.to("models"); s.require(at, k.Child("models")) {
		out.Models, _ = s.get(at).([]string)
		s.modelNames(at, out.Models, whole)
	}
	if !out.Sounds() {
		out.Every, _ = s.get(p.to("every")).(int)
	}
	out.FPS, _ = s.get(p.to("fps")).(float64)
	if r, ok := s.get(p.to("region")).([]float64); ok {
		if out.Region = r; r[0] >= r[2] || r[1] >= r[3] {
			s.problem(p.to("region"), key.CodeOutOfRange, "%v is not a region: left must be less than right, and top less than bottom", r)
		}
	}
	out.Motion = s.motion(p.to("motion"), out)
	out.Secondary = s.secondary(p.to("secondary"), out.Models, whole)
	out.VAD, _ = s.get(p.to(vadKey.Name)).(bool)
	out.Priority, _ = s.get(p.to("priority")).(int)
	if at := p.to("sinks"); s.require(at, k.Child("sinks")) {
		out.Sinks = s.sinks(at)
	}
	return out
}

// item is the path of element i of the list at p, which is p itself for one that stands alone.
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
