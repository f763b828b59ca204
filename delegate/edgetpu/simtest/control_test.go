package simtest_test

import (
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

// TestControlSays shows that what is not understood is said, and the rest holds.
func TestControlSays(t *testing.T) {
	for _, c := range []struct{ line, says string }{
		{"rum_ms 4", "no setting has that name"},
		{"run_ms soon", "run_ms=soon is no number"},
		{"fault", "no kind"},
		{"fault kind=explode", "kind=explode"},
		{"fault kind=abort at=dawn", "at=dawn"},
		{"fault kind=abort nth=-1", "nth=-1"},
		{"fault kind=abort times=often", "times=often"},
		{"fault kind=gone as=usb", "as=usb"},
		{"fault kind=wrong at=open", "a kind that only a run can have"},
		{"device", "no path"},
		{"device /dev/apex_0 away", "away"},
		{"device /dev/apex_0 temperature=hot", "temperature=hot"},
	} {
		t.Run(c.line, func(t *testing.T) {
			t.Parallel()
			ctl := simtest.NewControl(t)
			text := "# a comment\n\n  " + c.line + " \nfault kind=error id=good\n"
			if err := os.WriteFile(ctl.Path(), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
			out, stderr, _ := run(t, simtest.Config{Control: ctl, Compute: simtest.Fixed}, 2)
			lines(t, out, listed, opened, "failed 1 .*good", "ran 2")
			if !strings.Contains(stderr, "simulated Edge TPU: ") || !strings.Contains(stderr, c.says) {
				t.Errorf("standard error does not say %q:\n%s", c.says, stderr)
			}
		})
	}
}

// TestSettingOfControl overrides the environment, and gives way to it again.
func TestSettingOfControl(t *testing.T) {
	m := newMachine(t, simtest.Config{RuntimeVersion: 13})
	runtimeIs := func(want int) {
		t.Helper()
		if v, err := m.Version(); err != nil || v.RuntimeVersion != want || !strings.Contains(v.BuildLabel, "simulator") {
			t.Errorf("version %+v, %v, want runtime %d", v, err, want)
		}
	}
	runtimeIs(13)
	m.Set("runtime_version", "10")
	runtimeIs(10)
	m.Set("runtime_version", "")
	runtimeIs(13)
	m.Set("devices", "pci=/dev/apex_2")
	m.shows(edgetpu.Device{Bus: edgetpu.PCI, Path: "/dev/apex_2"})
}

// TestClear takes back faults and what they did.
func TestClear(t *testing.T) {
	m := newMachine(t, simtest.Config{Compute: simtest.Fixed, GoneRun: simtest.Error})
	n := m.open(edgetpu.Device{Bus: edgetpu.USB, Path: stick})
	m.Fault(simtest.Fault{Kind: simtest.Gone})
	m.Fault(simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen, Times: simtest.Always})
	if err := n.Invoke(t.Context()); err == nil {
		t.Error("no fault")
	}
	m.shows()
	m.Clear()
	m.shows(edgetpu.Device{Bus: edgetpu.USB, Path: stick})
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = m.open(edgetpu.Device{Bus: edgetpu.USB, Path: stick})
	if err := n.Invoke(t.Context()); err != nil {
		t.Error(err)
	}
	if n := m.Fired(); n != 1 {
		t.Errorf("%d faults fired", n)
	}
}

// TestUsedUp keeps the control file short, and the counts of what was dropped from it.
func TestUsedUp(t *testing.T) {
	m := newMachine(t, simtest.Config{Compute: simtest.Fixed})
	n := m.open(edgetpu.Device{Bus: edgetpu.USB, Path: stick})
	var ids []string
	for range 5 {
		ids = append(ids, m.Fault(simtest.Fault{Kind: simtest.Error}))
		if err := n.Invoke(t.Context()); err == nil {
			t.Error("no fault")
		}
		if err := n.Invoke(t.Context()); err != nil {
			t.Error(err)
		}
	}
	s := m.State()
	for _, id := range ids {
		if s.Faults[id] != 1 {
			t.Errorf("fault %s fired %d times", id, s.Faults[id])
		}
	}
	text, err := os.ReadFile(m.Control.Path())
	if err != nil || strings.Count(string(text), "\nfault ") != 1 {
		t.Errorf("the control file, %v:\n%s", err, text)
	}
}

// TestFaultRefuses what its file could not hold.
func TestFaultRefuses(t *testing.T) {
	var failed []error
	ctl, err := simtest.OpenControl(t.TempDir(), func(err error) { failed = append(failed, err) })
	if err != nil {
		t.Fatal(err)
	}
	defer ctl.Close()
	ctl.Fault(simtest.Fault{Kind: simtest.Error, ID: "two words"})
	if len(failed) != 1 || !strings.Contains(failed[0].Error(), "two words") {
		t.Errorf("it failed with %v", failed)
	}
	ctl.Close() // twice is safe
}

// TestProcessesTogether counts runs of processes that run at the same time, and lets one fault happen in one of them.
func TestProcessesTogether(t *testing.T) {
	ctl := simtest.NewControl(t)
	const processes, runs = 3, 40
	id := ctl.Fault(simtest.Fault{Kind: simtest.Error, AtRun: runs})
	var all []*process
	for range processes {
		all = append(all, start(t, simtest.Config{Control: ctl, Compute: simtest.Fixed}, runs))
	}
	failed := 0
	for _, p := range all {
		if err := p.Wait(); err != nil {
			t.Errorf("%v\n%s", err, &p.err)
		}
		failed += strings.Count(p.out.String(), "\nfailed ")
	}
	if s := ctl.State(); s.Runs != processes*runs || s.Faults[id] != 1 || failed != 1 || s.Opens != processes {
		t.Errorf("%d runs failed; state %+v", failed, s)
	}
}

// TestStreams runs 16 engines on two devices at once.
func TestStreams(t *testing.T) {
	m := newMachine(t, simtest.Config{Devices: []string{"usb", "pci"}, Compute: simtest.Fixed,
		Heat: simtest.Heat{Run: 1}})
	devices, err := m.List()
	if err != nil {
		t.Fatal(err)
	}
	const streams, runs = 16, 10
	var group sync.WaitGroup
	for i := range streams {
		n := m.open(devices[i%2])
		group.Add(1)
		go func() {
			defer group.Done()
			for range runs {
				if err := n.Invoke(t.Context()); err != nil {
					t.Error(err)
				}
			}
		}()
	}
	group.Wait()
	s := m.State()
	if s.Runs != streams*runs || s.Devices[stick].Runs != s.Runs/2 || s.Devices[card].Runs != s.Runs/2 {
		t.Errorf("state %+v", s)
	}
}

// TestLockCannotBeHad runs on: with counts of its own where there can be no state file, and without counting where a
// process holds the lock and does not go on.
func TestLockCannotBeHad(t *testing.T) {
	t.Run("no state file", func(t *testing.T) {
		t.Parallel()
		ctl := simtest.NewControl(t)
		environ := simtest.Config{Control: ctl, Compute: simtest.Fixed}.Environ()
		ctl.Fault(simtest.Fault{Kind: simtest.Error, AtRun: 2})
		ctl.Close()
		state := ctl.Path() + ".state"
		if err := errors.Join(os.Remove(state), os.Mkdir(state, 0o755)); err != nil {
			t.Fatal(err)
		}
		p := startWith(t, environ, 3)
		_ = p.Wait()
		lines(t, strings.Split(strings.TrimSpace(p.out.String()), "\n"), listed, opened, "ran 1", "failed 2", "ran 3")
		if strings.Count(p.err.String(), "cannot be locked") != 1 {
			t.Errorf("standard error:\n%s", &p.err)
		}
	})
	t.Run("held", func(t *testing.T) {
		t.Parallel()
		ctl := simtest.NewControl(t)
		environ := simtest.Config{Control: ctl, Compute: simtest.Fixed}.Environ()
		ctl.Close() // it would be held up, too
		held, err := os.OpenFile(ctl.Path()+".state", os.O_RDWR|os.O_CREATE, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		p := startWith(t, environ, 2)
		if err := p.Wait(); err != nil || !strings.Contains(p.err.String(), "does not go on") {
			t.Errorf("%v, standard error:\n%s", err, &p.err)
		}
		if err := held.Close(); err != nil {
			t.Fatal(err)
		}
		if s := ctl.State(); s.Runs != 0 {
			t.Errorf("%d runs were counted without the lock", s.Runs)
		}
	})
}

// TestUnloaded ends the thread that keeps the machine's files up to date, and writes nothing afterwards.
func TestUnloaded(t *testing.T) {
	m := newMachine(t, simtest.Config{Devices: []string{"pci"}, Compute: simtest.Fixed, Heat: simtest.Heat{Run: 1}})
	compiled := testdata.Path(t, "models/"+classifier+"_edgetpu.tflite")
	d, err := m.Open(edgetpu.Device{Bus: edgetpu.PCI, Path: card}, edgetpu.Options{})
	if err != nil {
		t.Fatal(err)
	}
	n, err := tflite.Open(compiled, tflite.Options{Delegates: []tflite.Delegate{d}})
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	m.Control.Close()
	if err := os.RemoveAll(m.Folder()); err != nil {
		t.Error(err)
	}
	time.Sleep(50 * time.Millisecond) // more than two periods: what still wrote would write now
	if _, err := os.Stat(m.Folder()); err == nil {
		t.Errorf("%s was made again", m.Folder())
	}
}
