package configs

import (
	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
)

// Pairs are names that the user chooses, with what belongs to each, in the order of the file. They are no map because
// viper takes the names of a map for lower case.
type Pairs []Pair

// Pair is one of Pairs.
type Pair struct {
	Name   string
	Values []string // at least one
}

// Map is the same as a map.
func (p Pairs) Map() map[string][]string {
	m := make(map[string][]string, len(p))
	for _, one := range p {
		m[one.Name] = one.Values
	}
	return m
}

// MarshalYAML gives a map in one line for each name.
func (p Pairs) MarshalYAML() (any, error) {
	n := &yaml.Node{Kind: yaml.MappingNode}
	for _, one := range p {
		var name, values yaml.Node
		if err := name.Encode(one.Name); err != nil {
			return nil, err
		}
		if err := values.Encode(one.Values); err != nil {
			return nil, err
		}
		values.Style = yaml.FlowStyle
		n.Content = append(n.Content, &name, &values)
	}
	return n, nil
}

// pairs reads the value of a key of that kind; nil when something is wrong.
func (k valueReader) pairs(n *yaml.Node, bad errorFunc) Pairs {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		bad(n, "", "expected %s, not %s", k.Expects(), foundPairs(n))
		return nil
	}
	fine := true
	told := func(name string) errorFunc {
		return func(at *yaml.Node, below string, format string, args ...any) {
			fine = false
			bad(at, name+below, format, args...)
		}
	}
	var out Pairs
	each := valueReader{&key.Key{Name: k.Name, Kind: key.KindStringList, AcceptInt: k.AcceptInt, AllowEmpty: true}}
	for _, e := range entries(n, func(at *yaml.Node, below path, format string, args ...any) {
		told(below.String())(at, "", format, args...)
	}) {
		if e.key.Kind != yaml.ScalarNode || e.key.Value == "" {
			told("")(e.key, "", "expected a name, not %s", found(e.key))
			continue
		}
		values, ok := each.value(e.value, told(e.key.Value)).([]string)
		if ok {
			out = append(out, Pair{e.key.Value, values})
		}
	}
	if !fine {
		return nil
	}
	return out
}

func foundPairs(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "an empty group"
	}
	return found(n)
}

// describeStringLists is the schema of such a value.
func describeStringLists(k *key.Key, s object) {
	one := object{"type": "string"}
	if k.AcceptInt {
		one["type"] = []string{"string", "integer"}
	}
	s["type"] = "object"
	s["minProperties"] = 1
	s["additionalProperties"] = object{"anyOf": []any{one, object{"type": "array", "items": one, "minItems": 1}}}
}
