package configs

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// kind is what a key's value looks like.
type kind int

const (
	text     kind = iota // a string
	whole                // an integer
	number               // any number
	boolean              // true or false
	texts                // a list of strings; one alone may stand for a list of one
	numbers              // a list of numbers, likewise
	scores               // numbers from 0 to 1 by labels
	pairs                // names of any kind, each with a list of strings; one alone may stand for a list of one
	group                // keys of its own
	named                // names that the user chooses, each a group of the same keys
	variants             // a list of maps of one key each, which says what the element is
)

// key is one key of the configuration. The table of all keys (table.go) is what files are checked against, and what
// the JSON Schema and docs/configuration.md are made of.
type key struct {
	name string
	kind kind
	doc  string // Markdown, sentences

	def    any    // the value when the key is not given; nil: none
	defDoc string // the same in words, where it depends on something

	choices []string       // text: the only values
	pattern *regexp.Regexp // text: what it must look like
	looks   string         // pattern in words

	min, max *float64 // whole, number, numbers: the limits, which are themselves allowed
	above    *float64 // number, numbers: the limit, which is not allowed itself
	lengths  []int    // numbers: how many there may be; nil: any number
	pictures bool     // only pipelines of pictures have it
	apart    bool     // texts: one alone is no list of one, but means something else
	blank    bool     // texts: they may be empty
	required bool
	digits   bool // text, pairs: a whole number is taken for its digits
	oneOf    bool // group: exactly one of its keys without with must be given

	with []string // in a group with oneOf: the keys of which one must be given for this one to mean anything

	excluding [][]string // group, named: pairs of keys of which at most one may be given
	together  [][]string // group, named: pairs of keys of which each needs the other

	example string // the value, in YAML
	keys    []*key // group, named, variants
}

// child is the key of that name below k.
func (k *key) child(name string) *key {
	for _, c := range k.keys {
		if c.name == name {
			return c
		}
	}
	return nil
}

func (k *key) childNames() []string {
	names := make([]string, len(k.keys))
	for i, c := range k.keys {
		names[i] = c.name
	}
	return names
}

// isLeaf says whether k has a value of its own, which viper keeps whole.
func (k *key) isLeaf() bool { return k.kind != group && k.kind != named }

// limit makes a pointer, for the table.
func limit(f float64) *float64 { return &f }

// expects says in words what a value must be.
func (k *key) expects() string {
	switch k.kind {
	case text:
		switch {
		case len(k.choices) > 0:
			return "one of " + strings.Join(k.choices, ", ")
		case k.pattern != nil:
			return k.looks
		}
		return "a text"
	case whole:
		return "a whole number" + k.limits()
	case number:
		return "a number" + k.limits()
	case boolean:
		return "true or false"
	case texts:
		return "a text or a list of texts"
	case scores:
		return "labels, each with a number from 0 to 1"
	case numbers:
		if k.lengths == nil {
			return "a number" + k.limits() + ", or a list of them"
		}
		return fmt.Sprintf("a number%s, or a list of %s of them", k.limits(), joinInts(k.lengths, " or "))
	case pairs:
		return "names, each with a text or a list of texts"
	case group:
		return "keys of its own (" + strings.Join(k.childNames(), ", ") + ")"
	case named:
		return "names, each with keys of its own (" + strings.Join(k.childNames(), ", ") + ")"
	default:
		return "a list, each element one of " + strings.Join(k.childNames(), ", ") + " with its keys"
	}
}

// limits is "", " from 0 to 1", " of at least 0", " above 0" or " above 0, at most 1".
func (k *key) limits() string {
	switch {
	case k.above != nil && k.max != nil:
		return " above " + plain(*k.above) + ", at most " + plain(*k.max)
	case k.above != nil:
		return " above " + plain(*k.above)
	case k.min != nil && k.max != nil:
		return " from " + plain(*k.min) + " to " + plain(*k.max)
	case k.min != nil:
		return " of at least " + plain(*k.min)
	default:
		return ""
	}
}

// fits says whether a number is within the limits; it is not for NaN.
func (k *key) fits(f float64) bool {
	return f == f && f-f == 0 && (k.min == nil || f >= *k.min) && (k.max == nil || f <= *k.max) && (k.above == nil || f > *k.above)
}

func plain(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }

func joinInts(n []int, between string) string {
	words := make([]string, len(n))
	for i, v := range n {
		words[i] = strconv.Itoa(v)
	}
	return strings.Join(words, between)
}
