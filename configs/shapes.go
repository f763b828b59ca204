package configs

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
	"corallite/internal/zone"
)

// groups reads groups with the same keys under user-chosen names, with defaults filled in.
func (w *validator) groups(n *yaml.Node, k *key.Key, p path) (all []key.Element, fine bool) {
	fine = true
	each := &key.Key{Kind: key.KindGroup, Keys: k.Keys}
	entries := w.mapping(n, k, p)
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		w.bad(n, p, key.CodeWrongType, "is empty: expected %s", k.Expects())
	}
	for _, e := range entries {
		w.seen(p.to(e.key.Value), w.at(e.key))
		if strings.TrimSpace(e.key.Value) == "" {
			w.bad(e.key, p, key.CodeMissingKey, "the name is empty")
			fine = false
			continue
		}
		values := w.options(e, each, p.to(e.key.Value))
		if values == nil {
			w.broken(p)
			fine = false
			continue
		}
		all = append(all, key.Element{Name: e.key.Value, Values: values})
	}
	return all, fine && len(all) > 0
}

// shapes reads the points of one shape or of several: a string of numbers with commas; or a list of numbers, of pairs,
// or of strings, each of which is a point or, for several shapes, a shape. All become strings.
func (w *validator) shapes(n *yaml.Node, k *key.Key, p path, several bool) (texts []string, ok bool) {
	if several && n.Kind == yaml.MappingNode {
		return w.namedShapes(n, k, p)
	}
	var nodes []*yaml.Node
	if several && n.Kind == yaml.SequenceNode && len(n.Content) > 0 && severalShapes(n) {
		nodes = n.Content
	} else {
		nodes = []*yaml.Node{n}
	}
	ok = true
	for i, one := range nodes {
		one = resolveAlias(one)
		at := p
		if len(nodes) > 1 {
			at = p.to(index(i))
			w.seen(at, w.at(one))
		}
		text, fine := flatten(one)
		if !fine {
			w.bad(one, at, key.CodeWrongType, "expected %s, not %s", k.Expects(), found(one))
			ok = false
			continue
		}
		shape, err := zone.ParseShape(text, k.LeastPoints)
		if err == nil && k.LeastPoints > 2 {
			err = shape.Surrounds()
		}
		if err != nil {
			w.bad(one, at, key.CodeOutOfRange, "%v", err)
			ok = false
			continue
		}
		texts = append(texts, shape.String())
	}
	return texts, ok
}

// namedShapes reads shapes under names, as Frigate has masks since 0.18: each with coordinates and, if wanted, a
// friendly_name and enabled. Those that are not enabled are checked and left out; names are for people only.
func (w *validator) namedShapes(n *yaml.Node, k *key.Key, p path) (texts []string, ok bool) {
	ok = true
	for _, one := range w.mapping(n, k, p) {
		at := p.to(one.key.Value)
		w.seen(at, w.at(one.key))
		value := resolveAlias(one.value)
		if value.Kind != yaml.MappingNode {
			w.bad(value, at, key.CodeWrongType, "expected a mapping with the keys coordinates, friendly_name, enabled, not %s", found(value))
			ok = false
			continue
		}
		enabled, coordinates := true, (*yaml.Node)(nil)
		for _, part := range w.mapping(value, k, at) {
			below := at.to(part.key.Value)
			w.seen(below, w.at(part.key))
			v := resolveAlias(part.value)
			switch part.key.Value {
			case "coordinates":
				coordinates = v
			case "friendly_name":
			case "enabled":
				if err := v.Decode(&enabled); err != nil || v.Tag != "!!bool" {
					w.bad(v, below, key.CodeWrongType, "expected true or false, not %s", found(v))
					ok = false
				}
			default:
				w.bad(part.key, below, key.CodeUnknownKey, "unknown key: a mask with a name has coordinates, friendly_name and enabled")
				ok = false
			}
		}
		if coordinates == nil {
			w.bad(value, at, key.CodeMissingKey, "coordinates are missing")
			ok = false
			continue
		}
		shapes, fine := w.shapes(coordinates, k, at.to("coordinates"), false)
		ok = ok && fine
		if enabled {
			texts = append(texts, shapes...)
		}
	}
	return texts, ok
}

// severalShapes reports whether the elements of a list are shapes, rather than points or numbers.
func severalShapes(n *yaml.Node) bool {
	first := resolveAlias(n.Content[0])
	switch first.Kind {
	case yaml.ScalarNode:
		return strings.Count(first.Value, ",") > 1 // a point has one comma, a number none
	case yaml.SequenceNode:
		return len(first.Content) != 2 || resolveAlias(first.Content[0]).Kind != yaml.ScalarNode || strings.Contains(first.Content[0].Value, ",")
	default:
		return true
	}
}

// flatten joins the numbers of a shape with commas.
func flatten(n *yaml.Node) (string, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		return n.Value, !isNull(n)
	case yaml.SequenceNode:
		var words []string
		for _, c := range n.Content {
			c = resolveAlias(c)
			if c.Kind == yaml.SequenceNode && len(c.Content) != 2 {
				return "", false
			}
			text, ok := flatten(c)
			if !ok {
				return "", false
			}
			words = append(words, text)
		}
		return strings.Join(words, ","), true
	default:
		return "", false
	}
}
