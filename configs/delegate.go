package configs

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
)

// The words of a delegate choice.
const (
	DelegateAuto    = "auto"
	DelegateEdgeTPU = "edgetpu"
	DelegatePlugin  = "plugin" // with the library: {plugin: LIBRARY}, or plugin:LIBRARY in one word
	DelegateXNNPACK = "xnnpack"
	DelegateNone    = "none"
)

// Delegate is one way to run a model: a word, or an external delegate.
type Delegate struct {
	Name string // one of the words above

	// Of an external delegate, whose Name is DelegatePlugin.
	Library string            // its path, or its name for the system to find
	Options map[string]string // for the library
	Paths   []string          // files, folders and device nodes that its process may use beside the usual ones
	Env     []string          // names of environment variables that its process gets beside the usual ones
}

// Delegates are what may run a model, in the order in which it is tried.
type Delegates []Delegate

// ParseDelegates reads delegates as flags and the environment spell them: words with commas between them, of which
// plugin:LIBRARY is an external delegate; "" is auto. It does not check the words.
func ParseDelegates(s string) Delegates {
	var all Delegates
	if s == "" {
		s = DelegateAuto
	}
	for word := range strings.SplitSeq(s, ",") {
		all = append(all, delegateOf(strings.TrimSpace(word)))
	}
	return all
}

func delegateOf(word string) Delegate {
	if library, ok := strings.CutPrefix(word, DelegatePlugin+":"); ok {
		return Delegate{Name: DelegatePlugin, Library: library}
	}
	return Delegate{Name: word}
}

// String is the delegates as ParseDelegates reads them.
func (d Delegates) String() string {
	words := make([]string, len(d))
	for i, one := range d {
		words[i] = one.Name
		if one.Name == DelegatePlugin {
			words[i] += ":" + one.Library
		}
	}
	return strings.Join(words, ",")
}

// Only reports whether nothing but this may run the model.
func (d Delegates) Only(name string) bool { return len(d) == 1 && d[0].Name == name }

// HasPlugin reports whether an external delegate may run the model.
func (d Delegates) HasPlugin() bool {
	return slices.ContainsFunc(d, func(one Delegate) bool { return one.Name == DelegatePlugin })
}

// MarshalYAML gives a word where one says all, else what the file would have.
func (d Delegates) MarshalYAML() (any, error) {
	all := make([]any, len(d))
	for i, one := range d {
		all[i] = one.Name
		if one.Name == DelegatePlugin {
			all[i] = struct {
				Plugin  string            `yaml:"plugin"`
				Options map[string]string `yaml:"options,omitempty"`
				Paths   flow              `yaml:"paths,omitempty"`
				Env     flow              `yaml:"env,omitempty"`
			}{one.Library, one.Options, one.Paths, one.Env}
		}
	}
	if len(all) == 1 {
		return all[0], nil
	}
	return all, nil
}

// check says what cannot be meant together.
func (d Delegates) check() error {
	cpu := ""
	for i, one := range d {
		switch {
		case one.Name == DelegateAuto && len(d) > 1:
			return fmt.Errorf("auto stands alone: list what it stands for instead (%s, %s, %s)", DelegateEdgeTPU, DelegateXNNPACK, DelegateNone)
		case one.Name == DelegateXNNPACK, one.Name == DelegateNone:
			cpu = one.Name
		case cpu != "":
			return fmt.Errorf("%s would never be tried after %s: put it first", d[i:i+1], cpu)
		}
		if slices.ContainsFunc(d[:i], func(o Delegate) bool { return o.Name == one.Name && o.Library == one.Library }) {
			return fmt.Errorf("%s is given twice", d[i:i+1])
		}
	}
	return nil
}

// delegates reads a word, a mapping, or a list of these.
func (w *validator) delegates(n *yaml.Node, k *key.Key, p path) (Delegates, bool) {
	if n.Kind != yaml.SequenceNode {
		one, ok := w.delegate(n, k, p)
		return Delegates{one}, ok
	}
	if len(n.Content) == 0 {
		w.bad(n, p, key.CodeWrongType, "the list is empty: expected %s", k.Expects())
		return nil, false
	}
	var all Delegates
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
	if err := all.check(); err != nil {
		w.bad(n, p, key.CodeConflict, "%v", err)
		return nil, false
	}
	return all, true
}

func (w *validator) delegate(n *yaml.Node, k *key.Key, p path) (Delegate, bool) {
	if n.Kind == yaml.ScalarNode {
		if one := delegateOf(n.Value); one.Name == DelegatePlugin && one.Library != "" {
			return one, true
		}
		word := valueReader{&key.Key{Kind: key.KindString, Choices: k.Choices}}
		s, ok := word.text(n, "", func(at *yaml.Node, _ string, code key.Code, format string, args ...any) {
			w.bad(at, p, code, format, args...)
		})
		return Delegate{Name: s}, ok
	}
	if n.Kind != yaml.MappingNode {
		w.bad(n, p, key.CodeWrongType, "expected %s, not %s", k.Expects(), found(n))
		return Delegate{}, false
	}
	values := w.options(entry{n, n}, &key.Key{Name: DelegatePlugin, Kind: key.KindGroup, Keys: k.Keys}, p)
	if values == nil {
		w.broken(p)
		return Delegate{}, false
	}
	of := values[DelegatePlugin].(map[string]any)
	one := Delegate{Name: DelegatePlugin}
	one.Library, _ = of["plugin"].(string)
	one.Options, _ = of["options"].(map[string]string)
	one.Paths, _ = of["paths"].([]string)
	one.Env, _ = of["env"].([]string)
	return one, true
}

// stringMap reads scalars by name, each as it is written.
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
