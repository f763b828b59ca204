package choice

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
)

// Item is one way to run a model.
type Item struct {
	Provider string `json:"provider"` // the name of one of Providers

	// Of an external delegate.
	Library string            `json:"library,omitempty"` // a path, or a name that the system finds; of a provider that TakesLibrary
	Options map[string]string `json:"options,omitempty"` // for the library
	Paths   []string          `json:"paths,omitempty"`   // files, folders and device nodes that its process may use beside the usual ones
	Env     []string          `json:"env,omitempty"`     // names of environment variables that its process gets beside the usual ones
}

// Plugin is the Item of an external delegate without options.
func Plugin(library string) Item { return Item{Provider: plugin.Name, Library: library} }

// ParseItem reads one way to run a model as flags spell it: "edgetpu", "plugin:libvx_delegate.so".
func ParseItem(word string) (Item, error) {
	name, library, more := strings.Cut(strings.TrimSpace(word), ":")
	i := Item{Provider: name, Library: library}
	if more && (i.provider() == nil || !i.provider().TakesLibrary) {
		return Item{}, unknown(word)
	}
	return i, i.check()
}

// check says why the item is none.
func (i Item) check() error {
	switch p := i.provider(); {
	case i.Provider == autoWord:
		return errAuto()
	case p == nil:
		return unknown(i.Provider)
	case p.TakesLibrary && i.Library == "":
		return fmt.Errorf("%s: the library is missing: want %s", p.Name, p.spelling())
	case p.takesAnyOption():
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(i.Options)) {
		if i.provider().Key(name) == nil {
			return fmt.Errorf("%s has no option %q", i, name)
		}
	}
	return nil
}

func unknown(word string) error {
	return fmt.Errorf("%q is no delegate: want %s, or several of them in order, with commas", word, strings.Join(Spellings(), ", "))
}

// provider is the item's; nil where there is none of that name.
func (i Item) provider() *Provider { return find(i.Provider) }

// Of is the provider of an item of a valid choice; nil where there is none of that name.
func Of(i Item) *Provider { return find(i.Provider) }

// LibraryPath is the library of an external delegate, "" of anything else.
func (i Item) LibraryPath() string {
	if p := i.provider(); i.Library == "" && p != nil {
		return p.Library
	}
	return i.Library
}

// String is the item as ParseItem reads it: "edgetpu", "plugin:libvx_delegate.so".
func (i Item) String() string {
	if i.Library != "" {
		return i.Provider + ":" + i.Library
	}
	return i.Provider
}

// Label tells the item from others of its provider, for people: "libvx_delegate.so".
func (i Item) Label() string {
	if i.Library != "" {
		return filepath.Base(i.Library)
	}
	return i.Provider
}

// Title names it in sentences: "the Edge TPU", "libvx_delegate.so".
func (i Item) Title() string {
	if p := i.provider(); p != nil && p.Title != "" {
		return p.Title
	}
	return i.Label()
}

// Device is the item's name as a device, where it does not depend on what is found: "plugin:libvx_delegate.so", "xnnpack".
func (i Item) Device() string {
	if p := i.provider(); p != nil && p.TakesLibrary {
		return p.Kind + ":" + i.Label()
	}
	return i.Provider
}

// Access is what the item's child process needs beside the model.
func (i Item) Access() Access {
	var a Access
	p := i.provider()
	if p == nil {
		return a
	}
	if p.External() {
		a = externalAccess(i)
	}
	if p.Access != nil {
		more := p.Access(i)
		a.Read = append(a.Read, more.Read...)
		a.ReadWrite = append(a.ReadWrite, more.ReadWrite...)
		a.Env = append(a.Env, more.Env...)
	}
	return a
}

// AddOptions adds options for the library of an external delegate.
func (i *Item) AddOptions(options map[string]string) {
	if i.Options == nil {
		i.Options = map[string]string{}
	}
	maps.Copy(i.Options, options)
}
