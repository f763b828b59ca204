package doctor

import (
	"context"
	"slices"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/tflite"
)

// Options are what to check, and with what. The zero Options check this machine without a configuration.
type Options struct {
	System  edgetpu.System
	User    *User  // nil: this process's
	Library string // libedgetpu's path; "": as edgetpu.Load finds it
	Runtime string // TensorFlow Lite's version; "": this process's

	Configured bool             // there is a configuration, so that it matters which pipelines cannot run
	Unusable   []Missing        // what the configuration names and is missing
	Models     []Model          // of the configuration
	Catalogued []CataloguedFile // the files of the model cache
	Cameras    []Camera         // of the configuration

	// Try tries libedgetpu where a crash does no harm; nil: it is not tried. See Isolated.
	Try func(context.Context, Attempt) Trial
	// TryPlugin tries a model on an external delegate in the same way; nil: it is not tried. See the function
	// TryPlugin.
	TryPlugin func(context.Context, Model, delegate.Item) error
}

// Missing is something that a configuration names and that does not exist.
type Missing struct {
	Subject string // "models.coco.path"
	File    string // where it is named
	Found   string // what is wrong
	Fix     []string
	Stops   []string // the configuration files whose pipelines cannot run
}

// Model is a model that pipelines use.
type Model struct {
	Name      string
	Files     delegate.Files
	Segments  []string // of the compiled model, instead of Files.EdgeTPU
	Choice    delegate.Choice
	Device    string // as in edgetpu.ParseSpec
	Pipelines []string

	bad bool // its files cannot be used, or not with this library
}

// compiled returns the files for the Edge TPU.
func (m Model) compiled() []string {
	if m.Files.EdgeTPU != "" {
		return []string{m.Files.EdgeTPU}
	}
	return m.Segments
}

// needs reports whether only an Edge TPU can run the model.
func (m Model) needs() bool {
	return m.Choice.OnlyEdgeTPU() || m.wants() && m.Files.CPU == ""
}

// wants reports whether an Edge TPU would run the model if there were one.
func (m Model) wants() bool {
	return m.Choice.OnlyEdgeTPU() || m.Choice.ForEdgeTPU() && len(m.compiled()) > 0
}

// CataloguedFile is a file whose contents are known in advance.
type CataloguedFile struct {
	Model     string // its name
	Path      string
	Err       error // why it is not the expected file; nil: it is
	Fix       []string
	Pipelines []string // that use the model
}

// Camera is a camera of the configuration.
type Camera struct {
	Path      string // "/dev/video0"
	Pipelines []string
}

// examiner is the state of one examination.
type examiner struct {
	Options
	machine  machine
	findings []Finding

	devices []seen // from the kernel, or else from the library
	cards   []edgetpu.Card
	version *edgetpu.Version // of a library that loads and lists devices; nil: there is none, or it was not tried
}

// seen is a device.
type seen struct {
	edgetpu.Description
	listed  bool // only by the library, not by the kernel
	held    bool // by this program, in another process
	blocked bool // a problem prevents its use
}

// Examine runs all checks. The error is ctx's: whatever is wrong with the machine is in the Report.
func Examine(ctx context.Context, o Options) (*Report, error) {
	if o.Runtime == "" {
		o.Runtime = tflite.RuntimeVersion()
	}
	o.Models = slices.Clone(o.Models)
	e := &examiner{Options: o, machine: newMachine(o.System, o.User)}
	e.missing()
	e.drivers()
	for _, d := range o.System.Devices() {
		e.devices = append(e.devices, seen{Description: o.System.Describe(d)})
	}
	loaded := e.loadLibrary(ctx)
	e.lookAtDevices()
	e.library(loaded)
	e.models()
	e.plugins(ctx)
	e.blind(loaded)
	e.pairing(ctx)
	e.catalogued()
	e.cameras()
	e.stops()
	return conclude(e.findings, o.Configured), ctx.Err()
}

func (e *examiner) add(f Finding) {
	if f.Looked == nil {
		f.Looked = []string{}
	}
	e.findings = append(e.findings, f)
}

// ok adds a finding without a problem.
func (e *examiner) ok(check Check, subject, found string, looked ...string) {
	e.add(Finding{Check: check, Subject: subject, Looked: looked, State: OK, Found: found})
}

// skip adds a finding for what was not checked.
func (e *examiner) skip(check Check, found string, looked ...string) {
	e.add(Finding{Check: check, Looked: looked, State: Skipped, Found: found})
}

// wanted reports whether anything would use an Edge TPU: a configured model, or a user without a configuration who
// asks.
func (e *examiner) wanted() bool {
	return !e.Configured || len(e.Unusable) > 0 || slices.ContainsFunc(e.Models, Model.wants)
}

// libraryNamed reports whether a libedgetpu was given explicitly: then it is wanted.
func (e *examiner) libraryNamed() bool {
	return edgetpu.Wanted(e.Library) != ""
}

// block marks a device as unusable.
func (e *examiner) block(d edgetpu.Device) {
	for i := range e.devices {
		if e.devices[i].Device == d {
			e.devices[i].blocked = true
		}
	}
}

// hold records that this program has a device in another process.
func (e *examiner) hold(d edgetpu.Device) {
	for i := range e.devices {
		if e.devices[i].Device == d {
			e.devices[i].held = true
		}
	}
}

// missing adds findings for missing files that the configuration names.
func (e *examiner) missing() {
	for _, u := range e.Unusable {
		e.add(Finding{
			Check: Configuration, Subject: u.Subject, Looked: []string{u.File}, State: Problem, ID: FileMissing,
			Found: u.Found, Fix: u.Fix, Stops: u.Stops,
		})
	}
}
