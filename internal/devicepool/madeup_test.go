package devicepool_test

import (
	"context"
	"errors"
	"testing"

	"corallite/delegate"
	"corallite/internal/choice"
	"corallite/internal/devicepool"
)

// madeUp is a way to run models that does not exist, and that no external delegate is: its code is in Go.
var madeUp = choice.Provider{Name: "madeup", Kind: "madeup", Title: "the made-up chip", Doc: "a made-up chip", LeavesCPUFree: true, Checked: true}

var madeUpCode = delegate.Implementation{
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

func init() {
	choice.Providers = append(choice.Providers, &madeUp)
	delegate.Implementations["madeup"] = madeUpCode
}

// TestMadeUpProvider runs a model on it, in a child process, with the CPU behind it and shown like any other.
func TestMadeUpProvider(t *testing.T) {
	a := newAdder(t, nil)
	chosen, err := choice.Parse("madeup")
	if err != nil {
		t.Fatal(err)
	}
	e := a.open(a.files, devicepool.Request{Choice: chosen})[0]
	for range 5 {
		if d := add(t, e); d.Name != "madeup" || d.Kind != "madeup" || !d.LeavesCPUFree || d.Degraded {
			t.Fatalf("device %+v", d)
		}
	}
	if s := a.Summaries(); len(s) != 1 || s[0].Runs != 5 {
		t.Errorf("summaries %+v", s)
	}
	p, err := delegate.Probe(t.Context(), delegate.Options{Choice: chosen})
	if err != nil || p.Selected != "madeup" {
		t.Errorf("probe %+v, %v", p, err)
	}
}
