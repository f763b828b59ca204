package doctor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
)

// libraryIDs are the causes for a libedgetpu that does not load.
var libraryIDs = map[error]ID{
	edgetpu.ErrNotFound:          LibraryMissing,
	edgetpu.ErrUnreadable:        LibraryUnreadable,
	edgetpu.ErrWrongArchitecture: LibraryArchitecture,
	edgetpu.ErrNotLibrary:        LibraryInvalid,
	edgetpu.ErrMissingDependency: LibraryDependency,
	edgetpu.ErrMissingSymbol:     LibrarySymbol,
	edgetpu.ErrLoad:              LibraryLoad,
}

// loadLibrary loads libedgetpu in a child and asks it for its devices, which count if the kernel shows none.
func (e *examiner) loadLibrary(ctx context.Context) Trial {
	if e.Try == nil || !e.wanted() {
		return Trial{At: Starting}
	}
	t := e.Try(ctx, Attempt{Library: e.Library})
	if t.At == Done {
		e.version = &t.Version
	}
	if len(e.devices) == 0 && len(e.cards) == 0 {
		for _, d := range t.Listed {
			e.devices = append(e.devices, seen{Description: edgetpu.Description{Device: d, Name: e.System.StableName(d)}, listed: true})
		}
	}
	return t
}

const noChildren = "Child processes of the same kind run models on an Edge TPU: what keeps this one from starting keeps those too. " +
	"Limits on processes or memory, and /proc that is not mounted, are what to look for."

// library adds the finding about loading it.
func (e *examiner) library(t Trial) {
	f := Finding{Check: Library, Subject: "libedgetpu", State: Problem}
	none := len(e.devices) == 0 && len(e.cards) == 0
	var load *edgetpu.LoadError
	switch {
	case !e.wanted():
		e.skip(Library, "nothing configured would use it")
		return
	case e.Try == nil:
		e.skip(Library, "not tried")
		return
	case t.At == Starting:
		f.State, f.ID, f.Looked = Warning, IsolationMissing, []string{"child process"}
		f.Check = Pairing
		f.Found = fmt.Sprintf("it was not tried, because the child process for that does not start: %v", t.Err)
		f.Advice = noChildren
	case errors.As(t.Err, &load):
		f.ID, f.Looked = libraryIDs[load.Kind], strings.Split(load.Path, ", ")
		f.Found = load.Error()
		e.mendLibrary(&f, load)
		switch {
		case !none || e.libraryNamed(): // an explicitly given library is wanted
		case f.ID == LibraryMissing:
			f.State, f.ID, f.Fix, f.Advice = Skipped, "", nil, ""
			f.Found = "libedgetpu is not installed, which does not matter without an Edge TPU"
		default:
			f.State = Warning
		}
	case t.At != Done:
		e.broken(&f, t)
	default:
		f.Looked = []string{t.Path, "edgetpu_version"}
		f.State, f.Found = OK, fmt.Sprintf("%s: %s", t.Path, t.Version)
	}
	e.add(f)
}

// mendLibrary says how to get a library that loads.
func (e *examiner) mendLibrary(f *Finding, l *edgetpu.LoadError) {
	install, advice := e.machine.install(e.Runtime)
	switch f.ID {
	case LibraryUnreadable:
		f.Fix = []string{"ls -lL " + l.Path, "sudo chmod a+r " + l.Path}
	case LibraryDependency:
		f.Fix = []string{"sudo apt install libusb-1.0-0 libc++1", "ldd " + l.Path + " | grep 'not found'"}
		f.Advice = "The second command says what is still missing after the first."
	case LibraryMissing:
		if strings.Contains(l.Path, "/") {
			f.Advice = "Correct the path (--libedgetpu, " + edgetpu.LibraryEnv + ", or edgetpu.library in the configuration), or install the library. "
		}
		f.Fix, f.Advice = install, f.Advice+advice
	case LibraryArchitecture:
		f.Fix, f.Advice = append([]string{"file -L " + l.Path + "; dpkg --print-architecture"}, install...), advice
	default:
		f.Fix, f.Advice = append([]string{"file -L " + l.Path}, install...), advice
	}
}

// install says how to install a libedgetpu that fits a runtime. Google's own package does not (see pairs.go).
func (m machine) install(runtime string) (fix []string, advice string) {
	return []string{fmt.Sprintf("sudo apt install ./libedgetpu1-std_16.0tf%s-*_$(dpkg --print-architecture).deb", runtime)},
		fmt.Sprintf("First download that package, built for TensorFlow Lite %s and for this distribution, from "+
			"https://github.com/feranick/libedgetpu/releases. Google's own libedgetpu1-std 16.0 does not go with TensorFlow Lite from 2.12 on.", runtime)
}

// broken is for a library that crashed or hung before any device was opened.
func (e *examiner) broken(f *Finding, t Trial) {
	f.Check, f.ID = Pairing, LibraryCrash
	f.Looked = []string{"child process"}
	f.Found = t.ending()
	var died *isolate.DeathError
	switch {
	case errors.As(t.Err, &died) && died.Hung > 0:
		f.ID = LibraryHangs
	case died == nil:
		f.ID = LibraryLoad
	}
	f.Fix, f.Advice = e.machine.install(e.Runtime)
}

// ending describes where and how a trial ended.
func (t Trial) ending() string {
	if died := (*isolate.DeathError)(nil); errors.As(t.Err, &died) {
		return fmt.Sprintf("while %s, the child process that tries libedgetpu %s", t.At.doing(), died.Cause())
	}
	return fmt.Sprintf("while %s: %v", t.At.doing(), t.Err)
}

// blind looks for devices that the kernel shows and the library does not see.
func (e *examiner) blind(t Trial) {
	if e.version == nil {
		return
	}
	for _, d := range e.devices {
		if d.blocked || d.held || slices.Contains(t.Listed, d.Device) {
			continue
		}
		e.block(d.Device)
		e.add(Finding{
			Check: Pairing, Subject: d.Name, Looked: []string{"edgetpu_list_devices"}, State: Problem, ID: LibraryBlind, device: &d.Device,
			Found:  fmt.Sprintf("the kernel shows the device and lets it be opened, but %s does not list it", t.Path),
			Fix:    []string{"sudo apt install --reinstall libusb-1.0-0", "ls -l " + d.Node.Path},
			Advice: "Plug it in again. In a container, /sys and /run/udev have to be the host's.",
		})
	}
}
