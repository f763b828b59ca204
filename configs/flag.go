package configs

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Flag is a key of the configuration as a flag of the command line: it takes what the key takes.
type Flag struct{ key *key }

// FlagOf is the flag of a key, by its path in the table without the names that users choose: "models", "threads". There
// must be one with a single value; it panics otherwise, since paths stand in the program.
func FlagOf(path ...string) Flag {
	k := root
	for _, name := range path {
		if k = k.child(name); k == nil {
			panic(fmt.Sprintf("there is no key %s", strings.Join(path, ".")))
		}
	}
	switch k.kind {
	case text, whole, number:
		return Flag{k}
	}
	panic(fmt.Sprintf("the key %s has no single value", strings.Join(path, ".")))
}

// Parse reads a value, as --set does: an int, a float64 or a string. The error says what is wrong with it.
func (f Flag) Parse(s string) (any, error) {
	n, err := f.key.textNode(s)
	if err != nil {
		return nil, err
	}
	v := f.key.value(n, func(_ *yaml.Node, _, format string, args ...any) { err = fmt.Errorf(format, args...) })
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Expects says in words what the value must be: "a whole number from 0 to 256".
func (f Flag) Expects() string { return f.key.expects() }
