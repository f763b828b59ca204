package configs

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"corallite/internal/key"
)

// Flag is a key of the configuration as a command-line flag: it takes the same values.
type Flag struct{ key *key.Key }

// FlagOf returns the flag of a key, by its path in the table without user-chosen names: "models", "threads". It panics
// if there is no such key with a single value, because paths are constants in the program.
func FlagOf(path ...string) Flag {
	k := root()
	for _, name := range path {
		if k = k.Child(name); k == nil {
			panic(fmt.Sprintf("there is no key %s", strings.Join(path, ".")))
		}
	}
	switch k.Kind {
	case key.KindString, key.KindInteger, key.KindNumber, key.KindNumberList, key.KindBoolean:
		return Flag{k}
	}
	panic(fmt.Sprintf("the key %s is not one for a flag", strings.Join(path, ".")))
}

// OwnFlag is a flag that is no key of the configuration, with the kind and the limits of a field.
func OwnFlag(f *key.Field) Flag { return Flag{f.Key()} }

// ModelFlag is a key of models that commands have as a flag.
type ModelFlag struct {
	Flag
	Key   string   // in the configuration: "score_threshold"
	Needs []string // other keys without which it cannot be given
}

// ModelFlags are the flags of a command that runs models for the tasks.
func ModelFlags(tasks ...string) []ModelFlag {
	var all []ModelFlag
	for _, k := range root().Child("models").Keys {
		of := k.FlagTasks
		if len(of) == 0 {
			of = k.Tasks
		}
		fits := len(of) == 0 || slices.ContainsFunc(tasks, func(t string) bool { return slices.Contains(of, t) })
		if k.Flag != "" && fits {
			all = append(all, ModelFlag{FlagOf("models", k.Name), k.Name, k.Needs})
		}
	}
	return all
}

// Parse parses a value, as --set does: an int, a float64, a string, true or false, or []float64. The error says what is wrong with it.
func (f Flag) Parse(s string) (any, error) {
	n, err := valueReader{f.key}.textNode(s)
	if err != nil {
		return nil, err
	}
	v := valueReader{f.key}.value(n, func(_ *yaml.Node, _ string, _ key.Code, format string, args ...any) {
		err = fmt.Errorf(format, args...)
	})
	if err != nil {
		return nil, err
	}
	return v, nil
}

// Expects describes valid values: "a whole number from 0 to 256".
func (f Flag) Expects() string { return f.key.Expects() }

// Allows reports whether a whole number is within the key's limits.
func (f Flag) Allows(n int) bool {
	_, err := f.Parse(strconv.Itoa(n))
	return err == nil
}

// Choices are the only valid values of a string; nil: any.
func (f Flag) Choices() []string { return f.key.Choices }

// FeatureKeys are the names of the keys of a model's features.
func FeatureKeys() []string { return root().Child("models").Child("features").ChildNames() }

// TileKeys are the names of the keys of a detector's tiles.
func TileKeys() []string { return root().Child("models").Child("tiles").ChildNames() }

// IsSwitch reports whether the values are true and false.
func (f Flag) IsSwitch() bool { return f.key.Kind == key.KindBoolean }

// TypeName is the type of the values, as pflag names it.
func (f Flag) TypeName() string {
	switch f.key.Kind {
	case key.KindInteger:
		return "int"
	case key.KindNumber:
		return "float64"
	case key.KindNumberList:
		return "numbers"
	case key.KindBoolean:
		return "bool"
	default:
		return "string"
	}
}

// Usage is what help says of the flag: the key's own words for it, else its documentation.
func (f Flag) Usage() string {
	if f.key.Flag != "" {
		return f.key.Flag
	}
	usage := strings.TrimSuffix(strings.ReplaceAll(f.key.Doc, "`", ""), ".")
	return strings.ToLower(usage[:1]) + usage[1:]
}
