package doctor

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
)

// pairing tries libedgetpu with the runtime on every usable device.
func (e *examiner) pairing(ctx context.Context) {
	if e.version == nil {
		return // the library's finding has the reason
	}
	verdict := e.machine.known(*e.version, e.Runtime, !e.libraryNamed())
	tried := false
	for _, d := range e.devices {
		if d.blocked || d.held || ctx.Err() != nil {
			continue
		}
		tried = true
		if !e.tryOn(ctx, d, verdict) {
			e.block(d.Device)
		}
	}
	if !tried {
		e.pairingByTable(verdict)
	}
}

// pairingByTable is what is known without a device to try.
func (e *examiner) pairingByTable(v verdict) {
	f := Finding{Check: Pairing, Looked: v.looked, State: Skipped}
	switch {
	case v.fits == unknown:
		f.Found = fmt.Sprintf("no device can be tried, and nothing is known of this libedgetpu with TensorFlow Lite %s", e.Runtime)
	case v.fits == yes:
		f.State, f.Found = OK, v.text
	default:
		f.State, f.ID, f.Found = Warning, RuntimeMismatch, v.text
		if len(e.devices)+len(e.cards) > 0 {
			f.State = Problem
		}
		f.Fix, f.Advice = e.machine.install(e.Runtime)
	}
	e.add(f)
}

// tryOn opens a device in a child and makes an interpreter with it. It reports whether that worked.
func (e *examiner) tryOn(ctx context.Context, d seen, v verdict) bool {
	a := Attempt{Library: e.Library, Device: &d.Device, Model: e.compiledModel()}
	t := e.Try(ctx, a)
	first := t
	var died *isolate.DeathError
	if t.At == Opening && !errors.As(t.Err, &died) && ctx.Err() == nil {
		t = e.Try(ctx, a) // after plugging in, the first opening sometimes fails and the second does not
	}
	f := Finding{Check: Pairing, Subject: d.Name, Looked: append([]string{"child process"}, v.looked...), State: Problem, device: &d.Device}
	with := "a small model"
	if a.Model != "" {
		with = a.Model
	}
	switch {
	case t.At == Done && first.At != Done:
		f.State, f.ID = Warning, DeviceSecondTry
		f.Found = fmt.Sprintf("it could not be opened at first (%v), and could when tried again", first.Err)
		f.Advice = "That happens after plugging in. If it happens often, the cable or the power supply is bad."
	case t.At == Done:
		f.State = OK
		f.Found = fmt.Sprintf("libedgetpu opened it in a child process, and TensorFlow Lite %s took its delegate for %s", e.Runtime, with)
	case t.At == Starting:
		f.State, f.ID = Warning, IsolationMissing
		f.Found = fmt.Sprintf("it was not tried, because the child process for that does not start: %v", t.Err)
		f.Advice = noChildren
	case errors.As(t.Err, &died):
		e.crashed(&f, t, died, v)
	case t.At == Opening:
		e.notOpened(&f, d, t)
	default:
		e.refused(&f, t, with, v)
	}
	e.add(f)
	return f.State != Problem
}

// crashed is for a child that libedgetpu or the runtime crashed.
func (e *examiner) crashed(f *Finding, t Trial, died *isolate.DeathError, v verdict) {
	how := t.ending()
	f.Fix, f.Advice = e.machine.install(e.Runtime)
	switch {
	case died.Hung > 0:
		f.ID, f.Found = LibraryHangs, how
		f.Fix = []string{"sudo dmesg | tail -n 30"}
		f.Advice = "Plug the stick in again, or switch the machine off and on; then try another cable, port or power supply."
	case t.At == Preparing || v.fits == no:
		f.ID = RuntimeMismatch
		f.Found = how + fmt.Sprintf(". This libedgetpu (%s) and TensorFlow Lite %s do not go together", e.version, e.Runtime)
		if v.fits == no {
			f.Found += ": " + v.text
		}
	default:
		f.ID, f.Found = LibraryCrash, how
		f.Fix = append([]string{"sudo dmesg | tail -n 30"}, f.Fix...)
		f.Advice = "libedgetpu ends its process when a transfer over USB fails: try another cable, port or power supply first. " + f.Advice
	}
}

// notOpened is for a device that libedgetpu did not open without giving a reason.
func (e *examiner) notOpened(f *Finding, d seen, t Trial) {
	f.ID = DeviceOpen
	f.Found = fmt.Sprintf("it could not be opened, twice, and nothing is in the way that can be seen: %v", t.Err)
	f.Fix = []string{"sudo dmesg | tail -n 30"}
	f.Advice = "Plug it in again, directly and with its own cable; a stick takes up to 900 mA, more than some ports and hubs give."
	if d.Bus == edgetpu.PCI {
		f.Advice = "Switch the machine off and on. A card that then still cannot be opened sits badly, or gets too hot."
	}
	if d.Fresh {
		f.Advice += " The stick still waits for its firmware: loading it did not work, as when it comes back where this machine or container does not see it."
	}
}

// refused is for a runtime or delegate that returned an error instead of an interpreter.
func (e *examiner) refused(f *Finding, t Trial, with string, v verdict) {
	f.ID = DelegateRefused
	f.Advice = "Where other models are taken, compile this one again; where none is, take another build of libedgetpu."
	f.Found = fmt.Sprintf("TensorFlow Lite %s did not take its delegate for %s: %v", e.Runtime, with, t.Err)
	text := t.Err.Error()
	switch {
	// Messages of other versions for it: google-coral/edgetpu issues 44 and 259.
	case strings.Contains(text, "Unsupported data type in custom op handler") || v.fits == no:
		f.ID = RuntimeMismatch
		f.Fix, f.Advice = e.machine.install(e.Runtime)
	case strings.Contains(text, "requires runtime version"):
		f.ID = ModelRuntime
		f.Fix, f.Advice = e.olderModel(with)
	}
}

// compiledModel is a model of the configuration to try the device with; "" if there is none.
func (e *examiner) compiledModel() string {
	for _, m := range e.Models {
		if files := m.compiled(); len(files) > 0 && m.wants() && !m.bad {
			return files[0]
		}
	}
	return ""
}
