package delegate

import (
	"context"
	"strings"

	"corallite/tflite/tensor"
)

// Provider is one way to run models. A new one is a value of this type and a line in Providers: it can then be named in a
// [Choice], and package devicepool runs models on it as on all others.
type Provider struct {
	Name string // in choices, and in FallbackReason.Delegate
	Kind string // of its devices, as tensor.Device has it
	Auto bool   // whether Auto tries it

	// CPU says that it runs models on this machine's processors, in this process. Those that do not are run in a child
	// process, and their models may move to the CPU.
	CPU bool
	// LeavesCPUFree says that the processors have time for other work while a model runs.
	LeavesCPUFree bool
	// Checked says that the first answers are compared with the CPU's, as nobody has tried this driver with this model.
	Checked bool

	// Title names it in sentences: "the Edge TPU", "libvx_delegate.so".
	Title func(Item) string
	// Probe is why nothing can run on it here, nil where something could. No device is opened.
	Probe func(context.Context, Item, Options) error
	// Open opens n engines for a model. It is called in this process, which for a provider that is not the CPU is a child.
	// The error is that of ctx, or of a model that nothing can run; why this provider does not run it stands in Causes.
	Open func(ctx context.Context, m *Model, item Item, o Options, n int) (Opened, error)
	// Access is what its child process needs beside the model; nil: nothing.
	Access func(Item) Access
}

// Opened is what came of opening a model.
type Opened struct {
	Runners []Runner // nil: it is not run
	Causes  []error  // why not; with Runners those of other devices that were tried before
	Wanted  bool     // somebody counts on it, as tensor.Device.Wanted has it
}

// Runner is an engine as a provider opens it; *tflite.Interpreter is one.
type Runner interface {
	tensor.Engine
	tensor.Resetter
	Movable() (inputs, outputs []bool, err error)
	UseMemory(inputs, outputs [][]byte) error
	ResetVariables() error
	SetStrings(input int, values ...string) error
}

// Access is what a child process needs of the machine.
type Access struct {
	Read      []string // files and folders
	ReadWrite []string // files, folders and device nodes
	Env       []string // names of environment variables, beside the usual ones
}

// Providers are all ways to run models, in the order in which Auto tries those that it tries.
var Providers []*Provider

// In init, because providers look things up in the list.
func init() {
	Providers = []*Provider{&edgeTPUProvider, &externalProvider, &xnnpackProvider, &builtinProvider}
}

// runner names what runs a model, in sentences: "the Edge TPU", "the CPU (XNNPACK)".
func (p *Provider) runner(item Item) string {
	title := p.Title(item)
	if p.CPU {
		return "the CPU (" + strings.TrimPrefix(title, "the ") + ")"
	}
	return title
}

// ProviderOf is the provider of an item; nil where there is none of that name.
func ProviderOf(item Item) *Provider { return providerOf(item) }

func providerOf(item Item) *Provider {
	for _, p := range Providers {
		if p.Name == item.Provider {
			return p
		}
	}
	return nil
}
