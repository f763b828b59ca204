package doctor

import (
	"fmt"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
)

// models reads the files of the configured models and compares their needs with the library.
func (e *examiner) models() {
	for i := range e.Models {
		m := &e.Models[i]
		f := Finding{Check: Models, Subject: "model " + m.Name, State: OK}
		e.model(&f, m)
		m.bad = f.State != OK
		e.add(f)
	}
}

func (e *examiner) model(f *Finding, m *Model) {
	fail := func(id ID, found string) {
		f.State, f.ID, f.Found, f.Stops = Problem, id, found, m.Pipelines
	}
	needed, err := 0, error(nil)
	all := []delegate.Files{m.Files}
	for _, segment := range m.Segments {
		all = append(all, delegate.Files{EdgeTPU: segment})
	}
	if m.Files == (delegate.Files{}) {
		all = all[1:]
	}
	for _, files := range all {
		for _, path := range []string{files.CPU, files.EdgeTPU} {
			if path != "" {
				f.Looked = append(f.Looked, path)
			}
		}
		n, e := runtimeNeeded(files)
		needed = max(needed, n)
		if err == nil {
			err = e
		}
	}
	switch {
	case err != nil:
		fail(ModelInvalid, err.Error())
	case m.Choice.OnlyEdgeTPU() && len(m.compiled()) == 0:
		fail(ModelCPUOnly, fmt.Sprintf("delegate: edgetpu needs a model that is compiled for the Edge TPU, and there is no %s", delegate.CounterpartPath(m.Files.CPU)))
		f.Fix = []string{"edgetpu_compiler -s " + m.Files.CPU}
		f.Advice = "Or take delegate: auto, which runs it on the CPU."
	case e.version != nil && needed > e.version.RuntimeVersion && m.wants():
		f.State, f.ID = Warning, ModelRuntime
		f.Found = fmt.Sprintf("it is compiled for libedgetpu's runtime version %d or newer, and this one is %d", needed, e.version.RuntimeVersion)
		f.Fix, f.Advice = e.olderModel(m.Files.CPU)
		if m.needs() {
			f.State, f.Stops = Problem, m.Pipelines
		}
	case needed > 0:
		f.Found = fmt.Sprintf("its files are well formed; it needs libedgetpu's runtime version %d or newer", needed)
	default:
		f.Found = "its file is well formed; it is not compiled for the Edge TPU"
	}
}

// olderModel says how to get a model and a library that are compatible.
func (e *examiner) olderModel(cpu string) (fix []string, advice string) {
	install, from := e.machine.install(e.Runtime)
	if cpu == "" {
		cpu = "MODEL.tflite"
	}
	if e.version != nil {
		// coral.ai/docs/edgetpu/compiler: -m is the minimum runtime version for the model.
		fix = append(fix, fmt.Sprintf("edgetpu_compiler -s -m %d %s", e.version.RuntimeVersion, cpu))
	}
	return append(fix, install...), "One of the two: the first compiles the model for the library that is there, the second gets a newer library. " + from
}

// runtimeNeeded is the minimum runtime version of libedgetpu for a model; 0 for one that is not compiled. The error is
// for broken files, or files that are not the same model.
func runtimeNeeded(files delegate.Files) (int, error) {
	m, err := delegate.Read(files)
	if err != nil {
		return 0, err
	}
	defer m.Close()
	packages, err := m.Packages()
	if err != nil {
		return 0, err
	}
	needed := 0
	for _, p := range packages {
		needed = max(needed, p.MinRuntimeVersion)
	}
	return needed, nil
}

// stops finds the pipelines that need an Edge TPU and have none.
func (e *examiner) stops() {
	for _, m := range e.Models {
		if !m.needs() || m.bad {
			continue
		}
		spec, err := edgetpu.ParseSpec(m.Device)
		if err != nil {
			continue // the configuration was validated before
		}
		if e.tryable() {
			if _, err := e.System.Select(spec, e.usable()); err == nil {
				continue
			}
		}
		e.blame(m, spec)
	}
}

// tryable reports whether the library itself has no problems.
func (e *examiner) tryable() bool {
	for _, f := range e.findings {
		if f.State == Problem && f.device == nil && (f.Check == Library || f.Check == Pairing) {
			return false
		}
	}
	return true
}

// blame finds what keeps a model from every device that it may use.
func (e *examiner) blame(m Model, spec edgetpu.Spec) {
	var all []edgetpu.Device
	for _, d := range e.devices {
		all = append(all, d.Device)
	}
	wanted, err := e.System.Select(spec, all)
	found := false
	for i := range e.findings {
		f := &e.findings[i]
		concerns := f.device == nil
		for _, d := range wanted {
			concerns = concerns || *f.device == d
		}
		switch f.Check {
		case Container, Driver, Devices, Library, Permission, Use, Pairing:
		default:
			continue
		}
		if f.ID == "" || !concerns || f.State == Warning && f.ID != NoDevice && f.device != nil {
			continue
		}
		f.State = Problem
		f.stop(m.Pipelines)
		found = true
	}
	if err != nil && !found {
		e.add(Finding{
			Check: Devices, Subject: "model " + m.Name, Looked: []string{usbDevices, pciDevices}, State: Problem, ID: DeviceNotFound,
			Found: fmt.Sprintf("%v: device %q of the configuration", err, m.Device), Fix: []string{"corallite devices"},
			Advice: "Take one of the names that the command shows, or leave device empty.", Stops: m.Pipelines,
		})
	}
}
