package configs

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
)

// validator checks a YAML tree against the table of keys. It reports what is invalid and passes on valid values.
type validator struct {
	file   string // as in Problem.File
	lines  bool   // the nodes' lines are lines of that file
	report func(at origin, p path, code key.Code, message string)
	broken func(p path)                        // p is set but invalid
	seen   func(p path, at origin)             // a key, or an element of a list
	name   func(p path, at origin) bool        // a model's or pipeline's name; returns whether to continue below it
	leaf   func(p path, k *key.Key, value any) // a valid value
}

func (w *validator) at(n *yaml.Node) origin {
	if !w.lines {
		return origin{file: w.file}
	}
	return origin{w.file, n.Line}
}

func (w *validator) bad(n *yaml.Node, p path, code key.Code, format string, args ...any) {
	w.report(w.at(n), p, code, fmt.Sprintf(format, args...))
	w.broken(p)
}

// walk checks the value n of key k, at p.
func (w *validator) walk(n *yaml.Node, k *key.Key, p path) {
	n = resolveAlias(n)
	switch k.Kind {
	case key.KindGroup:
		if k.Switch {
			if on := (valueReader{switchKey(k)}).value(n, func(*yaml.Node, string, key.Code, string, ...any) {}); on != nil {
				w.leaf(p, k, on)
				return
			}
		}
		w.group(n, k, p)
	case key.KindNamed:
		w.named(n, k, p)
	case key.KindVariants:
		if list, ok := w.variants(n, k, p); ok {
			w.leaf(p, k, list)
		}
	case key.KindGroups:
		if all, ok := w.groups(n, k, p); ok {
			w.leaf(p, k, all)
		}
	case key.KindPoints:
		if all, ok := w.shapes(n, k, p, false); ok {
			w.leaf(p, k, all[0])
		}
	case key.KindPointsList:
		if all, ok := w.shapes(n, k, p, true); ok {
			w.leaf(p, k, all)
		}
	case key.KindOrdered:
		if all, ok := w.delegates(n, k, p); ok {
			w.leaf(p, k, all)
		}
	default:
		if n.Kind == yaml.SequenceNode {
			for i, c := range n.Content {
				w.seen(p.to(index(i)), w.at(resolveAlias(c)))
			}
		}
		if k.Kind == key.KindStringListMap && n.Kind == yaml.MappingNode {
			for i := 0; i < len(n.Content); i += 2 {
				w.seen(p.to(n.Content[i].Value), w.at(n.Content[i]))
			}
		}
		v := valueReader{k}.value(n, func(at *yaml.Node, below string, code key.Code, format string, args ...any) {
			where := p
			if below != "" {
				where = p.to(below)
				w.broken(p)
			}
			w.bad(at, where, code, format, args...)
		})
		if v != nil {
			w.leaf(p, k, v)
		}
	}
}

// mapping returns the entries of a node that must be a mapping.
func (w *validator) mapping(n *yaml.Node, k *key.Key, p path) []entry {
	if n.Kind != yaml.MappingNode {
		w.bad(n, p, key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
		return nil
	}
	all := entries(n, func(at *yaml.Node, below path, code key.Code, format string, args ...any) {
		w.report(w.at(at), p.to(below...), code, fmt.Sprintf(format, args...))
	})
	return slices.DeleteFunc(all, func(e entry) bool {
		isWord := e.key.Kind == yaml.ScalarNode
		if !isWord {
			w.report(w.at(e.key), p, key.CodeWrongType, "a key must be a scalar, not "+found(e.key))
		}
		return !isWord
	})
}

func (w *validator) group(n *yaml.Node, k *key.Key, p path) {
	for _, e := range w.mapping(n, k, p) {
		c := k.Child(e.key.Value)
		if c == nil {
			code, message := unknownKey(e.key.Value, k)
			w.report(w.at(e.key), p.to(e.key.Value), code, message)
			continue
		}
		w.seen(p.to(c.Name), w.at(e.key))
		w.walk(e.value, c, p.to(c.Name))
	}
}

// unknownKey is the message for a word that is no key below k.
func unknownKey(word string, k *key.Key) (key.Code, string) {
	for _, c := range k.Keys {
		if slices.Contains(c.FormerNames, word) {
			return key.CodeRenamedKey, fmt.Sprintf("this key is called %q now", c.Name)
		}
	}
	if near := didyoumean.Suggest(word, k.ChildNames()); near != "" {
		return key.CodeUnknownKey, fmt.Sprintf("unknown key; did you mean %q?", near)
	}
	return key.CodeUnknownKey, "unknown key; possible keys: " + strings.Join(k.ChildNames(), ", ")
}

func (w *validator) named(n *yaml.Node, k *key.Key, p path) {
	each := &key.Key{Kind: key.KindGroup, Keys: k.Keys}
	all := w.mapping(n, k, p)
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		w.bad(n, p, key.CodeWrongType, "is empty: expected %s", k.Expects())
	}
	for _, e := range all {
		name := e.key.Value
		if !namePattern.MatchString(name) {
			w.bad(e.key, p.to(name), key.CodeOutOfRange, "expected %s", nameLooks)
			continue
		}
		if !w.name(p.to(name), w.at(e.key)) {
			continue
		}
		w.group(e.value, each, p.to(name))
	}
}

// variants reads a list whose elements are maps of one key: []any of map[string]any{kind: map[string]any{…}}, with
// defaults filled in.
func (w *validator) variants(n *yaml.Node, k *key.Key, p path) ([]any, bool) {
	if n.Kind != yaml.SequenceNode {
		w.bad(n, p, key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
		return nil, false
	}
	if len(n.Content) == 0 {
		w.bad(n, p, key.CodeWrongType, "the list is empty: expected %s", k.Expects())
		return nil, false
	}
	var out []any
	for i, c := range n.Content {
		w.seen(p.to(index(i)), w.at(resolveAlias(c)))
		if v := w.variant(resolveAlias(c), k, p.to(index(i))); v != nil {
			out = append(out, v)
		}
	}
	if len(out) < len(n.Content) {
		w.broken(p)
		return nil, false
	}
	return out, true
}

func (w *validator) variant(n *yaml.Node, k *key.Key, p path) map[string]any {
	if n.Kind == yaml.ScalarNode && k.Child(n.Value) != nil {
		w.bad(n, p, key.CodeWrongType, "expected a colon after %s: %q", n.Value, n.Value+": {}")
		return nil
	}
	all := w.mapping(n, &key.Key{Kind: key.KindGroup, Keys: k.Keys}, p)
	if n.Kind != yaml.MappingNode {
		return nil
	}
	if len(all) != 1 {
		w.bad(n, p, key.CodeWrongType, "expected one of %s, not %d keys; each is an element of its own: begin it with \"- \"", strings.Join(k.ChildNames(), ", "), len(all))
		return nil
	}
	c := k.Child(all[0].key.Value)
	if c == nil {
		code, message := unknownKey(all[0].key.Value, k)
		w.report(w.at(all[0].key), p.to(all[0].key.Value), code, message)
		return nil
	}
	values := w.options(all[0], c, p.to(c.Name))
	if values == nil {
		return nil
	}
	return map[string]any{c.Name: values}
}

// options reads the keys of one group that is read as a whole, with defaults filled in; nil if something is wrong. No value
// at all ("- table:") means no keys.
func (w *validator) options(e entry, c *key.Key, p path) map[string]any {
	values := map[string]any{}
	whole := true
	below := *w
	below.leaf = func(q path, _ *key.Key, v any) { values[q[len(q)-1]] = v }
	below.report = func(at origin, q path, code key.Code, message string) {
		whole = false
		w.report(at, q, code, message)
	}
	if !isNull(e.value) {
		below.group(e.value, c, p)
	}
	for _, k := range c.Keys {
		if _, ok := values[k.Name]; ok {
			continue
		}
		if k.Required && whole {
			below.report(w.at(e.key), p.to(k.Name), key.CodeMissingKey, "required key is missing: expected "+k.Expects())
		}
		if k.Default != nil {
			values[k.Name] = k.Default
		}
	}
	if !whole {
		return nil
	}
	return values
}
