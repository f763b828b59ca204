package delegate

import (
	"context"
	"strings"

	"corallite/internal/choice"
	"corallite/tflite/tensor"
)

// Implementation opens models on one of choice.Providers.
type Implementation struct {
	// Probe is why nothing can run on it here, nil where something could. No device is opened.
	Probe func(context.Context, Item, Options) error
	// Open opens n engines for a model. It is called in this process, which for a provider that is not the CPU is a child.
	// The error is that of ctx, or of a model that nothing can run; why this provider does not run it stands in Causes.
	Open func(ctx context.Context, m *Model, item Item, o Options, n int) (Opened, error)
}

// Implementations are those of providers that are no external delegates, by their names.
var Implementations map[string]Implementation

// In init, because they look each other up.
func init() {
	Implementations = map[string]Implementation{
		EdgeTPU[0].Provider: edgeTPUProvider, XNNPACK[0].Provider: xnnpackProvider, None[0].Provider: builtinProvider,
	}
}

// implementationOf is that of an item of a valid choice.
func implementationOf(item Item) Implementation {
	if i, ok := Implementations[item.Provider]; ok || !choice.Of(item).External() {
		return i
	}
	return externalProvider
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

// runnerOf names what runs a model, in sentences: "the Edge TPU", "the CPU (XNNPACK)".
func runnerOf(item Item) string {
	if choice.Of(item).CPU {
		return "the CPU (" + strings.TrimPrefix(item.Title(), "the ") + ")"
	}
	return item.Title()
}
