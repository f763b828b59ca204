package delegate

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
	"corallite/delegate/plugin"
)

// The names of the providers.
const (
	edgeTPUName  = "edgetpu"
	externalName = "plugin"
	xnnpackName  = "xnnpack"
	builtinName  = "none"
)

// Item is one way to run a model.
type Item struct {
	Provider string `json:"provider"` // the name of one of Providers

	// Of an external delegate, whose provider is "plugin".
	Library string            `json:"library,omitempty"` // a path, or a name that the system finds
	Options map[string]string `json:"options,omitempty"` // for the library
	Paths   []string          `json:"paths,omitempty"`   // files, folders and device nodes that its process may use beside the usual ones
	Env     []string          `json:"env,omitempty"`     // names of environment variables that its process gets beside the usual ones
}

// Plugin is the Item of an external delegate without options.
func Plugin(library string) Item { return Item{Provider: externalName, Library: library} }

// String is the item as ParseChoice reads it: "edgetpu", "plugin:libvx_delegate.so".
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

// device is the item's name as a device, where it does not depend on what is found.
func (i Item) device() string {
	if i.Library != "" {
		return plugin.DeviceName(i.Library)
	}
	return i.Provider
}

// Choice says what may run a model, in the order in which it is tried. The empty Choice is [Auto].
type Choice []Item

// The usual choices. They are never changed.
var (
	Auto    Choice                                                     // the first that works: Edge TPU, XNNPACK, built-in kernels
	EdgeTPU = Choice{{Provider: edgeTPUName}}                          // the Edge TPU, or an error
	XNNPACK = Choice{{Provider: xnnpackName}}                          // the CPU through XNNPACK, or an error
	None    = Choice{{Provider: builtinName}}                          // the CPU through the runtime's built-in kernels
	CPU     = Choice{{Provider: xnnpackName}, {Provider: builtinName}} // the first of the two that works
)

// ParseChoice reads a choice as flags spell it: "auto" or "" for Auto, or the names of providers with commas between them,
// of which "plugin:LIBRARY" is an external delegate.
func ParseChoice(s string) (Choice, error) {
	if s == "" || s == "auto" {
		return Auto, nil
	}
	var c Choice
	for word := range strings.SplitSeq(s, ",") {
		name, library, _ := strings.Cut(strings.TrimSpace(word), ":")
		item := Item{Provider: name, Library: library}
		if providerOf(item) == nil || (name == externalName) != (library != "") {
			return nil, fmt.Errorf("delegate %q: want auto, or %s, or several of them in order, with commas", s, strings.Join(choiceWords(), ", "))
		}
		c = append(c, item)
	}
	return c, c.Validate()
}

// choiceWords are what a Choice may have.
func choiceWords() []string {
	var words []string
	for _, p := range Providers {
		if p.Name == externalName {
			words = append(words, externalName+":LIBRARY")
			continue
		}
		words = append(words, p.Name)
	}
	return words
}

// Validate says what cannot be meant: a provider that does not exist, or one that would never be tried.
func (c Choice) Validate() error {
	cpu := ""
	for i, item := range c {
		p := providerOf(item)
		switch {
		case p == nil:
			return fmt.Errorf("delegate %q: want auto, or %s", item.Provider, strings.Join(choiceWords(), ", "))
		case item.Provider == externalName && item.Library == "":
			return fmt.Errorf("delegate %s: the library is missing: want %s:LIBRARY", externalName, externalName)
		case !p.CPU && cpu != "":
			return fmt.Errorf("delegate %s would never be tried after %s: put it first", item, cpu)
		case slices.ContainsFunc(c[:i], func(o Item) bool { return o.String() == item.String() }):
			return fmt.Errorf("delegate %s is given twice", item)
		}
		if p.CPU {
			cpu = item.Provider
		}
	}
	return nil
}

// String is the choice as ParseChoice reads it.
func (c Choice) String() string {
	if len(c) == 0 {
		return "auto"
	}
	words := make([]string, len(c))
	for i, item := range c {
		words[i] = item.String()
	}
	return strings.Join(words, ",")
}

// Items are what is tried, in order; of Auto those that it stands for.
func (c Choice) Items() []Item {
	if len(c) > 0 {
		return c
	}
	var all []Item
	for _, p := range Providers {
		if p.Auto {
			all = append(all, Item{Provider: p.Name})
		}
	}
	return all
}

// Accelerators are the items of the choice that are not the CPU, in order.
func (c Choice) Accelerators() []Item {
	return slices.DeleteFunc(slices.Clone(c.Items()), func(i Item) bool { return providerOf(i).CPU })
}

// RunsCPUModel says whether an accelerator of the choice runs the CPU's file, as all do but the Edge TPU, which has a
// compiled one.
func (c Choice) RunsCPUModel() bool {
	return slices.ContainsFunc(c.Accelerators(), func(i Item) bool { return i.Provider != edgeTPUName })
}

// OnCPU is the part of the choice that is the CPU. External delegates always have the CPU behind them, so it is never empty
// where the choice has one; it is empty for a choice of only the Edge TPU.
func (c Choice) OnCPU() Choice {
	var cpu Choice
	checked := false
	for _, item := range c.Items() {
		p := providerOf(item)
		if p.CPU {
			cpu = append(cpu, item)
		}
		checked = checked || p.Checked
	}
	if len(cpu) == 0 && checked {
		return CPU
	}
	return cpu
}

// ForEdgeTPU says whether the Edge TPU may run the model; and OnlyEdgeTPU whether nothing else may.
func (c Choice) ForEdgeTPU() bool {
	return slices.ContainsFunc(c.Items(), func(i Item) bool { return i.Provider == edgeTPUName })
}

// OnlyEdgeTPU says whether nothing but the Edge TPU may run the model.
func (c Choice) OnlyEdgeTPU() bool { return len(c) == 1 && c[0].Provider == edgeTPUName }

// Plugins are the external delegates of the choice.
func (c Choice) Plugins() []Item {
	return slices.DeleteFunc(slices.Clone(c), func(i Item) bool { return i.Provider != externalName })
}

// Spec is a choice and the Edge TPUs that it may take. The zero Spec is Auto with any device.
type Spec struct {
	Choice Choice
	Device edgetpu.Spec
}
