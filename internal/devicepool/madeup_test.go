package devicepool_test

import (
	"context"
	"errors"
	"testing"

	"corallite/delegate"
	"corallite/internal/devicepool"
)

// madeUp is a way to run models that does not exist. All that it takes is this value and the line in init.
var madeUp = delegate.Provider{
	Name: "madeup", Kind: "madeup", LeavesCPUFree: true, Checked: true,
	Title: func(delegate.Item) string { return "the made-up chip" },
	Probe: func(context.Context, delegate.Item, delegate.Options) error { return nil },
	Open: func(ctx context.Context, m *delegate.Model, _ delegate.Item, o delegate.Options, n int) (delegate.Opened, error) {
		all, err := m.Open(ctx, delegate.Options{Choice: delegate.CPU, Threads: o.Threads, Shapes: o.Shapes}, n)
		if err != nil {
			return delegate.Opened{Causes: []error{errors.New("the made-up chip does not know the model"), err}}, nil
		}
		runners := make([]delegate.Runner, n)
		for i, e := range all {
			runners[i] = e
		}
		return delegate.Opened{Runners: runners}, nil
	},
}

func init() { delegate.Providers = append(delegate.Providers, &madeUp) }

// TestMadeUpProvider runs a model on it, in a child process, with the CPU behind it and shown like any other.
func TestMadeUpProvider(t *testing.T) {
	a := newAdder(t, nil)
	choice, err := delegate.ParseChoice("madeup,xnnpack")
	if err != nil {
		t.Fatal(err)
	}
	e := a.open(a.files, devicepool.Request{Choice: choice})[0]
	for range 5 {
		if d := add(t, e); d.Name != "madeup:madeup" || d.Kind != "madeup" || !d.LeavesCPUFree || d.Degraded {
			t.Fatalf("device %+v", d)
		}
	}
	if s := a.Summaries(); len(s) != 1 || s[0].Runs != 5 {
		t.Errorf("summaries %+v", s)
	}
	p, err := delegate.Probe(t.Context(), delegate.Options{Choice: choice})
	if err != nil || p.Selected != "madeup" {
		t.Errorf("probe %+v, %v", p, err)
	}
}
