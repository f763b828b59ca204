package delegate

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"

	"corallite/delegate/edgetpu"
	"corallite/tflite"
)

// edgeTPUProbe is what was found of Edge TPUs.
type edgeTPUProbe struct {
	seen    edgetpu.Inventory // what libedgetpu said; zero where it did not
	loadErr error             // why it did not
	fit     []edgetpu.Device  // those that the spec takes, in the order in which to try them
	causes  []error           // why there is no device to open; the most telling one first
	wanted  bool              // see Candidates.Wanted
}

// probeEdgeTPU asks libedgetpu, by way of ask, for its devices. A device is opened by nobody here.
func probeEdgeTPU(spec Spec, o Options, ask func() (edgetpu.Inventory, error)) edgeTPUProbe {
	var s edgeTPUProbe
	s.seen, s.loadErr = ask()
	kernel := o.EdgeTPU.System.Devices()
	named := edgetpu.Wanted(o.EdgeTPULibrary) != ""
	s.wanted = o.Device != "" || len(kernel) > 0 || len(s.seen.Devices) > 0 ||
		named && s.loadErr != nil || errors.Is(s.loadErr, edgetpu.ErrUnanswered)
	if s.loadErr != nil {
		// On a machine that has neither, the missing device is what a person should read; the missing library is
		// what counts for one who has a device, or has named a library.
		switch {
		case len(kernel) > 0:
			s.causes = []error{s.loadErr}
		case named || errors.Is(s.loadErr, edgetpu.ErrUnanswered):
			s.causes = []error{s.loadErr, edgetpu.ErrNoDevice}
		default:
			s.causes = []error{edgetpu.ErrNoDevice, s.loadErr}
		}
		return s
	}
	var err error
	if s.fit, err = o.EdgeTPU.System.Select(spec.Device, s.seen.Devices); err != nil {
		s.causes = []error{err}
		if len(s.seen.Devices) == 0 && len(kernel) > 0 {
			s.causes = append(s.causes, fmt.Errorf("the kernel shows %s, but %s does not list it", kernel[0], s.seen.Path))
		}
	}
	return s
}

// Candidates are the devices that may run a model.
type Candidates struct {
	Devices []edgetpu.Device // in the order in which to try them
	Causes  []error          // why there is none, the most telling one first; nil: there are Devices
	// Wanted says that somebody counts on an Edge TPU, although none can run the model: a device or a library is named,
	// or the machine has a device. A machine that never had one has lost nothing.
	Wanted bool
}

// Candidates says which devices may run the model. No device is opened. Options.Enumerate says how libedgetpu is asked. Where
// it does not answer, the devices that the kernel shows are candidates: whether they open is seen then, and tried again.
// The error is one of the options, or ctx's.
func (m *Model) Candidates(ctx context.Context, o Options) (Candidates, error) {
	spec, err := o.spec()
	if err != nil {
		return Candidates{}, err
	}
	s := probeEdgeTPU(spec, o, func() (edgetpu.Inventory, error) { return o.ask(ctx) })
	if err := ctx.Err(); err != nil {
		return Candidates{}, err
	}
	if errors.Is(s.loadErr, edgetpu.ErrUnanswered) && m.compiled != nil {
		if fit, err := o.EdgeTPU.System.Select(spec.Device, o.EdgeTPU.System.Devices()); err == nil {
			return Candidates{Devices: fit, Wanted: true}, nil
		}
	}
	if causes := s.check(m); len(causes) > 0 {
		return Candidates{Causes: causes, Wanted: s.wanted}, nil
	}
	return Candidates{Devices: s.fit, Wanted: true}, nil
}

// edgeTPUProvider runs models that were compiled for the Edge TPU.
var edgeTPUProvider = Implementation{
	Open: openEdgeTPU,
	Probe: func(ctx context.Context, _ Item, o Options) error {
		spec, err := o.spec()
		if err != nil {
			return err
		}
		return errors.Join(probeEdgeTPU(spec, o, func() (edgetpu.Inventory, error) { return o.ask(ctx) }).causes...)
	},
}

// openEdgeTPU opens the first Edge TPU that opens, in this process. It runs one model at a time however many engines ask, so
// there is one engine on it, unless Options.Queue says otherwise.
func openEdgeTPU(ctx context.Context, m *Model, _ Item, o Options, n int) (Opened, error) {
	spec, err := o.spec()
	if err != nil {
		return Opened{}, err
	}
	if !o.Queue {
		n = 1
	}
	var all Opened
	for range n {
		r, each, err := m.openOneEdgeTPU(ctx, spec, o)
		if r != nil {
			all.Runners = append(all.Runners, r)
			all.Causes, all.Wanted = append(all.Causes, each.Causes...), each.Wanted
			continue
		}
		if err == nil && len(all.Runners) > 0 {
			err = fmt.Errorf("model %s: engine %d on the Edge TPU: %w", m.Path(), len(all.Runners)+1, errors.Join(each.Causes...))
		}
		for _, r := range all.Runners {
			err = errors.Join(err, r.Close())
		}
		return Opened{Causes: each.Causes, Wanted: each.Wanted}, err
	}
	return all, nil
}

// openOneEdgeTPU opens one engine; without one, the causes say why, and c.Wanted whether somebody counts on it.
func (m *Model) openOneEdgeTPU(ctx context.Context, spec Spec, o Options) (r Runner, c Candidates, err error) {
	library, err := edgetpu.Load(o.EdgeTPULibrary)
	s := probeEdgeTPU(spec, o, func() (edgetpu.Inventory, error) {
		if err != nil {
			return edgetpu.Inventory{}, err
		}
		return library.Enumerate()
	})
	c = Candidates{Causes: s.check(m), Wanted: s.wanted}
	if err = nil; len(c.Causes) == 0 {
		r, c.Causes, err = s.open(ctx, library, m.compiled, o)
	}
	if r == nil && library != nil {
		_ = library.Close() // it has no error to give
	}
	return r, c, err
}

// edgeTPURunner is an interpreter on a device, with the library that its delegate came from.
type edgeTPURunner struct {
	*tflite.Interpreter
	library *edgetpu.Library
}

// Close frees the interpreter, with it the delegate, and then the library.
func (r edgeTPURunner) Close() error { return errors.Join(r.Interpreter.Close(), r.library.Close()) }

// check gives the causes why no device can run a model.
func (s edgeTPUProbe) check(m *Model) []error {
	causes := s.causes
	if m.compiled == nil {
		missing := errors.New("the model is not compiled for the Edge TPU")
		if path := CounterpartPath(m.cpu.path); path != "" {
			missing = fmt.Errorf("%w: no %s beside it", missing, filepath.Base(path))
		}
		return append(causes, missing)
	}
	if err := m.compiledSignature(); err != nil {
		return append(causes, fmt.Errorf("%s: %w", filepath.Base(m.compiled.path), err))
	}
	if len(causes) == 0 {
		if err := s.fits(m.compiled); err != nil {
			return []error{err}
		}
	}
	return causes
}

// open opens the first device that opens; causes are of those tried before. The runner takes the library over.
func (s edgeTPUProbe) open(ctx context.Context, library *edgetpu.Library, f *file, o Options) (_ Runner, causes []error, err error) {
	for _, d := range s.fit {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		delegate, err := library.Open(d, o.EdgeTPU)
		if err != nil {
			causes = append(causes, err)
			continue
		}
		n, err := withDelegate(f, delegate, o)
		if err != nil {
			return nil, append(causes, fmt.Errorf("model %s on %s: %w", f.path, d, err)), nil
		}
		return edgeTPURunner{n, library}, causes, nil
	}
	return nil, causes, nil
}

// fits compares the runtime version of the library with what the model needs: libedgetpu itself finds out too late,
// inside the first run.
func (s edgeTPUProbe) fits(f *file) error {
	packages, err := f.packages()
	if err != nil {
		return err
	}
	version, err := s.seen.Version()
	if err != nil {
		return err
	}
	for _, p := range packages {
		if err := edgetpu.CheckRuntime(version, p); err != nil {
			return fmt.Errorf("%s: %w", s.seen.Path, err)
		}
	}
	return nil
}

// withDelegate opens a model on a delegate. What that leaves to the CPU goes to XNNPACK, where there is one. The
// interpreter owns the delegates, also when this fails.
func withDelegate(f *file, d tflite.Delegate, o Options) (*tflite.Interpreter, error) {
	delegates := []tflite.Delegate{d}
	if f.leavesToCPU() {
		if x, err := tflite.NewXNNPACK(o.Threads); err == nil {
			delegates = append(delegates, x)
		}
	}
	return f.loaded.Interpreter(tflite.Options{Threads: o.Threads, Shapes: o.Shapes, Delegates: delegates, Logger: o.Logger, Signature: o.Signature, Observe: o.Observe, Profile: o.Profile})
}
