package configs

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/choice"
	"corallite/internal/key"
)

// delegateKey is the key for what runs a model, with the providers that package choice describes.
func delegateKey() *key.Key {
	var each, auto []string
	k := &key.Key{
		Name: "delegate", Kind: key.KindOrdered, Choices: choice.Words(), Default: choice.Auto.String(),
		Example: "{plugin: libvx_delegate.so, options: {allowed_cache_mode: true, cache_file_path: /var/cache/vx/coco.nbg}}",
	}
	for _, p := range choice.Providers {
		name := "`" + p.Name + "`"
		if p.Auto {
			auto = append(auto, p.Name)
		}
		if len(p.Keys) > 0 {
			k.Keys = append(k.Keys, &key.Key{Name: p.Name, Kind: key.KindGroup, Doc: strings.ToUpper(p.Doc[:1]) + p.Doc[1:] + ".", Keys: p.Keys})
		}
		if p.TakesLibrary {
			name = "`{" + p.Name + ": LIBRARY}`"
		}
		each = append(each, name+": "+p.Doc)
	}
	k.Doc = fmt.Sprintf("What runs the model. `auto`: the first that works of %s. %s. It is an error if what is chosen cannot run any of the model. Of a list the first that works is taken: `[edgetpu, {plugin: LIBRARY}, xnnpack]`.",
		quotedWords(auto, "and"), strings.Join(each, "; "))
	return k
}

// ParseDelegate reads what may run a model as flags and programs say it: a choice as the key delegate has it in words
// ("edgetpu,plugin:/opt/libvx.so"), and the options of its external delegates, which are checked as in YAML where the
// delegate's keys are known.
func ParseDelegate(words string, options map[string]string) (DelegateChoice, error) {
	all, err := choice.Parse(words)
	if err != nil {
		return nil, &SpecError{"delegate", err}
	}
	if all, err = all.WithOptions(options); err != nil {
		return nil, &SpecError{"options", err}
	}
	for i, item := range all {
		if item.Options == nil {
			continue
		}
		read := map[string]string{}
		for name, text := range item.Options {
			k := choice.Of(item).Key(name)
			if k == nil { // the library alone knows it
				read[name] = text
				continue
			}
			value, err := Flag{k}.Parse(text)
			if err != nil {
				return nil, &SpecError{"options", fmt.Errorf("%s: %s: %w", item, name, err)}
			}
			read[name] = fmt.Sprint(value)
		}
		all[i].Options = read
	}
	return all, nil
}

// shownChoice is a choice as shown in YAML: one word if that is enough, else the same as in the file.
func shownChoice(c choice.Choice) any {
	if len(c) == 0 {
		return c.String()
	}
	all := make([]any, len(c))
	for i, item := range c {
		all[i] = shownItem(item)
	}
	if len(all) == 1 {
		return all[0]
	}
	return all
}

func shownItem(i choice.Item) any {
	p := choice.Of(i)
	plain := len(i.Options)+len(i.Paths)+len(i.Env) == 0
	switch {
	case p == nil: // a programming error
		return i.Provider
	case p.TakesLibrary:
		return struct {
			Plugin  string            `yaml:"plugin"`
			Options map[string]string `yaml:"options,omitempty"`
			Paths   flow              `yaml:"paths,omitempty"`
			Env     flow              `yaml:"env,omitempty"`
		}{i.Library, i.Options, i.Paths, i.Env}
	case plain:
		return i.Provider
	}
	own := map[string]any{}
	for _, k := range p.Keys {
		value, given := i.Options[k.Name]
		switch {
		case given && k.Kind == key.KindString:
			own[k.Name] = value
		case given:
			own[k.Name] = &yaml.Node{Kind: yaml.ScalarNode, Value: value} // a number, true or false
		}
	}
	return map[string]any{i.Provider: own}
}

// delegates reads a word, a mapping, or a list of these.
func (w *validator) delegates(n *yaml.Node, k *key.Key, p path) (choice.Choice, bool) {
	if n.Kind != yaml.SequenceNode {
		if n.Kind == yaml.ScalarNode && n.Value == choice.Auto.String() {
			return choice.Auto, true
		}
		one, ok := w.delegate(n, k, p)
		return choice.Choice{one}, ok
	}
	if len(n.Content) == 0 {
		w.bad(n, p, key.CodeWrongType, "the list is empty: expected %s", k.Expects())
		return nil, false
	}
	if len(n.Content) == 1 && n.Content[0].Value == choice.Auto.String() {
		return choice.Auto, true
	}
	var all choice.Choice
	for i, c := range n.Content {
		below := p.to(index(i))
		w.seen(below, w.at(resolveAlias(c)))
		if one, ok := w.delegate(resolveAlias(c), k, below); ok {
			all = append(all, one)
		}
	}
	if len(all) < len(n.Content) {
		w.broken(p)
		return nil, false
	}
	if err := all.Validate(); err != nil {
		w.bad(n, p, key.CodeConflict, "%v", err)
		return nil, false
	}
	return all, true
}

func (w *validator) delegate(n *yaml.Node, k *key.Key, p path) (choice.Item, bool) {
	switch n.Kind {
	case yaml.ScalarNode:
		if one, err := choice.ParseItem(n.Value); err == nil {
			return one, true
		}
		word := valueReader{&key.Key{Kind: key.KindString, Choices: k.Choices}}
		s, ok := word.text(n, "", func(at *yaml.Node, _ string, code key.Code, format string, args ...any) {
			w.bad(at, p, code, format, args...)
		})
		return choice.Item{Provider: s}, ok
	case yaml.MappingNode:
		return w.delegateMapping(n, k, p)
	}
	w.bad(n, p, key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
	return choice.Item{}, false
}

// delegateMapping reads a provider with its keys: {NAME: …, …}, or {NAME: {…}}.
func (w *validator) delegateMapping(n *yaml.Node, k *key.Key, p path) (choice.Item, bool) {
	group := k.Keys[0] // if no name is given, this group's is reported as missing
	for i := 0; i+1 < len(n.Content); i += 2 {
		if c := k.Child(n.Content[i].Value); c != nil {
			group = c
		}
	}
	e, at := entry{n, n}, p
	if group.Child(group.Name) == nil {
		if len(n.Content) != 2 {
			w.bad(n, p, key.CodeWrongType, "expected %s alone: {%s: {…}}", group.Name, group.Name)
			w.broken(p)
			return choice.Item{}, false
		}
		e, at = entry{n.Content[0], resolveAlias(n.Content[1])}, p.to(group.Name)
		w.seen(at, w.at(e.key))
	}
	values := w.options(e, group, at)
	if values == nil {
		w.broken(p)
		return choice.Item{}, false
	}
	return itemOf(group.Name, values), true
}

// itemOf makes an item from the values of a provider's keys, see choice.Provider.
func itemOf(provider string, values map[string]any) choice.Item {
	i := choice.Item{Provider: provider}
	for name, v := range values {
		switch name {
		case provider:
			i.Library, _ = v.(string)
		case "options":
			i.AddOptions(v.(map[string]string))
		case "paths":
			i.Paths, _ = v.([]string)
		case "env":
			i.Env, _ = v.([]string)
		default:
			i.AddOptions(map[string]string{name: fmt.Sprint(v)})
		}
	}
	return i
}

// stringMap reads scalars by name, each as written.
func (k valueReader) stringMap(n *yaml.Node, bad errorFunc) any {
	if n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		bad(n, "", key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
		return nil
	}
	all, fine := map[string]string{}, true
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := resolveAlias(n.Content[i]), resolveAlias(n.Content[i+1])
		switch {
		case name.Kind != yaml.ScalarNode || name.Value == "":
			bad(name, "", key.CodeWrongType, "a name must be a scalar, not %s", found(name))
			fine = false
		case value.Kind != yaml.ScalarNode || isNull(value) || strings.ContainsRune(name.Value+value.Value, 0):
			bad(value, name.Value, key.CodeWrongType, "expected a string, a number, or true or false, not %s", found(value))
			fine = false
		default:
			if _, twice := all[name.Value]; twice {
				bad(name, "", key.CodeDuplicate, "%q is given twice", name.Value)
				fine = false
			}
			all[name.Value] = value.Value
		}
	}
	if !fine {
		return nil
	}
	return all
}
