package delegate

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"corallite/delegate/edgetpu"
	"corallite/tflite"
)

// survey is what was found of Edge TPUs.
type survey struct {
	library *edgetpu.Library // nil when none was loaded; the survey's owner closes it
	loadErr error
	listed  []edgetpu.Device // by the library
	fit     []edgetpu.Device // those that the spec takes, in the order in which to try them
	causes  []error          // why there is no device to open; the most telling one first
}

// look loads libedgetpu and lists devices. A device is opened by nobody here.
func look(spec Spec, o Options) survey {
	var s survey
	s.library, s.loadErr = edgetpu.Load(o.EdgeTPULibrary)
	seen := o.EdgeTPU.System.Devices()
	if s.loadErr != nil {
		// On a machine that has neither, the missing device is what a person should read; the missing library is
		// what counts for one who has a device, or has named a library.
		named := o.EdgeTPULibrary != "" || os.Getenv(edgetpu.LibraryEnv) != ""
		switch {
		case len(seen) > 0:
			s.causes = []error{s.loadErr}
		case named:
			s.causes = []error{s.loadErr, edgetpu.ErrNoDevice}
		default:
			s.causes = []error{edgetpu.ErrNoDevice, s.loadErr}
		}
		return s
	}
	listed, err := s.library.List()
	if err != nil {
		s.causes = []error{err}
		return s
	}
	s.listed = listed
	if s.fit, err = o.EdgeTPU.System.Select(spec.Device, listed); err != nil {
		s.causes = []error{err}
		if len(listed) == 0 && len(seen) > 0 {
			s.causes = append(s.causes, fmt.Errorf("the kernel shows %s, but %s does not list it", seen[0], s.library.Path()))
		}
	}
	return s
}

func (s survey) close() {
	if s.library != nil {
		_ = s.library.Close() // it has no error to give
	}
}

// Candidates are the devices that may run the model, in the order in which to try them, or the causes why there is none,
// the most telling one first. No device is opened. The error is one of the options.
func (m *Model) Candidates(o Options) ([]edgetpu.Device, []error, error) {
	spec, err := o.spec()
	if err != nil {
		return nil, nil, err
	}
	s := look(spec, o)
	defer s.close()
	if causes := s.check(m); len(causes) > 0 {
		return nil, causes, nil
	}
	return s.fit, nil, nil
}

// openEdgeTPU tries the Edge TPU: an engine, or the causes why there is none. The error is ctx's.
func (m *Model) openEdgeTPU(ctx context.Context, spec Spec, o Options) (*engine, []error, error) {
	s := look(spec, o)
	var e *engine
	var err error
	causes := s.check(m)
	if len(causes) == 0 {
		e, causes, err = s.open(ctx, m.compiled, o)
	}
	if e == nil {
		s.close()
	}
	return e, causes, err
}

// check gives the causes why no device can run a model.
func (s survey) check(m *Model) []error {
	causes := s.causes
	if m.compiled == nil {
		missing := errors.New("the model is not compiled for the Edge TPU")
		if twin := TwinName(m.cpu.path); twin != "" {
			missing = fmt.Errorf("%w: no %s beside it", missing, filepath.Base(twin))
		}
		return append(causes, missing)
	}
	if len(causes) == 0 {
		if err := s.fits(m.compiled); err != nil {
			return []error{err}
		}
	}
	return causes
}

// open opens the first device that opens. The engine takes the library over.
func (s survey) open(ctx context.Context, f *file, o Options) (*engine, []error, error) {
	var causes []error
	for _, d := range s.fit {
		if err := ctx.Err(); err != nil {
			return nil, nil, err
		}
		delegate, err := s.library.Open(d, o.EdgeTPU)
		if err != nil {
			causes = append(causes, err)
			continue
		}
		n, err := withDelegate(f, delegate, o)
		if err != nil {
			return nil, append(causes, fmt.Errorf("model %s on %s: %w", f.path, d, err)), nil
		}
		e := &engine{Interpreter: n, device: n.Device(), library: s.library}
		for _, c := range causes { // of devices tried before
			e.refusals = append(e.refusals, Refusal{string(EdgeTPU), c.Error()})
		}
		return e, nil, nil
	}
	return nil, causes, nil
}

// fits compares the runtime version of the library with what the model needs: libedgetpu itself finds out too late,
// inside the first run.
func (s survey) fits(f *file) error {
	packages, err := f.packages()
	if err != nil {
		return err
	}
	version, err := s.library.Version()
	if err != nil {
		return err
	}
	for _, p := range packages {
		if err := edgetpu.CheckRuntime(version, p); err != nil {
			return fmt.Errorf("%s: %w", s.library.Path(), err)
		}
	}
	return nil
}

// withDelegate opens the compiled model. What the Edge TPU leaves to the CPU goes to XNNPACK, where there is one. The
// interpreter owns the delegates, also when this fails.
func withDelegate(f *file, d *edgetpu.Delegate, o Options) (*tflite.Interpreter, error) {
	delegates := []tflite.Delegate{d}
	if f.leavesToCPU() {
		if x, err := tflite.NewXNNPACK(o.Threads); err == nil {
			delegates = append(delegates, x)
		}
	}
	return f.loaded.Interpreter(tflite.Options{Threads: o.Threads, Delegates: delegates, Logger: o.Logger})
}
