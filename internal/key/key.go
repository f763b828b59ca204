// Package key describes the keys of the configuration: kind, limits, choices, default and meaning of each. A part of
// the program (a sink, a source) describes the keys of its own configuration in a Table beside its struct; what reads
// files, explains errors, writes JSON Schema, documentation and completions takes it from there.
package key

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Kind is what the value of a key looks like.
type Kind int

// The kinds of values.
const (
	KindString        Kind = iota // a string
	KindInteger                   // an integer
	KindNumber                    // any number
	KindBoolean                   // true or false
	KindStringList                // a list of strings; a single one may stand for a list of one
	KindNumberList                // a list of numbers, likewise
	KindFloatMap                  // numbers from 0 to 1 by name
	KindStringListMap             // lists of strings by name; a single string may stand for a list of one
	KindStringMap                 // strings, numbers, true and false by name, each as it is written
	KindOrdered                   // one of Choices, a mapping as one of Keys describes, or a list of these, of which the first comes first
	KindGroup                     // a mapping with keys of its own
	KindNamed                     // names that the user chooses, each a group of the same keys
	KindGroups                    // names of any letters, each a group of the same keys; the whole is one value
	KindPoints                    // the points of a shape: a string of numbers with commas, a list of pairs, of numbers, or of strings
	KindPointsList                // several of them; one may stand for a list of one
	KindVariants                  // a list of mappings with one key each, which says what the element is
)

// Key describes one key of the configuration.
type Key struct {
	Name string
	Kind Kind
	Doc  string // Markdown, sentences

	Default    any    // the value when the key is not given; nil: none
	DefaultDoc string // the default in words, where it depends on something

	Choices    []string       // KindString, KindStringList: the only values; KindOrdered: those that are no mapping
	Pattern    *regexp.Regexp // KindString: what the value must look like
	PatternDoc string         // Pattern in words
	Secret     bool           // KindString: the value may be a secret, which no message repeats

	Min, Max *float64 // numbers: the limits, inclusive
	Above    *float64 // KindNumber, KindNumberList: the exclusive lower limit
	Lengths  []int    // KindNumberList: the possible lengths; nil: any

	LeastPoints int // KindPoints, KindPointsList: the smallest number of points

	ScalarIsDistinct bool // KindStringList: a single string is no list of one but means something else
	AllowEmpty       bool // KindStringList: the strings may be empty
	AcceptInt        bool // KindString, KindStringListMap: an integer is taken for its digits
	Required         bool

	Pictures bool     // only pipelines of pictures have the key
	Tasks    []string // of a model: the only tasks that the key means something for; nil: all
	ShowZero bool     // config show shows the key whatever its value is
	Optional bool     // KindGroup: it may be missing as a whole, and empty
	Switch   bool     // KindGroup that is Optional: true and false may stand for it: the group with its defaults, and none

	OneOf bool // KindGroup: exactly one of the keys whose Requires is empty must be set

	Requires []string // in a group with OneOf: the key means something only with one of these
	Excludes []string // keys of the same group that must not be given together with this one
	Needs    []string // keys of the same group that must be given together with this one

	FormerNames   []string          // that the key had in earlier versions, which are refused with the new name
	FormerChoices map[string]string // the new values of Choices by their former ones, which are refused likewise

	Flag      string   // of a model: what help says of the flag that commands have for the key; "": none has
	FlagTasks []string // the tasks whose commands have the flag; nil: those that the key means something for

	Example string // a value, in YAML
	// KindGroup, KindNamed, KindVariants; of KindOrdered groups of keys: {NAME: {…}}, or {NAME: …, …} where one of the keys of the
	// group has its name.
	Keys []*Key
}

// Child is the key called name below k; nil: there is none.
func (k *Key) Child(name string) *Key {
	for _, c := range k.Keys {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// ChildNames are the names of the keys below k.
func (k *Key) ChildNames() []string {
	names := make([]string, len(k.Keys))
	for i, c := range k.Keys {
		names[i] = c.Name
	}
	return names
}

// IsLeaf reports whether k has a value of its own: a list of variants is one.
func (k *Key) IsLeaf() bool { return k.Kind != KindGroup && k.Kind != KindNamed }

// HasRequired reports whether any key below k must be given.
func (k *Key) HasRequired() bool {
	for _, c := range k.Keys {
		if c.Required {
			return true
		}
	}
	return false
}

// Limit makes a limit of a number.
func Limit(f float64) *float64 { return &f }

// Expects says in words what a value must be: "an integer from 0 to 256".
func (k *Key) Expects() string {
	switch k.Kind {
	case KindString:
		switch {
		case len(k.Choices) > 0:
			return "one of " + strings.Join(k.Choices, ", ")
		case k.Pattern != nil:
			return k.PatternDoc
		}
		return "a string"
	case KindInteger:
		return "an integer" + k.limits()
	case KindNumber:
		return "a number" + k.limits()
	case KindBoolean:
		return "true or false"
	case KindStringList:
		if len(k.Choices) > 0 {
			return k.ElementExpects() + ", or a list of them"
		}
		return "a string or a list of strings"
	case KindFloatMap:
		return "labels, each with a number from 0 to 1"
	case KindNumberList:
		if k.Lengths == nil {
			return "a number" + k.limits() + ", or a list of numbers"
		}
		return fmt.Sprintf("a number%s, or a list of %s of them", k.limits(), joinInts(k.Lengths, " or "))
	case KindStringListMap:
		return "names, each with a string or a list of strings"
	case KindStringMap:
		return "names, each with a string, a number, or true or false"
	case KindOrdered:
		words := "one of " + strings.Join(k.Choices, ", ")
		for _, c := range k.Keys {
			words += ", " + c.mapping()
		}
		return words + ", or a list of these"
	case KindGroups:
		return "names, each with a mapping of the keys " + strings.Join(k.ChildNames(), ", ")
	case KindPoints:
		return "points, x and y in turn: \"0.1,0.2,0.9,0.2\" or [[0.1, 0.2], [0.9, 0.2]]"
	case KindPointsList:
		return "shapes, each with points, x and y in turn: [\"0,0,0.2,0,0.2,0.1\"], or as Frigate has them, {NAME: {coordinates: …}}"
	case KindGroup:
		if k.Switch {
			return "true, false, or a mapping with the keys " + strings.Join(k.ChildNames(), ", ")
		}
		return "a mapping with the keys " + strings.Join(k.ChildNames(), ", ")
	case KindNamed:
		return "names, each with a mapping of the keys " + strings.Join(k.ChildNames(), ", ")
	default:
		return "a list whose elements are each one of " + strings.Join(k.ChildNames(), ", ")
	}
}

// mapping is a mapping of a KindOrdered in words: its keys, or its one key with those below it.
func (k *Key) mapping() string {
	if k.Child(k.Name) != nil {
		return "a mapping with the keys " + strings.Join(k.ChildNames(), ", ")
	}
	return "a mapping of " + k.Name + " to the keys " + strings.Join(k.ChildNames(), ", ")
}

// ElementExpects says in words what an element of a list must be.
func (k *Key) ElementExpects() string {
	switch k.Kind {
	case KindNumberList:
		return "a number" + k.limits()
	case KindStringList:
		if len(k.Choices) > 0 {
			return "one of " + strings.Join(k.Choices, ", ")
		}
		return "a string"
	default:
		return k.Expects()
	}
}

// limits is "", " from 0 to 1", " of at least 0", " above 0" or " above 0, at most 1".
func (k *Key) limits() string {
	switch {
	case k.Above != nil && k.Max != nil:
		return " above " + plain(*k.Above) + ", at most " + plain(*k.Max)
	case k.Above != nil:
		return " above " + plain(*k.Above)
	case k.Min != nil && k.Max != nil:
		return " from " + plain(*k.Min) + " to " + plain(*k.Max)
	case k.Min != nil:
		return " of at least " + plain(*k.Min)
	case k.Max != nil:
		return " of at most " + plain(*k.Max)
	default:
		return ""
	}
}

// Fits reports whether a number is finite and within the limits.
func (k *Key) Fits(f float64) bool {
	return f-f == 0 && (k.Min == nil || f >= *k.Min) && (k.Max == nil || f <= *k.Max) && (k.Above == nil || f > *k.Above)
}

func plain(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func joinInts(n []int, between string) string {
	words := make([]string, len(n))
	for i, v := range n {
		words[i] = strconv.Itoa(v)
	}
	return strings.Join(words, between)
}
