package doctor

import (
	"context"
	"errors"
	"fmt"

	"corallite/delegate"
	"corallite/internal/worker"
)

// TryPlugin opens a model on an external delegate in a child process, as a pipeline would, and runs it once. Use it for
// Options.TryPlugin.
func TryPlugin(extraPaths ...string) func(context.Context, Model, delegate.Item) error {
	return func(ctx context.Context, m Model, i delegate.Item) error {
		return worker.ProbeModelOn(ctx, worker.ProbeOptions{Item: i, ExtraPaths: extraPaths}, delegate.Files{CPU: m.Files.CPU})
	}
}

// plugins tries the external delegates of the configured models, each model on each of its own. Edge TPUs, which run
// compiled models, have their own checks.
func (e *examiner) plugins(ctx context.Context) {
	for _, m := range e.Models {
		for _, i := range m.Choice.OnCPUModel() {
			e.plugin(ctx, m, i)
		}
	}
}

func (e *examiner) plugin(ctx context.Context, m Model, i delegate.Item) {
	subject := fmt.Sprintf("%s for model %s", i.Title(), m.Name)
	var looked []string
	if library := i.LibraryPath(); library != "" {
		looked = []string{library}
	}
	switch {
	case m.bad:
		e.add(Finding{Check: Plugin, Subject: subject, Looked: looked, State: Skipped, Found: "the model's files cannot be used"})
		return
	case e.TryPlugin == nil:
		return
	}
	err := e.TryPlugin(ctx, m, i)
	if err == nil {
		e.ok(Plugin, subject, "it opened the model in a process of its own and ran it", looked...)
		return
	}
	f := Finding{
		Check: Plugin, Subject: subject, Looked: looked, State: Warning, ID: PluginUnusable, Found: err.Error(),
		Advice: "The CPU runs the model instead. docs/delegates.md has what each vendor's library needs.",
	}
	if errors.Is(err, worker.ErrProbe) && len(m.Choice) == 1 { // then a run fails at the start
		f.State, f.Stops = Problem, m.Pipelines
		f.Advice = "Or list the CPU behind it: delegate: [" + i.String() + ", xnnpack]. docs/delegates.md has what each vendor's library needs."
	}
	e.add(f)
}
