package devicepool

import (
	"context"
	"fmt"
	"slices"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/worker"
)

// answeredInventory is what libedgetpu answered when it was asked for its devices.
type answeredInventory struct {
	kernel []edgetpu.Device // what the kernel showed then
	seen   edgetpu.Inventory
	err    error
}

// enumerate asks libedgetpu for its devices, in a child process. It is asked again when the kernel shows other devices; one
// that crashes or hangs costs its time once, not for each model.
func (p *Pool) enumerate(ctx context.Context, library string) (edgetpu.Inventory, error) {
	p.enumerating.Lock()
	defer p.enumerating.Unlock()
	kernel := p.o.EdgeTPU.System.Devices()
	if l := p.inventory; l != nil && slices.Equal(l.kernel, kernel) {
		return l.seen, l.err
	}
	limit := firstLimit
	if p.o.OpenLimit > 0 {
		limit = p.o.OpenLimit
	}
	patient, stop := p.patient(ctx)
	defer stop()
	seen, err := worker.Enumerate(patient, worker.EnumerateOptions{
		Library: library, System: p.o.EdgeTPU.System, Access: delegate.Access{ReadWrite: p.o.ExtraPaths, Env: p.o.EdgeTPUEnv}, Deadline: limit, Logger: p.o.Logger,
	})
	switch {
	case ctx.Err() != nil:
	case patient.Err() != nil:
		err = fmt.Errorf("%w: %w", edgetpu.ErrUnanswered, interruption{})
	default:
		p.inventory = &answeredInventory{kernel, seen, err}
	}
	return seen, err
}

// interruption is why libedgetpu, or the trial of a model, was not waited for. It passes for context.Canceled.
type interruption struct{}

func (interruption) Error() string { return "interrupted" }

func (interruption) Is(target error) bool { return target == context.Canceled }

// patient is a context that ends with ctx and with the context of New.
func (p *Pool) patient(ctx context.Context) (context.Context, func()) {
	patient, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(p.patience, cancel)
	return patient, func() { stop(); cancel() }
}
