package configs

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/nearest"
)

// complaint is told what is wrong with a value; below is the place in it: "" or "[2]".
type complaint func(at *yaml.Node, below string, format string, args ...any)

// value reads the value of a key that is no group: a string, int, float64, bool, []string, []float64, map[string]float64
// or Pairs. It is nil when something is wrong, which bad is told.
func (k *key) value(n *yaml.Node, bad complaint) any {
	switch k.kind {
	case text:
		if s, ok := k.text(n, "", bad); ok {
			return s
		}
	case whole:
		if f, ok := k.number(n, "", bad); ok {
			return int(f)
		}
	case number:
		if f, ok := k.number(n, "", bad); ok {
			return f
		}
	case boolean:
		var b bool
		if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!bool" && n.Decode(&b) == nil {
			return b
		}
		bad(n, "", "expected true or false, not %s", found(n))
	case texts:
		if k.apart && n.Kind == yaml.ScalarNode {
			if s, ok := k.text(n, "", bad); ok {
				return s
			}
			return nil
		}
		return list(k, n, bad, k.text)
	case numbers:
		out := list(k, n, bad, k.number)
		if f, ok := out.([]float64); ok && k.lengths != nil && !slices.Contains(k.lengths, len(f)) {
			bad(n, "", "expected %s, not a list of %d", k.expects(), len(f))
			return nil
		}
		return out
	case scores:
		if out, ok := k.scores(n, bad); ok {
			return out
		}
	case pairs:
		if out := k.pairs(n, bad); out != nil {
			return out
		}
	}
	return nil
}

// scores reads numbers by labels. The map has a type of its own, so that viper leaves the labels' capitals alone.
func (k *key) scores(n *yaml.Node, bad complaint) (map[string]float64, bool) {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		bad(n, "", "expected %s, not %s", k.expects(), found(n))
		return nil, false
	}
	one := &key{kind: number, min: limit(0), max: limit(1)}
	out, fine := map[string]float64{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		label, value := real(n.Content[i]), real(n.Content[i+1])
		if label.Kind != yaml.ScalarNode || isNull(label) {
			bad(label, "", "a label must be a word, not %s", found(label))
			fine = false
			continue
		}
		if _, twice := out[label.Value]; twice {
			bad(label, "", "%q stands there twice", label.Value)
			fine = false
		}
		f, ok := one.number(value, "", func(at *yaml.Node, _, format string, args ...any) {
			bad(at, label.Value, format, args...)
		})
		out[label.Value] = f
		fine = fine && ok
	}
	return out, fine
}

// list reads a list, or one element that stands alone. Empty lists are refused: leaving the key out is the way to say
// nothing.
func list[T any](k *key, n *yaml.Node, bad complaint, one func(*yaml.Node, string, complaint) (T, bool)) any {
	if n.Kind != yaml.SequenceNode {
		v, ok := one(n, "", bad)
		if !ok {
			return nil
		}
		return []T{v}
	}
	if len(n.Content) == 0 {
		bad(n, "", "the list is empty: expected %s", k.expects())
		return nil
	}
	var out []T
	for i, c := range n.Content {
		if v, ok := one(real(c), fmt.Sprintf("[%d]", i), bad); ok {
			out = append(out, v)
		}
	}
	if len(out) < len(n.Content) {
		return nil
	}
	return out
}

func (k *key) text(n *yaml.Node, below string, bad complaint) (string, bool) {
	// A date is a text here: YAML would take a folder called 2026-01-02 for one.
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" && n.ShortTag() != "!!timestamp" && !(k.digits && n.ShortTag() == "!!int") {
		hint := ""
		if n.Kind == yaml.ScalarNode && !isNull(n) && len(k.choices) == 0 {
			hint = fmt.Sprintf(" (in quotes it is a text: %q)", n.Value)
		}
		bad(n, below, "expected %s, not %s%s", k.oneExpects(below), found(n), hint)
		return "", false
	}
	s := n.Value
	switch {
	case len(k.choices) > 0 && !slices.Contains(k.choices, s):
		if near := nearest.To(s, k.choices); near != "" {
			bad(n, below, "%q is not possible; did you mean %q? (%s)", s, near, strings.Join(k.choices, ", "))
		} else {
			bad(n, below, "%q is not possible: expected %s", s, k.expects())
		}
	case k.pattern != nil && !k.pattern.MatchString(s):
		bad(n, below, "%q is not possible: expected %s", s, k.expects())
	case s == "" && (k.required || k.kind == texts && !k.blank):
		bad(n, below, "the text is empty")
	case strings.ContainsRune(s, 0):
		bad(n, below, "a text must not have a character of code 0")
	default:
		return s, true
	}
	return "", false
}

// number reads a number, which for a whole key must be one.
func (k *key) number(n *yaml.Node, below string, bad complaint) (float64, bool) {
	tag := n.ShortTag()
	var f float64
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || n.Decode(&f) != nil {
		bad(n, below, "expected %s, not %s", k.oneExpects(below), found(n))
		return 0, false
	}
	if !k.fits(f) || k.kind == whole && (f != math.Trunc(f) || math.Abs(f) > 1<<53) {
		bad(n, below, "%s is not possible: expected %s", n.Value, k.oneExpects(below))
		return 0, false
	}
	return f, true
}

// oneExpects says what the value must be, or an element of it when below is not "".
func (k *key) oneExpects(below string) string {
	switch {
	case k.kind == numbers && below != "":
		return "a number" + k.limits()
	case k.kind == texts && below != "":
		return "a text"
	default:
		return k.expects()
	}
}

// found says in words what a node is.
func found(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a group of keys"
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
		return "the text " + strconv.Quote(value)
	default:
		return strconv.Quote(value)
	}
}

// textNode makes a node of a value that is given as text, in an environment variable or after --set KEY=. Where texts
// belong it is taken as it is, so that nothing needs YAML's quotes; one text or number is also a list of one.
func (k *key) textNode(s string) (*yaml.Node, error) {
	trimmed := strings.TrimSpace(s)
	var n *yaml.Node
	if isText := k.kind == text || k.kind == texts && !strings.HasPrefix(trimmed, "["); isText && !isQuoted(trimmed) {
		n = &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: s}
	} else {
		parsed, err := parseText(s)
		if err != nil {
			return nil, err
		}
		n = real(parsed)
	}
	if n.Kind == yaml.ScalarNode && !isNull(n) && (k.kind == texts && !k.apart || k.kind == numbers) {
		n = &yaml.Node{Kind: yaml.SequenceNode, Content: []*yaml.Node{n}}
	}
	return n, nil
}

func isQuoted(s string) bool {
	return len(s) >= 2 && s[0] == s[len(s)-1] && (s[0] == '"' || s[0] == '\'')
}
