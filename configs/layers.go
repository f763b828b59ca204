package configs

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
	"corallite/internal/parts"
	"corallite/internal/redact"
	"corallite/models"
)

// layers has the values of all layers: the store keeps them and knows their precedence; layers knows where each was
// given and how names are written, which the store does not.
type layers struct {
	values   store
	problems Problems
	catalog  *models.Store
	parts    parts.Lists
	root     *key.Key // the table of all keys
	first    string   // the first file, for problems of all files together

	files map[string]origin // by folded path: what files gave
	env   map[string]origin
	set   map[string]origin
	bad   map[string]bool // set but invalid: not reported as missing

	envValues map[string]any // parsed values of environment variables

	switches map[string]map[layer]bool // by folded path: the groups for which a layer has true or false

	models    []namedEntry
	pipelines []namedEntry
	named     map[string]namedEntry // by section and lower-case name
}

// layer is where values come from; later ones override earlier ones.
type layer int

const (
	nowhere layer = iota
	fromFile
	fromEnv
	fromSet
)

// namedEntry is a model or a pipeline.
type namedEntry struct {
	name string // as written
	at   origin
}

func newLayers(catalog *models.Store, all parts.Lists, root *key.Key) *layers {
	return &layers{
		catalog: catalog, parts: all, root: root,
		values: newStore(),
		files:  map[string]origin{}, env: map[string]origin{}, set: map[string]origin{}, bad: map[string]bool{},
		envValues: map[string]any{}, switches: map[string]map[layer]bool{}, named: map[string]namedEntry{},
	}
}

// report adds a problem, without secrets of the value.
func (s *layers) report(at origin, p path, code key.Code, message string) {
	s.problems = append(s.problems, Problem{
		Code: code, File: redact.Text(at.file), Line: at.line, Path: p.String(), Message: redact.Addresses(message),
	})
}

// problem reports a problem of the value at p, where it was given.
func (s *layers) problem(p path, code key.Code, format string, args ...any) {
	s.report(s.where(p), p, code, fmt.Sprintf(format, args...))
}

// where is the origin of the value at p; if it was not given, that of the group it belongs to.
func (s *layers) where(p path) origin {
	for _, layer := range []map[string]origin{s.set, s.env, s.files} {
		for n := len(p); n > 0; n-- {
			if at, ok := layer[p[:n].folded()]; ok {
				return at
			}
		}
	}
	return origin{file: s.first}
}

// names lists the models or the pipelines.
func (s *layers) names(section string) *[]namedEntry {
	if section == "models" {
		return &s.models
	}
	return &s.pipelines
}

// addFile reads a file into the layer of files.
func (s *layers) addFile(file string, doc *yaml.Node) {
	layer := map[string]any{}
	here := map[string]origin{}
	w := &validator{file: file, lines: true, report: s.report, name: s.addName}
	w.broken = func(p path) { s.bad[p.folded()] = true }
	w.seen = func(p path, at origin) {
		here[p.folded()] = at
		if _, twice := s.files[p.folded()]; !twice {
			s.files[p.folded()] = at
		}
	}
	w.leaf = func(p path, k *key.Key, v any) {
		if at := s.files[p.folded()]; at.file != file {
			s.report(here[p.folded()], p, key.CodeDuplicate, "already set in "+at.String())
			return
		}
		if k.Switch {
			s.setSwitch(fromFile, p, v)
			return
		}
		put(layer, p, v)
	}
	w.walk(doc, s.root, nil)
	if err := s.values.merge(layer); err != nil {
		s.report(origin{file: file}, nil, key.CodeInvalid, err.Error())
	}
}

// addName adds the name of a model or pipeline. Names that differ only in case are the same to the store and the
// environment.
func (s *layers) addName(p path, at origin) bool {
	list := s.names(p[0])
	name := p[1]
	switch other, taken := s.named[p.folded()]; {
	case taken && other.name == name:
		s.report(at, p, key.CodeDuplicate, "already defined in "+other.at.String())
		return false
	case taken:
		s.report(at, p, key.CodeDuplicate, fmt.Sprintf("differs from %q (%s) only in case: choose another name", other.name, other.at))
		return false
	}
	s.named[p.folded()] = namedEntry{name, at}
	*list = append(*list, namedEntry{name, at})
	s.files[p.folded()] = at
	return true
}

// put sets a value in nested maps.
func put(m map[string]any, p path, v any) {
	for _, part := range p[:len(p)-1] {
		next, ok := m[part].(map[string]any)
		if !ok {
			next = map[string]any{}
			m[part] = next
		}
		m = next
	}
	m[p[len(p)-1]] = v
}

// setDefaults gives the store the table's defaults, for every model and pipeline.
func (s *layers) setDefaults() {
	s.leaves(func(p path, k *key.Key) {
		if k.Default != nil {
			s.values.setDefault(p, k.Default)
		}
	})
}

// leaves yields every key that can have a value, with its path, and the groups that can be true or false.
func (s *layers) leaves(each func(p path, k *key.Key)) {
	var below func(k *key.Key, p path)
	below = func(k *key.Key, p path) {
		for _, c := range k.Keys {
			switch {
			case c.IsLeaf():
				each(p.to(c.Name), c)
			case c.Switch:
				each(p.to(c.Name), c)
				below(c, p.to(c.Name))
			case c.Kind == key.KindNamed:
				for _, n := range *s.names(c.Name) {
					below(c, p.to(c.Name, n.name))
				}
			default:
				below(c, p.to(c.Name))
			}
		}
	}
	below(s.root, nil)
}

// get is the value at p from the layer with the highest precedence; nil: not given, and no default.
func (s *layers) get(p path) any {
	v := s.values.get(p)
	if _, isText := v.(string); !isText {
		return v
	}
	_, fromSet := s.set[p.folded()]
	if value, fromEnv := s.envValues[p.folded()]; fromEnv && !fromSet {
		return value // the store has only its text
	}
	return v
}

// fromText parses a value given as text, and yields the key values in it. It returns whether all are valid; problems
// are reported.
func (s *layers) fromText(k *key.Key, p path, text string, at origin, leaf func(p path, k *key.Key, v any)) bool {
	fine := true
	report := func(_ origin, p path, code key.Code, message string) {
		fine = false
		s.report(at, p, code, message)
	}
	n, err := valueReader{k}.textNode(text)
	if err != nil {
		report(at, p, key.CodeSyntax, err.Error())
		return false
	}
	w := &validator{
		file: at.file, report: report, broken: func(path) {}, seen: func(path, origin) {},
		leaf: leaf,
	}
	w.name = func(p path, _ origin) bool {
		message := s.unknownName(p[0], p[1])
		if message != "" {
			report(at, p, key.CodeUnknownName, message)
		}
		return message == ""
	}
	w.walk(n, k, p)
	return fine
}

// layer is the layer that the value at p comes from; "" if none.
func (s *layers) layer(p path) layer {
	k := p.folded()
	for _, l := range []struct {
		layer layer
		at    map[string]origin
	}{{fromSet, s.set}, {fromEnv, s.env}, {fromFile, s.files}} {
		if _, ok := l.at[k]; ok {
			return l.layer
		}
	}
	return nowhere
}

const (
	mostNames = 200 // maximum number of names to search for the nearest: a generated file may have thousands, and as many mistakes
	mostShown = 20
)

// unknownName is the message for a name that no model or pipeline has; "" if one has it.
func (s *layers) unknownName(section, name string) string {
	if d, ok := s.named[path{section, name}.folded()]; ok && d.name == name {
		return ""
	}
	all := *s.names(section)
	names := make([]string, 0, mostNames)
	for _, d := range all[:min(len(all), mostNames)] {
		names = append(names, d.name)
	}
	what := strings.TrimSuffix(section, "s")
	near := didyoumean.Suggest(name, names)
	switch {
	case near != "":
		return fmt.Sprintf("there is no %s %q; did you mean %q?", what, name, near)
	case len(names) == 0:
		return fmt.Sprintf("there is no %s %q: none is defined", what, name)
	case len(all) > mostShown:
		return fmt.Sprintf("there is no %s %q; there are %s and %d more", what, name, strings.Join(names[:mostShown], ", "), len(all)-mostShown)
	default:
		return fmt.Sprintf("there is no %s %q; there are %s", what, name, strings.Join(names, ", "))
	}
}
