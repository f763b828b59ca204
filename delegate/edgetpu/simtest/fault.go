package simtest

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Kind is what a fault is.
type Kind string

const (
	Error Kind = "error" // the call fails: a run with a status, an opening with NULL
	Hang  Kind = "hang"  // the call does not return, or after Fault.For goes on as if nothing had been
	Abort Kind = "abort" // the process ends as by libedgetpu's LOG(FATAL): a message on standard error, SIGABRT
	Segv  Kind = "segv"  // the process ends by SIGSEGV
	Wrong Kind = "wrong" // the run answers, and every byte of its answer differs from the right one; OnRun only
	Slow  Kind = "slow"  // the run takes at least Fault.For; OnRun only
	Gone  Kind = "gone"  // the device is unplugged; OnRun only
)

// Point is where a fault happens.
type Point string

const (
	OnRun         Point = "run"
	OnOpen        Point = "open"        // edgetpu_create_delegate
	OnInterpreter Point = "interpreter" // TfLiteInterpreterCreate, with the delegate
	OnList        Point = "list"        // edgetpu_list_devices; of no device
	OnVersion     Point = "version"     // edgetpu_version; of no device
)

// Always is for Fault.Times.
const Always = -1

// Fault is something that goes wrong. Of several faults that fit a call, the first one that is not used up happens.
type Fault struct {
	Kind Kind
	At   Point // "": OnRun
	// AtRun is the run from which on the fault happens, counted from 1 over all processes: those of Device, or all
	// where Device is "". 0: the next one. Where At says so, openings or interpreters are counted instead.
	AtRun  int
	Times  int           // how often in all, over all processes; 0: once; Always
	Device string        // its path, as configured or as shown; "": any
	For    time.Duration // Hang: how long (0: for ever). Slow: the run's time. Gone: back after it (0: when Control.Plug says)
	As     string        // Gone: the path under which the device comes back; "": its own
	ID     string        // its name in the state, without spaces; "": Control.Fault makes one
}

// line is the fault for the control file.
func (f Fault) line() string {
	words := []string{"fault kind=" + string(f.Kind)}
	add := func(key, value string) {
		if value != "" {
			words = append(words, key+"="+value)
		}
	}
	add("at", string(f.At))
	if f.AtRun != 0 {
		add("nth", strconv.Itoa(f.AtRun))
	}
	switch {
	case f.Times == Always:
		add("times", "always")
	case f.Times != 0:
		add("times", strconv.Itoa(f.Times))
	}
	add("device", f.Device)
	if f.For != 0 {
		add("ms", milliseconds(f.For))
	}
	add("as", f.As)
	add("id", f.ID)
	return strings.Join(words, " ")
}

// usedUp says whether a fault that has fired that often can be forgotten. One that keeps a device away is still at
// work.
func (f Fault) usedUp(fired int) bool {
	return f.Times != Always && fired >= max(1, f.Times) && (f.Kind != Gone || f.For != 0)
}

func (f Fault) check() error {
	for _, word := range []string{f.Device, f.As, f.ID} {
		if strings.ContainsAny(word, " \t\n") {
			return fmt.Errorf("fault %+v: %q has a space, which the simulator's files cannot have", f, word)
		}
	}
	return nil
}

func milliseconds(d time.Duration) string { return strconv.FormatFloat(d.Seconds()*1e3, 'f', -1, 64) }
