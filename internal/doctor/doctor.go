package doctor

import (
	"context"
	"slices"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/tflite"
)

// Options say what is looked at, and with what. The zero Options look at this machine, with nothing configured.
type Options struct {
	System  edgetpu.System
	User    *User  // nil: this process's
	Library string // libedgetpu's path; "": as edgetpu.Load finds it
	Runtime string // TensorFlow Lite's version; "": that of this process's

	Configured bool             // whether there is a configuration, so that it matters what stops it
	Unusable   []Missing        // what the configuration names and is not there
	Models     []Model          // of the configuration
	Catalogued []CataloguedFile // the files of the model cache
	Cameras    []Camera         // of the configuration

	// Try tries libedgetpu where a crash does no harm; nil: it is not tried. See Isolated.
	Try func(context.Context, Attempt) Trial
	// TryPlugin tries a model on an external delegate, likewise; nil: it is not tried. See the function TryPlugin.
	TryPlugin func(context.Context, Model, delegate.Item) error
}

// Missing is something that a configuration names and that is not there.
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
	Segments  []string // of the compiled file in parts, instead of Files.EdgeTPU
	Choice    delegate.Choice
	Device    string // as edgetpu.ParseSpec reads it
	Pipelines []string

	bad bool // its files cannot be used, or not with this library
}

// compiled are the files for the Edge TPU.
func (m Model) compiled() []string {
	if m.Files.EdgeTPU != "" {
		return []string{m.Files.EdgeTPU}
	}
	return m.Segments
}

// needs says whether nothing but an Edge TPU can run the model.
func (m Model) needs() bool {
	return m.Choice.OnlyEdgeTPU() || m.wants() && m.Files.CPU == ""
}

// wants says whether an Edge TPU would run the model if there were one.
func (m Model) wants() bool {
	return m.Choice.OnlyEdgeTPU() || m.Choice.ForEdgeTPU() && len(m.compiled()) > 0
}

// CataloguedFile is a file whose contents are known beforehand.
type CataloguedFile struct {
	Model     string // its name
	Path      string
	Err       error // why it is not the file that it should be; nil: it is
	Fix       []string
	Pipelines []string // that use it
}

// Camera is a camera of the configuration.
type Camera struct {
	Path      string // "/dev/video0"
	Pipelines []string
}

// examiner is one examination.
type examiner struct {
	Options
	machine  machine
	findings []Finding

	devices []seen // by the kernel, or else by the library
	cards   []edgetpu.Card
	version *edgetpu.Version // of a library that loads and lists; nil: there is none, or it was not tried
}

// seen is a device.
type seen struct {
	edgetpu.Description
	listed  bool // by the library; the kernel does not show it
	held    bool // by this program, in another process
	blocked bool // a problem was found that keeps it from being used
}

// Examine looks at everything. The error is ctx's: whatever is wrong with the machine is in the Report.
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

// ok notes a look that found nothing wrong.
func (e *examiner) ok(check Check, subject, found string, looked ...string) {
	e.add(Finding{Check: check, Subject: subject, Looked: looked, State: OK, Found: found})
}

// skip notes what was not looked at.
func (e *examiner) skip(check Check, found string, looked ...string) {
	e.add(Finding{Check: check, Looked: looked, State: Skipped, Found: found})
}

// wanted says whether anything would use an Edge TPU: a configured model, or whoever asks without a configuration.
func (e *examiner) wanted() bool {
	return !e.Configured || len(e.Unusable) > 0 || slices.ContainsFunc(e.Models, Model.wants)
}

// libraryNamed says whether somebody said which libedgetpu is meant: then it is wanted.
func (e *examiner) libraryNamed() bool {
	return edgetpu.Wanted(e.Library) != ""
}

// block notes that a device cannot be used.
func (e *examiner) block(d edgetpu.Device) {
	for i := range e.devices {
		if e.devices[i].Device == d {
			e.devices[i].blocked = true
		}
	}
}

// hold notes that this program has a device in another process.
func (e *examiner) hold(d edgetpu.Device) {
	for i := range e.devices {
		if e.devices[i].Device == d {
			e.devices[i].held = true
		}
	}
}

// missing notes what the configuration names in vain.
func (e *examiner) missing() {
	for _, u := range e.Unusable {
		e.add(Finding{
			Check: Configuration, Subject: u.Subject, Looked: []string{u.File}, State: Problem, ID: FileMissing,
			Found: u.Found, Fix: u.Fix, Stops: u.Stops,
		})
	}
}
