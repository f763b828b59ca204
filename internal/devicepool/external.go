package devicepool

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"

	"corallite/internal/choice"
	"corallite/internal/worker"
	"corallite/tflite/tensor"
)

// provided is the hardware behind a provider of which there is one device, as far as this program knows: that which the
// library of an external delegate drives. Another library, or other options, are another device with a child of its own.
type provided struct {
	pool   *Pool
	which  choice.Item
	number int // 1 for the first of its name
}

func (h *provided) describe() tensor.Device {
	d := deviceOf(h.which)
	if h.number > 1 {
		d.Name += fmt.Sprintf("#%d", h.number)
	}
	return d
}

func (h *provided) path() string       { return h.which.LibraryPath() }
func (h *provided) item() choice.Item  { return h.which }
func (h *provided) locate(error) error { return nil }
func (h *provided) selector() string   { return "" }
func (h *provided) opened(*device)     {}
func (h *provided) heat() *Heat        { return nil }
func (h *provided) close()             {}
func (h *provided) log() *slog.Logger  { return h.pool.o.Logger.With("device", h.describe().Name) }

func (h *provided) child() worker.HostOptions {
	return worker.HostOptions{Name: "delegate " + h.describe().Name, Files: h.pool.o.Files, Access: h.which.Access()}
}

// deviceOf is the device of a provider.
func deviceOf(i choice.Item) tensor.Device {
	p := choice.Of(i)
	return tensor.Device{Name: i.Device(), Kind: p.Kind, LeavesCPUFree: p.LeavesCPUFree}
}

// provided gives the device of the pool for an item.
func (p *Pool) provided(i choice.Item) *device {
	same := func(h hardware) bool { x, ok := h.(*provided); return ok && reflect.DeepEqual(x.which, i) }
	return p.device(same, func() hardware {
		number := 1
		for _, d := range p.devices { // whose lock is held
			if x, ok := d.hardware.(*provided); ok && x.which.Provider == i.Provider && x.which.Label() == i.Label() {
				number++
			}
		}
		return &provided{p, i, number}
	})
}

// askProvider says why nothing runs on a provider here: it probes it in a child process, once for each library and its
// options, however many models want it.
func (p *Pool) askProvider(ctx context.Context, i choice.Item) error {
	p.asking.Lock()
	defer p.asking.Unlock()
	for _, a := range p.asked {
		if reflect.DeepEqual(a.item, i) {
			return a.err
		}
	}
	patient, stop := p.patient(ctx)
	defer stop()
	err := worker.Probe(patient, worker.ProbeOptions{Item: i, ExtraPaths: p.o.ExtraPaths, Logger: p.o.Logger})
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case patient.Err() != nil:
		return fmt.Errorf("%s: %w", i, interruption{})
	}
	p.asked = append(p.asked, askedProvider{i, err})
	return err
}

// askedProvider is what came of probing a provider.
type askedProvider struct {
	item choice.Item
	err  error
}
