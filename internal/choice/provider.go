package choice

import (
	"slices"

	"corallite/internal/key"
)

// Provider describes one way to run models. A new one is a file of this package with a value of this type, and a line in
// [Providers]: configurations, flags, completion, documentation, `devices` and `doctor` know it by that. An external
// delegate is opened by its library alone; package delegate has the code of the others.
type Provider struct {
	Name string // in choices
	Kind string // of its devices, as tensor.Device has it
	// Title names it in sentences: "the Edge TPU"; "": the name of the library.
	Title string
	Doc   string // what it is, in a clause of Markdown: "the CPU through XNNPACK"

	Auto bool // whether Auto tries it
	// CPU says that it runs models on this machine's processors, in this process. Those that do not are run in a child
	// process, and their models may move to the CPU.
	CPU bool
	// LeavesCPUFree says that the processors have time for other work while a model runs.
	LeavesCPUFree bool
	// Compiled says that it runs only files that were compiled for it, not the CPU's.
	Compiled bool
	// Checked says that the first answers are compared with the CPU's, as nobody has tried this driver with this model.
	// The CPU always stands behind it.
	Checked bool

	// Library is the external delegate that it is, a path or a name for the system to find. TakesLibrary is one whose library
	// the choice names: {plugin: LIBRARY}. Neither: it is no external delegate.
	Library      string
	TakesLibrary bool

	// Keys are those of its mapping in YAML. "options", "paths" and "env" are the fields of an Item, and the provider's own
	// name is its library; any other key is an option of that name.
	Keys []*key.Key

	// Access is what its child process needs beside the model; nil: nothing.
	Access func(Item) Access
}

// Access is what a child process needs of the machine.
type Access struct {
	Read      []string // files and folders
	ReadWrite []string // files, folders and device nodes
	Env       []string // names of environment variables, beside the usual ones
}

// Providers are all ways to run models, in the order in which Auto tries those that it tries. A program that adds one does
// so in an init function, because its child processes look there too.
var Providers = []*Provider{&edgeTPU, &plugin, &xnnpack, &builtin}

var edgeTPU = Provider{
	Name: "edgetpu", Kind: "edgetpu", Title: "the Edge TPU", Doc: "the Edge TPU, for which the model has to be compiled",
	Auto: true, LeavesCPUFree: true, Compiled: true,
}

var xnnpack = Provider{
	Name: "xnnpack", Kind: "cpu", Title: "XNNPACK", Doc: "the CPU through XNNPACK, with its 8-bit operators",
	Auto: true, CPU: true,
}

var builtin = Provider{
	Name: "none", Kind: "cpu", Title: "the built-in kernels", Doc: "the CPU through the runtime's built-in kernels, which run every valid model (microWakeWord's exactly as pymicro-wakeword does)",
	Auto: true, CPU: true,
}

// External reports whether it is an external delegate of TensorFlow Lite.
func (p *Provider) External() bool { return p.TakesLibrary || p.Library != "" }

// Key is an option of the provider's own, of the keys of its mapping; nil: there is none of that name, or only the library
// knows its options.
func (p *Provider) Key(name string) *key.Key {
	i := slices.IndexFunc(p.Keys, func(k *key.Key) bool { return k.Name == name })
	if i < 0 || p.takesAnyOption() {
		return nil
	}
	return p.Keys[i]
}

// takesAnyOption reports whether the library alone knows its options.
func (p *Provider) takesAnyOption() bool {
	return slices.ContainsFunc(p.Keys, func(k *key.Key) bool { return k.Name == "options" })
}

// spelling is how a choice has it: "edgetpu", "plugin:LIBRARY".
func (p *Provider) spelling() string {
	if p.TakesLibrary {
		return p.Name + ":LIBRARY"
	}
	return p.Name
}

// find is the provider of a name; nil where there is none.
func find(name string) *Provider {
	i := slices.IndexFunc(Providers, func(p *Provider) bool { return p.Name == name })
	if i < 0 {
		return nil
	}
	return Providers[i]
}

// Words are what a choice may be without a library, "auto" first.
func Words() []string {
	words := []string{autoWord}
	for _, p := range Providers {
		if !p.TakesLibrary {
			words = append(words, p.Name)
		}
	}
	return words
}

// Spellings are Words, and then those of which the library follows: "plugin:LIBRARY".
func Spellings() []string {
	words := Words()
	for _, p := range Providers {
		if p.TakesLibrary {
			words = append(words, p.spelling())
		}
	}
	return words
}
