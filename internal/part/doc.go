// Package part is what a part of the program that a configuration names, a sink or a source, says of itself: its kind,
// its keys, and how it is opened. A part is a struct in its own package, whose fields are the values of its keys.
// Package parts has the lists of all of them: configurations are read, checked and shown by these lists, and what runs
// is opened by them. Nothing else knows the parts one by one.
package part

import "corallite/internal/key"

// Items are what a source gives, or what a sink takes.
type Items int

// The kinds of items. AnyItems is for sinks.
const (
	AnyItems Items = iota
	Pictures
	Sound
)

// Model is a model of the pipeline that a part belongs to.
type Model struct {
	Name, Task string
	Labels     []string // that its results can have, as far as is known: of category_allowlist where there is one
	Few        bool     // Labels are those that somebody has chosen
	Tracked    bool     // its objects are tracked
}

// Check is what a part with rules of its own, beyond those of its keys, is checked in.
type Check struct {
	// Labels are those that models of the pipeline can give; not known where one of them does not have its labels yet.
	Labels func() (labels []string, known bool)

	// Service reports whether the configuration has a block of that name; nil: not known.
	Service func(name string) bool

	// Report reports a problem with a key; "": with the part as a whole. Element is the index of an element of a list ("[2]") or a name in a map; "":
	// the value as a whole.
	Report func(code key.Code, name, element, message string)
}

// Checker is a part with rules of its own.
type Checker interface {
	Check(in Check)
}
