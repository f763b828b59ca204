package configs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// pipeline makes one pipeline of what the layers say. Names of models are looked up when all files could be read.
func (s *settings) pipeline(d definition, whole bool) Pipeline {
	p := path{"pipelines", d.name}
	var out Pipeline
	if s.bad[p.viper()] {
		return out
	}
	k := root.child("pipelines")
	out.Source = s.source(p.to("source"), k.child("source"))
	if at := p.to("models"); s.require(at, k.child("models")) {
		out.Models, _ = s.get(at).([]string)
		s.modelNames(at, out.Models, whole)
	}
	out.Priority, _ = s.get(p.to("priority")).(int)
	if at := p.to("sinks"); s.require(at, k.child("sinks")) {
		out.Sinks = s.sinks(at)
	}
	return out
}

// item is the path of element i of the list at p, which is p itself for one that stands alone.
func (s *settings) item(p path, i int) path {
	if _, inList := s.files[p.to(index(i)).viper()]; inList || s.layer(p) != fromFile {
		return p.to(index(i))
	}
	return p
}

func (s *settings) modelNames(p path, names []string, whole bool) {
	for i, name := range names {
		at := s.item(p, i)
		if slices.Contains(names[:i], name) {
			s.problem(at, "%s stands in the list twice", name)
			continue
		}
		if !whole || s.bad["models"] {
			continue
		}
		if message := s.unknownName("models", name); message != "" {
			if _, known := s.catalog.Lookup(name); known {
				message += fmt.Sprintf("; the catalog has it: write \"%s: {path: %s}\" under models", name, name)
			}
			s.problem(at, "%s", message)
		}
	}
}

// source reads where pictures come from. A later layer's source takes the place of an earlier one's: with images in
// the file, --set pipelines.P.source.video=V means the video.
func (s *settings) source(p path, k *key) Source {
	var out Source
	if s.bad[p.viper()] {
		return out
	}
	var given []string
	best := nowhere
	for _, c := range k.keys {
		at := p.to(c.name)
		switch l := s.layer(at); {
		case s.bad[at.viper()]:
			return out
		case l > best:
			given, best = []string{c.name}, l
		case l == best && l != nowhere:
			given = append(given, c.name)
		}
	}
	switch len(given) {
	case 0:
		s.problem(p, "is missing: expected one of %s", joinWords(k.childNames()))
		return out
	case 1:
	default:
		s.problem(p.to(given[1]), "%s is given as well: expected only one of %s", given[0], joinWords(k.childNames()))
		return out
	}
	at := p.to(given[0])
	switch v := s.get(at).(type) {
	case string:
		out.Folder = v
		if !isFolder(v) {
			s.problem(at, "there is no folder %s", v)
		}
	case []string:
		if given[0] == "video" {
			out.Video = v
		} else {
			out.Images = v
		}
		for i, file := range v {
			if message := missing(file, given[0]); message != "" {
				s.problem(s.item(at, i), "%s", message)
			}
		}
	}
	return out
}

// missing says what is wrong with a name of a source of that kind ("images" or "video"): a file, a pattern, or a folder
// of pictures. It is "" when there is something of that name.
func missing(name, kind string) string {
	info, err := os.Stat(name)
	switch {
	case err == nil && info.IsDir() && kind != "images":
		return fmt.Sprintf("%s is a folder: expected a file", name)
	case err == nil:
		return ""
	case !strings.ContainsAny(name, "*?["):
		return fmt.Sprintf("cannot be read: %s: %v", name, pathless(err))
	}
	matches, err := filepath.Glob(name)
	switch {
	case err != nil:
		return fmt.Sprintf("%s is no pattern: %v", name, err)
	case !slices.ContainsFunc(matches, isFile):
		return "no file matches " + name
	}
	return ""
}

// sinks turns a list of variants, which has been checked, into sinks.
func (s *settings) sinks(p path) []Sink {
	list, _ := s.get(p).([]any)
	var out []Sink
	for i, element := range list {
		kinds, _ := element.(map[string]any)
		for kind, options := range kinds {
			values, _ := options.(map[string]any)
			sink := Sink{Kind: kind}
			s.decode(values, &sink, p.to(index(i), kind))
			out = append(out, sink)
		}
	}
	return out
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
