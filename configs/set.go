package configs

import (
	"fmt"
	"strconv"
	"strings"

	"corallite/internal/key"
)

// addSet adds one --set KEY=VALUE.
func (s *layers) addSet(arg string) {
	at := origin{file: "--set " + arg}
	where, value, ok := strings.Cut(arg, "=")
	if !ok {
		s.report(at, nil, key.CodeSyntax, "expected KEY=VALUE, as in models.faces.score_threshold=0.6")
		return
	}
	t, p, code, message := s.find(strings.TrimSpace(where))
	if message != "" {
		s.report(at, p, code, message)
		return
	}
	s.fromText(t.key, p, value, at, func(q path, k *key.Key, v any) {
		s.set[q.folded()] = at
		delete(s.bad, q.folded())
		switch {
		case k.Switch:
			s.setSwitch(fromSet, q, v)
			return
		case t.list == nil:
			s.values.set(q, v)
			return
		}
		// A value in a list is set in a copy of the list: viper keeps lists as a whole.
		if list, ok := replaced(s.get(t.list), q[len(t.list):], v); ok {
			s.values.set(t.list, list)
		}
	})
}

// target is what the path of a --set refers to.
type target struct {
	key  *key.Key
	list path // the list that contains it; nil: none
}

// find parses a path with dots: "pipelines.door.sinks.0.jsonl.path". Names may contain dots too. message says what is
// wrong, and the path where.
func (s *layers) find(where string) (t target, p path, code key.Code, message string) {
	t.key = s.root
	for rest := where; rest != ""; {
		word, after, _ := strings.Cut(rest, ".")
		switch t.key.Kind {
		case key.KindGroup:
			c := t.key.Child(word)
			if c == nil {
				code, message := unknownKey(word, t.key)
				return t, p.to(word), code, message
			}
			t.key, p, rest = c, p.to(word), after
			if c.Kind != key.KindNamed || rest == "" {
				continue
			}
			name := s.longestName(c.Name, rest)
			if name == "" {
				name, _, _ = strings.Cut(rest, ".")
				return t, p.to(name), key.CodeUnknownName, s.unknownName(c.Name, name)
			}
			p, rest = p.to(name), strings.TrimPrefix(strings.TrimPrefix(rest, name), ".")
			t.key = &key.Key{Kind: key.KindGroup, Keys: c.Keys}
		case key.KindVariants:
			n, message := s.element(p, word)
			if message != "" {
				return t, p, key.CodeUnknownName, message
			}
			t.list = p
			p, rest = p.to(index(n)), after
			kind := onlyKey(s.get(t.list), n)
			t.key = &key.Key{Kind: key.KindGroup, Keys: []*key.Key{t.key.Child(kind)}}
		default:
			return t, p, key.CodeUnknownKey, fmt.Sprintf("has no keys of its own: expected %s", t.key.Expects())
		}
	}
	switch {
	case len(p) == 0:
		return t, p, key.CodeSyntax, "expected KEY=VALUE, as in models.faces.score_threshold=0.6"
	case t.list != nil && len(p) == len(t.list)+1:
		return t, p, key.CodeSyntax, "expected a key of the element, or the whole list"
	}
	return t, p, "", ""
}

// longestName is the longest name of a model or pipeline that is a prefix of rest.
func (s *layers) longestName(section, rest string) string {
	best := ""
	for _, d := range *s.names(section) {
		if (rest == d.name || strings.HasPrefix(rest, d.name+".")) && len(d.name) > len(best) {
			best = d.name
		}
	}
	return best
}

// element parses the index of an element of the list at p, from 0.
func (s *layers) element(p path, word string) (int, string) {
	list, _ := s.get(p).([]any)
	n, err := strconv.Atoi(word)
	switch {
	case err != nil:
		return 0, fmt.Sprintf("expected an index (from 0), not %q", word)
	case n < 0 || n >= len(list):
		return 0, fmt.Sprintf("has no element %d (it has %d)", n, len(list))
	}
	return n, ""
}

// onlyKey is the one key of element n of a list of variants.
func onlyKey(list any, n int) string {
	if l, ok := list.([]any); ok && n < len(l) {
		if m, ok := l[n].(map[string]any); ok {
			for k := range m {
				return k
			}
		}
	}
	return ""
}

// replaced is a list of variants with the value at p ("[0]", "jsonl", "path") replaced. It shares nothing with list.
func replaced(list any, p path, v any) ([]any, bool) {
	l, ok := list.([]any)
	if !ok || len(p) != 3 {
		return nil, false
	}
	out := make([]any, len(l))
	for i, e := range l {
		element := map[string]any{}
		for kind, options := range e.(map[string]any) {
			values := map[string]any{}
			for k, value := range options.(map[string]any) {
				values[k] = value
			}
			if index(i) == p[0] && kind == p[1] {
				values[p[2]] = v
			}
			element[kind] = values
		}
		out[i] = element
	}
	return out, true
}
