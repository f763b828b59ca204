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
	"corallite/internal/choice"
	"corallite/internal/environ"
	"corallite/internal/isolate"
)

// probeKind is the kind of child that probes a provider.
const probeKind = "probe"

// probeDeadline limits loading a vendor's library.
const probeDeadline = 15 * time.Second

// ProbeOptions of Probe.
type ProbeOptions struct {
	Item       choice.Item
	ExtraPaths []string      // files and folders that the child may use besides those of the provider
	Deadline   time.Duration // 0: 15 s
	Logger     *slog.Logger  // for the child's messages; nil: dropped
}

// Probe is [delegate.ProbeItem] in a child process, for providers that load libraries which can crash or hang; both
// become errors. When ctx ends, the child is killed and ctx's error returned.
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
		_ = p.Close() // err has the reason already
		return probing(ctx, o.Item, err)
	}
	if err := p.Close(); err != nil && o.Logger != nil { // it crashed when unloading: its answer stays valid
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

// probing is the reason why nothing is known of a provider; ctx's error if that is the reason.
func probing(ctx context.Context, i choice.Item, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if died := (*isolate.DeathError)(nil); errors.As(err, &died) {
		return fmt.Errorf("%s cannot be probed: its process %s", i, died.Cause())
	}
	return fmt.Errorf("%s cannot be probed: %w", i, err)
}

// access is what the child of a provider may use.
func access(i choice.Item, extra []string) choice.Access {
	a := i.Access()
	a.ReadWrite = append(a.ReadWrite, extra...)
	return a
}

// serveProbe probes the provider of the setup, once for each request.
func serveProbe(c *isolate.Child) error {
	var item choice.Item
	if err := json.Unmarshal(c.Setup, &item); err != nil {
		return err
	}
	return c.Serve(func(_ []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		return answered(reply, delegate.ProbeItem(context.Background(), item))
	})
}

// ErrProbe is wrapped by errors of ProbeModelOn that come from Probe.
var ErrProbe = errors.New("it cannot be used")

// ProbeModelOn opens a model on a provider in its own child process and runs it once with zeros. A crash or hang is an
// ordinary error.
func ProbeModelOn(ctx context.Context, o ProbeOptions, files delegate.Files) (err error) {
	if err := Probe(ctx, o); err != nil {
		return &probeError{err}
	}
	return ProbeOpen(ctx, o, Request{Files: files, Choice: choice.Choice{o.Item}})
}

// ProbeOpen is ProbeModelOn without Probe, for a request of the item.
func ProbeOpen(ctx context.Context, o ProbeOptions, r Request) (err error) {
	h, err := StartHost(ctx, HostOptions{
		Name: "trial of " + o.Item.String(), Files: []string{r.Files.CPU}, Access: access(o.Item, o.ExtraPaths), Logger: o.Logger,
	})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, notDeath(h.Close())) }()
	e, err := h.Open(ctx, r)
	if err != nil {
		return err
	}
	for i := range e.Inputs() {
		clear(e.Input(i).Data)
	}
	return errors.Join(e.Invoke(ctx), e.Close())
}

// notDeath drops the error of closing a host if it is a death that is known already.
func notDeath(err error) error {
	if died := (*isolate.DeathError)(nil); errors.As(err, &died) {
		return nil
	}
	return err
}

// probeError is an error of Probe that errors.Is also recognizes as ErrProbe.
type probeError struct{ error }

func (e *probeError) Is(target error) bool { return target == ErrProbe }

func (e *probeError) Unwrap() error { return e.error }
