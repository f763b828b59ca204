package choice

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Choice says what may run a model, in the order in which it is tried. The empty Choice is [Auto].
type Choice []Item

// The usual choices. They are never changed.
var (
	Auto    Choice                                                       // the first that works: Edge TPU, XNNPACK, built-in kernels
	EdgeTPU = Choice{{Provider: edgeTPU.Name}}                           // the Edge TPU, or an error
	XNNPACK = Choice{{Provider: xnnpack.Name}}                           // the CPU through XNNPACK, or an error
	None    = Choice{{Provider: builtin.Name}}                           // the CPU through the runtime's built-in kernels
	CPU     = Choice{{Provider: xnnpack.Name}, {Provider: builtin.Name}} // the first of the two that works
)

// autoWord is Auto in configurations and flags.
const autoWord = "auto"

// errAuto is why auto is no item.
func errAuto() error {
	return fmt.Errorf("auto stands alone: list what it stands for instead (%s)", strings.Join(names(Auto.Items()), ", "))
}

// Parse reads a choice as flags spell it: "auto" or "" for Auto, or the names of providers with commas between them, of
// which "plugin:LIBRARY" is an external delegate.
func Parse(s string) (Choice, error) {
	if s == "" || s == autoWord {
		return Auto, nil
	}
	var c Choice
	for word := range strings.SplitSeq(s, ",") {
		i, err := ParseItem(word)
		if err != nil {
			return nil, err
		}
		c = append(c, i)
	}
	return c, c.Validate()
}

// Validate says what cannot be meant: a provider that does not exist, or one that would never be tried.
func (c Choice) Validate() error {
	cpu := ""
	for i, item := range c {
		p := item.provider()
		if err := item.check(); err != nil {
			return err
		}
		switch {
		case !p.CPU && cpu != "":
			return fmt.Errorf("%s would never be tried after %s: put it first", item, cpu)
		case slices.ContainsFunc(c[:i], func(o Item) bool { return o.String() == item.String() }):
			return fmt.Errorf("%s is given twice", item)
		}
		if p.CPU {
			cpu = item.Provider
		}
	}
	return nil
}

// WithOptions is the choice with options for its external delegates. The error is that of a choice without one.
func (c Choice) WithOptions(options map[string]string) (Choice, error) {
	if len(options) == 0 {
		return c, nil
	}
	with, given := slices.Clone(c), false
	for i := range with {
		if with[i].provider().External() {
			with[i].Options, given = options, true
		}
	}
	if !given {
		return nil, errors.New("only external delegates have options, and none is chosen: want plugin:LIBRARY")
	}
	return with, with.Validate()
}

// String is the choice as Parse reads it.
func (c Choice) String() string {
	if len(c) == 0 {
		return autoWord
	}
	return strings.Join(names(c), ",")
}

func names(items []Item) []string {
	words := make([]string, len(items))
	for i, item := range items {
		words[i] = item.String()
	}
	return words
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
	return slices.DeleteFunc(slices.Clone(c.Items()), func(i Item) bool { return i.provider().CPU })
}

// OnCPUModel are the accelerators of the choice that run the CPU's file, as all do but those that have a compiled one.
func (c Choice) OnCPUModel() []Item {
	return slices.DeleteFunc(c.Accelerators(), func(i Item) bool { return i.provider().Compiled })
}

// OnCPU is the part of the choice that is the CPU. External delegates always have the CPU behind them, so it is never empty
// where the choice has one; it is empty for a choice of only the Edge TPU.
func (c Choice) OnCPU() Choice {
	var cpu Choice
	checked := false
	for _, item := range c.Items() {
		p := item.provider()
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

// ForEdgeTPU says whether the Edge TPU may run the model.
func (c Choice) ForEdgeTPU() bool {
	return slices.ContainsFunc(c.Items(), Item.IsEdgeTPU)
}

// OnlyEdgeTPU says whether nothing but the Edge TPU may run the model.
func (c Choice) OnlyEdgeTPU() bool { return len(c) == 1 && c[0].IsEdgeTPU() }

// IsEdgeTPU says whether the item is the Edge TPU.
func (i Item) IsEdgeTPU() bool { return i.Provider == edgeTPU.Name }
