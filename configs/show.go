package configs

import (
	"bytes"
	"slices"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
	"corallite/internal/redact"
)

// Show writes a configuration as YAML of one file: merged, with defaults filled in and the paths of files that were
// found. Read again in the same working directory, on a machine with the same catalog, it is the same configuration.
// What the program chooses at run time (threads: 0) and what the model defines is left open. Without secrets, addresses
// of webhooks are shown only up to their host, like everything else whose knowledge would be enough to misuse it;
// reading that again is an error.
func Show(c *Config, secrets bool) ([]byte, error) {
	shown := shownConfig{Config: c, Pipelines: map[string]shownPipeline{}, secrets: secrets}
	for name, p := range c.Pipelines {
		shown.Pipelines[name] = shownPipeline{p, secrets, c.onlyHears(p)}
	}
	var b bytes.Buffer
	e := yaml.NewEncoder(&b)
	e.SetIndent(2)
	if err := e.Encode(shown); err != nil {
		return nil, err
	}
	if err := e.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// shownConfig is a configuration in Show's format.
type shownConfig struct {
	*Config
	Pipelines map[string]shownPipeline
	secrets   bool
}

// MarshalYAML writes the models and pipelines, then the groups that occur once.
func (c shownConfig) MarshalYAML() (any, error) {
	out := &yaml.Node{}
	err := out.Encode(struct {
		Models    map[string]Model         `yaml:"models"`
		Pipelines map[string]shownPipeline `yaml:"pipelines,omitempty"`
	}{c.Models, c.Pipelines})
	if err != nil {
		return nil, err
	}
	groups, err := mapping(c.groups(), false)
	if err != nil {
		return nil, err
	}
	out.Content = append(out.Content, groups.Content...)
	for _, service := range c.ServicesInOrder() {
		values, err := mapping(service.Keys(), c.secrets)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, word(service.About().Name), values)
	}
	return out, nil
}

// shownPipeline is a pipeline in Show's format.
type shownPipeline struct {
	Pipeline
	secrets bool
	hears   bool // nothing but sound
}

// MarshalYAML writes the source, the keys of the table, and the sinks as maps of one key, their kind.
func (p shownPipeline) MarshalYAML() (any, error) {
	sinks := &yaml.Node{Kind: yaml.SequenceNode}
	for _, sink := range p.Sinks {
		node, err := mapping(sink.Keys(), p.secrets)
		if err != nil {
			return nil, err
		}
		sinks.Content = append(sinks.Content, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{word(sink.About().Kind), node}})
	}
	source, err := mapping(p.Source.Keys(), p.secrets)
	if err != nil {
		return nil, err
	}
	out, err := mapping(slices.DeleteFunc(p.Keys(), func(f *key.Field) bool { return f.Key().Pictures && p.hears }), p.secrets)
	if err != nil {
		return nil, err
	}
	out.Content = slices.Concat([]*yaml.Node{word("source"), source}, out.Content, []*yaml.Node{word("sinks"), sinks})
	return out, nil
}

// MarshalYAML omits what is not given and has no default. The order is that of the table of keys.
func (m Model) MarshalYAML() (any, error) { return mapping(m.Keys(), false) }

// mapping shows values in the order of the table; of keys without a default only those that are not zero. Of secret
// addresses only the host is shown, unless secrets are requested.
func mapping(keys key.Table, secrets bool) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, f := range keys {
		if !f.IsShown() {
			continue
		}
		value, err := shownValue(f, secrets)
		if err != nil {
			return nil, err
		}
		out.Content = append(out.Content, word(f.Key().Name), value)
	}
	return out, nil
}

func shownValue(f *key.Field, secrets bool) (*yaml.Node, error) {
	if f.Key().Switch && f.Below().IsDefault() {
		return word("true"), nil
	}
	if f.Key().Kind == key.KindGroup {
		return mapping(f.Below(), secrets)
	}
	if all, ok := f.Value().([]key.Element); ok {
		return shownElements(f.Key(), all)
	}
	value, shown := &yaml.Node{}, f.Value()
	if address, isText := shown.(string); isText && f.Key().Secret && !secrets {
		shown = redact.HostOnly(address)
	}
	if err := value.Encode(shown); err != nil {
		return nil, err
	}
	switch f.Key().Kind {
	case key.KindStringListMap:
		for i := 1; i < len(value.Content); i += 2 {
			value.Content[i].Style = yaml.FlowStyle
		}
	case key.KindStringList, key.KindNumberList, key.KindFloatMap, key.KindStringMap:
		if value.Kind != yaml.ScalarNode {
			value.Style = yaml.FlowStyle
		}
	}
	return value, nil
}

// shownElements shows groups under their names, each with its keys in the order of the table.
func shownElements(k *key.Key, all []key.Element) (*yaml.Node, error) {
	out := &yaml.Node{Kind: yaml.MappingNode}
	for _, e := range all {
		group := &yaml.Node{Kind: yaml.MappingNode}
		for _, c := range k.Keys {
			v, ok := e.Values[c.Name]
			if !ok {
				continue
			}
			node := &yaml.Node{}
			if below, ok := v.([]key.Element); ok {
				var err error
				if node, err = shownElements(c, below); err != nil {
					return nil, err
				}
			} else if err := node.Encode(v); err != nil {
				return nil, err
			}
			if node.Kind == yaml.SequenceNode {
				node.Style = yaml.FlowStyle
			}
			group.Content = append(group.Content, word(c.Name), node)
		}
		name := &yaml.Node{}
		name.SetString(e.Name)
		out.Content = append(out.Content, name, group)
	}
	return out, nil
}

func word(s string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: s} }

// flow is a list on one line of YAML.
type flow []string

func (f flow) MarshalYAML() (any, error) {
	var n yaml.Node
	if err := n.Encode([]string(f)); err != nil {
		return nil, err
	}
	n.Style = yaml.FlowStyle
	return &n, nil
}
