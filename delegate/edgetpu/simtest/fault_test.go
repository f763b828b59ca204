package simtest_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/delegate/edgetpu/simtest"
)

// lines says whether each line matches its pattern.
func lines(t *testing.T, got []string, want ...string) {
	t.Helper()
	good := len(got) == len(want)
	for i := 0; good && i < len(got); i++ {
		good = regexp.MustCompile("^" + want[i]).MatchString(got[i])
	}
	if !good {
		t.Errorf("the child wrote\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

const (
	listed = `listed \[usb:/sys/bus/usb/devices/2-1\]`
	opened = `opened usb:`
)

// TestFaultOfChild lets each kind of fault happen once, in a process that mostly dies of it, and shows that the next
// process, which reads the same control, is spared.
func TestFaultOfChild(t *testing.T) {
	for _, c := range []struct {
		name  string
		fault simtest.Fault
		want  []string // what the child writes until it dies or ends
		dies  string   // what stands on its standard error when it dies; "": it lives
	}{
		{"abort", simtest.Fault{Kind: simtest.Abort, AtRun: 2}, []string{listed, opened, "ran 1"},
			`(?s)simulated Edge TPU: F driver/usb/usb_driver.cc:\d+\] transfer on tag 1 failed. Abort.*SIGABRT`},
		{"segv", simtest.Fault{Kind: simtest.Segv, AtRun: 2}, []string{listed, opened, "ran 1"}, "SIGSEGV"},
		{"segv on opening", simtest.Fault{Kind: simtest.Segv, At: simtest.OnOpen}, []string{listed}, "SIGSEGV"},
		{"segv with the interpreter", simtest.Fault{Kind: simtest.Segv, At: simtest.OnInterpreter}, []string{listed, opened}, "SIGSEGV"},
		{"abort on listing", simtest.Fault{Kind: simtest.Abort, At: simtest.OnList}, []string{""}, "SIGABRT"},
		{"error", simtest.Fault{Kind: simtest.Error, AtRun: 2, ID: "mine"},
			[]string{listed, opened, "ran 1", "failed 2 .*simulated Edge TPU: Failed to execute request. mine", "ran 3"}, ""},
		{"error of all", simtest.Fault{Kind: simtest.Error, Times: 2}, []string{listed, opened, "failed 1", "failed 2", "ran 3"}, ""},
		{"error on opening", simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen}, []string{listed, "error: open: edgetpu_create_delegate failed"}, ""},
		{"error with the interpreter", simtest.Fault{Kind: simtest.Error, At: simtest.OnInterpreter},
			[]string{listed, opened, "error: interpreter: .*simulated Edge TPU: the delegate was not prepared"}, ""},
		{"error on listing", simtest.Fault{Kind: simtest.Error, At: simtest.OnList}, []string{`listed \[\]`}, ""},
		{"a short hang", simtest.Fault{Kind: simtest.Hang, For: 10 * time.Millisecond}, []string{listed, opened, "ran 1", "ran 2", "ran 3"}, ""},
		{"gone", simtest.Fault{Kind: simtest.Gone, AtRun: 2, For: time.Millisecond}, []string{listed, opened, "ran 1"},
			`(?s)HandleQueuedBulkIn transfer in failed. Not found: USB transfer error 5.*SIGABRT`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ctl := simtest.NewControl(t)
			config := simtest.Config{Control: ctl, Compute: simtest.Fixed}
			id := ctl.Fault(c.fault)
			out, stderr, good := run(t, config, 3)
			lines(t, out, c.want...)
			ends := c.dies == "" && !strings.HasPrefix(out[len(out)-1], "error")
			if good != ends {
				t.Errorf("the child ended well: %t", good)
			}
			if c.dies != "" && !regexp.MustCompile(c.dies).MatchString(stderr) {
				t.Errorf("standard error does not match %q:\n%s", c.dies, stderr)
			}
			times := max(1, c.fault.Times)
			if s := ctl.State(); s.Fired != times || s.Faults[id] != times {
				t.Errorf("%d faults fired, this one %d times, want %d", s.Fired, s.Faults[id], times)
			}
			out, stderr, good = run(t, config, 1)
			lines(t, out, listed, opened, "ran 1")
			if !good {
				t.Errorf("the second child ended badly:\n%s", stderr)
			}
		})
	}
}

// TestHang shows that a hanging call does not return, and that the next process is not held up by it.
func TestHang(t *testing.T) {
	for at, until := range map[simtest.Point]string{simtest.OnRun: "opened", simtest.OnOpen: "listed"} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			ctl := simtest.NewControl(t)
			config := simtest.Config{Control: ctl, Compute: simtest.Fixed}
			ctl.Fault(simtest.Fault{Kind: simtest.Hang, At: at})
			p := start(t, config, 1)
			if err := ctl.Wait(soon(t), func(s simtest.State) bool { return s.Fired == 1 }); err != nil {
				t.Fatal(err)
			}
			if out, _, good := run(t, config, 1); !good || !strings.HasPrefix(out[len(out)-1], "ran 1") {
				t.Errorf("beside it another process wrote %q", out)
			}
			_ = p.Process.Kill()
			_ = p.Wait()
			out := strings.Fields(p.out.String())
			if !slices.Contains(out, until) || slices.Contains(out, "ran") {
				t.Errorf("the child wrote %q", out)
			}
		})
	}
}

// TestWrong compares the answers of two runs that are wrong with the right ones.
func TestWrong(t *testing.T) {
	ctl := simtest.NewControl(t)
	config := simtest.Config{Control: ctl, Compute: simtest.Fixed}
	right, _, _ := run(t, config, 4)
	ctl.Fault(simtest.Fault{Kind: simtest.Wrong, AtRun: ctl.Runs() + 2, Times: 2})
	wrong, _, _ := run(t, config, 4)
	if len(right) != 6 || len(wrong) != 6 {
		t.Fatalf("the children wrote %q and %q", right, wrong)
	}
	for i := range 4 {
		if differ := right[2+i] != wrong[2+i]; differ != (i == 1 || i == 2) {
			t.Errorf("run %d: %q and %q", i+1, right[2+i], wrong[2+i])
		}
	}
}

// TestSlow measures only that a run takes no less than it should.
func TestSlow(t *testing.T) {
	ctl := simtest.NewControl(t)
	const long = 300 * time.Millisecond
	ctl.Fault(simtest.Fault{Kind: simtest.Slow, For: long})
	start := time.Now()
	if _, stderr, good := run(t, simtest.Config{Control: ctl, Compute: simtest.Fixed}, 2); !good {
		t.Fatal(stderr)
	}
	if d := time.Since(start); d < long {
		t.Errorf("a run of at least %v was over after %v", long, d)
	}
	if n := ctl.Fired(); n != 1 {
		t.Errorf("%d faults fired", n)
	}
}

// TestFaultOfEnvironment needs no control file; each process counts on its own.
func TestFaultOfEnvironment(t *testing.T) {
	config := simtest.Config{Compute: simtest.Fixed, Faults: []simtest.Fault{
		{Kind: simtest.Error, AtRun: 1}, {Kind: simtest.Error, AtRun: 3, Times: simtest.Always}}}
	for range 2 {
		out, _, good := run(t, config, 4)
		lines(t, out, listed, opened, "failed 1", "ran 2", "failed 3", "failed 4")
		if !good {
			t.Error("the child ended badly")
		}
	}
}

// TestFaultOfOneDevice leaves the other one alone.
func TestFaultOfOneDevice(t *testing.T) {
	ctl := simtest.NewControl(t)
	config := simtest.Config{Control: ctl, Compute: simtest.Fixed, Devices: []string{"usb", "pci"}}
	ctl.Fault(simtest.Fault{Kind: simtest.Error, Device: "/dev/apex_0", Times: simtest.Always})
	out, _, _ := run(t, config, 1)
	lines(t, out, `listed \[usb:/sys/bus/usb/devices/2-1 pci:/dev/apex_0\]`, opened, "ran 1")
	config.Devices = []string{"pci", "usb"}
	out, _, _ = run(t, config, 1)
	lines(t, out, `listed \[pci:/dev/apex_0 usb:/sys/bus/usb/devices/2-1\]`, "opened pci", "failed 1")
	s := ctl.State()
	if s.Runs != 2 || s.Devices["/dev/apex_0"].Runs != 1 || s.Devices["/sys/bus/usb/devices/2-1"].Opens != 1 {
		t.Errorf("state %+v", s)
	}
}
