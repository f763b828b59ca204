package worker

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/environ"
	"corallite/internal/isolate"
)

// probeKind is the kind of child that probes a provider.
const probeKind = "probe"

// probeDeadline is how long loading a vendor's library may take.
const probeDeadline = 15 * time.Second

// ProbeOptions of Probe.
type ProbeOptions struct {
	Item       delegate.Item
	ExtraPaths []string      // files and folders that the child may use beside what the provider asks for
	Deadline   time.Duration // 0: 15 s
	Logger     *slog.Logger  // gets what the child says; nil: nobody does
}

// Probe is [delegate.Provider.Probe] in a child process, for providers that load libraries which can crash or hang: those
// are errors that say so. When ctx ends, the child is killed and ctx's error returned.
func Probe(ctx context.Context, o ProbeOptions) error {
	a := access(o.Item, o.ExtraPaths)
	p, err := isolate.Start(ctx, isolate.Options{
		Kind: probeKind, Name: "probe of " + o.Item.String(), Logger: o.Logger, Setup: o.Item,
		Sandbox: isolate.Sandbox{Read: a.Read, ReadWrite: a.ReadWrite}, Env: environ.Pick(a.Env...),
	})
	if err != nil {
		return probing(ctx, o.Item, err)
	}
	if o.Deadline <= 0 {
		o.Deadline = probeDeadline
	}
	reply := make([]byte, isolate.MaxMessage)
	n, err := p.Call(ctx, nil, reply, isolate.CallOptions{Deadline: o.Deadline})
	if err != nil {
		_ = p.Close() // how it ended is in err
		return probing(ctx, o.Item, err)
	}
	if err := p.Close(); err != nil && o.Logger != nil { // a crash in unloading: what was said before stands
		o.Logger.Debug("the process that probed a delegate did not end in order", "delegate", o.Item.String(), "error", err)
	}
	s, _, body, err := parseReply(reply[:n])
	switch {
	case err != nil:
		return probing(ctx, o.Item, err)
	case s != statusOK:
		return received(body, edgetpu.System{})
	}
	return nil
}

// probing is why nothing is known of a provider; ctx's error where that is why.
func probing(ctx context.Context, i delegate.Item, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if died := (*isolate.DeathError)(nil); errors.As(err, &died) {
		return fmt.Errorf("%s cannot be probed: its process %s", i, died.Cause())
	}
	return fmt.Errorf("%s cannot be probed: %w", i, err)
}

// access is what a provider's child may use.
func access(i delegate.Item, extra []string) delegate.Access {
	var a delegate.Access
	if p := delegate.ProviderOf(i); p != nil && p.Access != nil {
		a = p.Access(i)
	}
	a.ReadWrite = append(a.ReadWrite, extra...)
	return a
}

// serveProbe probes the provider of the setup, once for each request.
func serveProbe(c *isolate.Child) error {
	var item delegate.Item
	if err := json.Unmarshal(c.Setup, &item); err != nil {
		return err
	}
	return c.Serve(func(_ []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		p := delegate.ProviderOf(item)
		if p == nil {
			return answered(reply, fmt.Errorf("delegate %q does not exist", item.Provider))
		}
		return answered(reply, p.Probe(context.Background(), item, delegate.Options{}))
	})
}
