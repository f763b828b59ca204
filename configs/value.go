package configs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/didyoumean"
	"corallite/internal/key"
)

// valueReader reads the values of a key.
type valueReader struct{ *key.Key }

// errorFunc is called with what is wrong with a value; below is the place in it: "" or "[2]".
type errorFunc func(at *yaml.Node, below string, code key.Code, format string, args ...any)

// value reads the value of a key that is no group: a string, int, float64, bool, []string, []float64,
// map[string]float64 or map[string][]string. It is nil if something is wrong, for which bad is called.
func (k valueReader) value(n *yaml.Node, bad errorFunc) any {
	switch k.Kind {
	case key.KindString:
		if s, ok := k.text(n, "", bad); ok {
			return s
		}
	case key.KindInteger:
		if f, ok := k.number(n, "", bad); ok {
			return int(f)
		}
	case key.KindNumber:
		if f, ok := k.number(n, "", bad); ok {
			return f
		}
	case key.KindBoolean:
		var b bool
		if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && n.Decode(&b) == nil {
			return b
		}
		bad(n, "", key.CodeWrongType, "expected true or false, not %s", found(n))
	case key.KindStringList:
		if k.ScalarIsDistinct && n.Kind == yaml.ScalarNode {
			if s, ok := k.text(n, "", bad); ok {
				return s
			}
			return nil
		}
		return list(k, n, bad, k.text)
	case key.KindNumberList:
		out := list(k, n, bad, k.number)
		if f, ok := out.([]float64); ok && k.Lengths != nil && !slices.Contains(k.Lengths, len(f)) {
			bad(n, "", key.CodeWrongType, "expected %s, not a list of %d", k.Expects(), len(f))
			return nil
		}
		return out
	case key.KindFloatMap:
		if out, ok := k.scores(n, bad); ok {
			return out
		}
	case key.KindStringMap:
		return k.stringMap(n, bad)
	case key.KindStringListMap:
		if out := k.stringLists(n, bad); out != nil {
			return out
		}
	}
	return nil
}

// scores reads numbers by label. The map has its own type, so that viper leaves the labels' capital letters alone.
func (k valueReader) scores(n *yaml.Node, bad errorFunc) (map[string]float64, bool) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		bad(n, "", key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
		return nil, false
	}
	one := valueReader{&key.Key{Kind: key.KindNumber, Min: key.Limit(0), Max: key.Limit(1)}}
	out, fine := map[string]float64{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		label, value := resolveAlias(n.Content[i]), resolveAlias(n.Content[i+1])
		if label.Kind != yaml.ScalarNode || isNull(label) {
			bad(label, "", key.CodeWrongType, "a label must be a scalar, not %s", found(label))
			fine = false
			continue
		}
		if _, twice := out[label.Value]; twice {
			bad(label, "", key.CodeDuplicate, "%q is given twice", label.Value)
			fine = false
		}
		f, ok := one.number(value, "", func(at *yaml.Node, _ string, code key.Code, format string, args ...any) {
			bad(at, label.Value, code, format, args...)
		})
		out[label.Value] = f
		fine = fine && ok
	}
	return out, fine
}

// stringLists reads lists of strings by name; nil if something is wrong.
func (k valueReader) stringLists(n *yaml.Node, bad errorFunc) map[string][]string {
	if n.Kind == yaml.MappingNode && len(n.Content) == 0 {
		bad(n, "", key.CodeWrongType, "expected %s, not an empty mapping", k.Expects())
		return nil
	}
	if n.Kind != yaml.MappingNode {
		bad(n, "", key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
		return nil
	}
	valid := true
	below := func(name string) errorFunc {
		return func(at *yaml.Node, below string, code key.Code, format string, args ...any) {
			valid = false
			bad(at, name+below, code, format, args...)
		}
	}
	out := map[string][]string{}
	each := valueReader{&key.Key{Name: k.Name, Kind: key.KindStringList, AcceptInt: k.AcceptInt, AllowEmpty: true}}
	for _, e := range entries(n, func(at *yaml.Node, p path, code key.Code, format string, args ...any) {
		below(p.String())(at, "", code, format, args...)
	}) {
		if e.key.Kind != yaml.ScalarNode || e.key.Value == "" {
			below("")(e.key, "", key.CodeWrongType, "expected a name, not %s", found(e.key))
			continue
		}
		if values, ok := each.value(e.value, below(e.key.Value)).([]string); ok {
			out[e.key.Value] = values
		}
	}
	if !valid {
		return nil
	}
	return out
}

// list reads a list, or a single element. Empty lists are rejected: to set nothing, leave the key out.
func list[T any](k valueReader, n *yaml.Node, bad errorFunc, one func(*yaml.Node, string, errorFunc) (T, bool)) any {
	if n.Kind != yaml.SequenceNode {
		v, ok := one(n, "", bad)
		if !ok {
			return nil
		}
		return []T{v}
	}
	if len(n.Content) == 0 {
		bad(n, "", key.CodeWrongType, "the list is empty: expected %s", k.Expects())
		return nil
	}
	var out []T
	for i, c := range n.Content {
		if v, ok := one(resolveAlias(c), fmt.Sprintf("[%d]", i), bad); ok {
			out = append(out, v)
		}
	}
	if len(out) < len(n.Content) {
		return nil
	}
	return out
}

func (k valueReader) text(n *yaml.Node, below string, bad errorFunc) (string, bool) {
	// A date is a string here: YAML would read a folder called 2026-01-02 as one.
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" && n.ShortTag() != "!!timestamp" && !(k.AcceptInt && n.ShortTag() == "!!int") {
		hint := ""
		if n.Kind == yaml.ScalarNode && !isNull(n) && len(k.Choices) == 0 {
			hint = fmt.Sprintf(" (in quotes it is a string: %q)", n.Value)
		}
		bad(n, below, key.CodeWrongType, "expected %s, not %s%s", k.expects(below), found(n), hint)
		return "", false
	}
	s := n.Value
	switch {
	case k.FormerChoices[s] != "":
		bad(n, below, key.CodeRenamedKey, "%q is called %q now", s, k.FormerChoices[s])
	case len(k.Choices) > 0 && !slices.Contains(k.Choices, s):
		if near := didyoumean.Suggest(s, k.Choices); near != "" {
			bad(n, below, key.CodeOutOfRange, "%q is not a possible value; did you mean %q? (%s)", s, near, strings.Join(k.Choices, ", "))
		} else {
			bad(n, below, key.CodeOutOfRange, "%q is not a possible value: expected %s", s, k.ElementExpects())
		}
	case k.Pattern != nil && !k.Pattern.MatchString(s) && k.Secret:
		bad(n, below, key.CodeOutOfRange, "expected %s", k.Expects())
	case k.Pattern != nil && !k.Pattern.MatchString(s):
		bad(n, below, key.CodeOutOfRange, "%q is not a possible value: expected %s", s, k.Expects())
	case s == "" && (k.Required || k.Kind == key.KindStringList && !k.AllowEmpty):
		bad(n, below, key.CodeMissingKey, "the string is empty")
	case strings.ContainsRune(s, 0):
		bad(n, below, key.CodeOutOfRange, "a string must not contain a NUL character")
	default:
		return s, true
	}
	return "", false
}

// number reads a number, which must be a whole one for an integer key.
func (k valueReader) number(n *yaml.Node, below string, bad errorFunc) (float64, bool) {
	tag := n.ShortTag()
	var f float64
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || n.Decode(&f) != nil {
		bad(n, below, key.CodeWrongType, "expected %s, not %s", k.expects(below), found(n))
		return 0, false
	}
	if !k.Fits(f) || k.Kind == key.KindInteger && (f != math.Trunc(f) || math.Abs(f) > 1<<53) {
		bad(n, below, key.CodeOutOfRange, "%s is not a possible value: expected %s", n.Value, k.expects(below))
		return 0, false
	}
	return f, true
}

// expects describes valid values, or valid elements if below is not "".
func (k valueReader) expects(below string) string {
	if below != "" {
		return k.ElementExpects()
	}
	return k.Expects()
}

// found describes a node.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	value := n.Value
	if r := []rune(value); len(r) > 40 {
		value = string(r[:40]) + "…"
	}
	switch n.ShortTag() {
	case "!!null":
		return "nothing"
	case "!!int", "!!float":
		return "the number " + value
	case "!!bool":
		return value
	case "!!str":
		return "the string " + strconv.Quote(value)
	default:
		return strconv.Quote(value)
	}
}

// textNode makes a node of a value given as text, in an environment variable or after --set KEY=. A string is taken as
// it is, so that no YAML quotes are needed; a single string or number is also a list of one.
func (k valueReader) textNode(s string) (*yaml.Node, error) {
	trimmed := strings.TrimSpace(s)
	var n *yaml.Node
	if isText := k.Kind == key.KindString || k.Kind == key.KindStringList && !strings.HasPrefix(trimmed, "["); isText && !isQuoted(trimmed) {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	} else if k.Kind == key.KindOrdered && !strings.HasPrefix(trimmed, "[") && !strings.HasPrefix(trimmed, "{") {
		n = &yaml.Node{Kind: yaml.SequenceNode}
		for word := range strings.SplitSeq(trimmed, ",") {
			n.Content = append(n.Content, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: strings.TrimSpace(word)})
		}
	} else {
		if k.Kind == key.KindNumberList && strings.Contains(trimmed, ",") && !strings.HasPrefix(trimmed, "[") {
			s = "[" + s + "]" // several without YAML's brackets, as is usual for flags
		}
		parsed, err := parseText(s)
		if err != nil {
			return nil, err
		}
		n = resolveAlias(parsed)
	}
	if n.Kind == yaml.ScalarNode && !isNull(n) && (k.Kind == key.KindStringList && !k.ScalarIsDistinct || k.Kind == key.KindNumberList) {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}
	}
	return n, nil
}

func isQuoted(s string) bool {
	return len(s) >= 2 && s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'')
}
