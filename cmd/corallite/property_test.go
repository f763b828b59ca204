package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/internal/testdata"
	"corallite/tflite"
)

// faultRunsEnv is how many random sequences TestRandomFaults runs, with a first one after a colon: "300" runs the seeds
// 0 to 299, "1:217" seed 217.
const faultRunsEnv = "CORALLITE_FAULT_RUNS"

// trial is one random sequence of faults, and what runs while they happen.
type trial struct {
	config     simtest.Config
	faults     []simtest.Fault
	pipelines  int
	engines    int // 0: chosen
	isolated   bool
	pace       time.Duration // least time between two lines of a pipeline
	priorities [2]int
	waits      bool // a pipeline's lines are read on when its devices are back
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// newTrial makes what a seed stands for.
func newTrial(seed uint64) trial {
	r := rand.New(rand.NewPCG(seed, 4))
	c := trial{
		config: simtest.Config{
			Devices: pick(r, []string{"usb"}, []string{"pci"}, []string{"usb", "usb"}, []string{"pci", "usb"}, []string{"usb", "pci", "usb"}),
			Compute: simtest.CPUModel, DFU: r.IntN(4) == 0, RunTime: pick(r, 0, 0, 2*time.Millisecond), LoadTime: pick(r, 0, 5*time.Millisecond),
		},
		pipelines: 1 + r.IntN(2), engines: r.IntN(4), isolated: r.IntN(8) > 0, pace: pick[time.Duration](r, 1, 4, 8) * time.Millisecond,
		priorities: [2]int{r.IntN(3), r.IntN(3)},
	}
	if !c.isolated {
		c.config.GoneRun = simtest.Error
	} else {
		c.config.GoneRun = pick(r, "", simtest.Error, simtest.Hang, simtest.Abort)
	}
	for range 1 + r.IntN(8) {
		c.faults = append(c.faults, randomFault(r, c.isolated))
	}
	c.waits = r.IntN(2) == 0 && c.heals()
	return c
}

// heals says whether every device comes back soon, whatever happens to it.
func (c trial) heals() bool {
	return !slices.ContainsFunc(c.faults, func(f simtest.Fault) bool {
		return f.For == 0 && (f.Kind == simtest.Gone || f.Kind == simtest.Hang)
	})
}

// randomFault is something that may happen to a device: in a child anything, in this process what ends only the run.
// A wrong answer is not among them: on a device that has passed its trial nobody would know.
func randomFault(r *rand.Rand, isolated bool) simtest.Fault {
	kinds := []simtest.Kind{simtest.Error, simtest.Slow, simtest.Gone}
	if isolated {
		kinds = append(kinds, simtest.Abort, simtest.Segv, simtest.Hang, simtest.Abort, simtest.Segv)
	}
	f := simtest.Fault{Kind: pick(r, kinds...), Times: pick(r, 1, 1, 1, 2, 3)}
	switch f.Kind {
	case simtest.Slow:
		f.AtRun, f.For = 1+r.IntN(80), time.Duration(r.IntN(100))*time.Millisecond
	case simtest.Gone:
		f.AtRun, f.For, f.Times = 1+r.IntN(80), time.Duration(1+r.IntN(300))*time.Millisecond, 1
		if r.IntN(5) == 0 {
			f.For = 0 // for good
		}
	default:
		if f.At = pick(r, simtest.OnRun, simtest.OnRun, simtest.OnRun, simtest.OnOpen, simtest.OnInterpreter); f.At == simtest.OnRun {
			f.AtRun = 1 + r.IntN(80)
		} else {
			f.AtRun = 1 + r.IntN(4)
		}
		if f.Kind == simtest.Hang && (f.At == simtest.OnRun && f.AtRun < 10 || r.IntN(2) == 0) { // a first run has 10 s
			f.For = time.Duration(r.IntN(600)) * time.Millisecond
		}
	}
	return f
}

// text is the configuration. Its pipes are in dir.
func (c trial) text(clip, dir string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "models:\n  net: {path: MODELS/%s.tflite, task: classify, deadline: 0.4, engines: %d, isolate: %v}\npipelines:\n",
		classifier, c.engines, c.isolated)
	for i := range c.pipelines {
		fmt.Fprintf(&b, "  p%d:\n    priority: %d\n    source: {video: %s}\n    models: [net]\n    sinks: [jsonl: {path: %s, queue: 1}]\n",
			i, c.priorities[i], clip, filepath.Join(dir, fmt.Sprintf("p%d", i)))
	}
	return b.String()
}

// awaitsBack waits until all devices that failed are back, or the run has ended: its last lines fit into the pipe.
func awaitsBack(log *journal, ended <-chan struct{}) error {
	for begin := time.Now(); log.said(saidBack) < log.said(saidFailed); time.Sleep(time.Millisecond) {
		select {
		case <-ended:
			return nil
		default:
		}
		if time.Since(begin) > patience {
			return errors.New("a device does not come back")
		}
	}
	return nil
}

// TestRandomFaults runs a clip through one or two pipelines while random faults happen to one to three devices. Whatever
// it is, the run succeeds, no line is missing or out of order, and every answer is the CPU's.
func TestRandomFaults(t *testing.T) {
	first, runs := uint64(0), 10
	if text := os.Getenv(faultRunsEnv); text != "" {
		count, from, _ := strings.Cut(text, ":")
		var err error
		if runs, err = strconv.Atoi(count); err != nil {
			t.Fatalf("%s=%q: want a number of runs, or runs:first", faultRunsEnv, text)
		}
		if first, err = strconv.ParseUint(from, 10, 64); from != "" && err != nil {
			t.Fatalf("%s=%q: want a number of runs, or runs:first", faultRunsEnv, text)
		}
	}
	const frames = 80
	clip := filepath.Join(t.TempDir(), "clip.avi")
	clipOf(t, testdata.Path(t, "video/vtest.avi"), clip, frames)
	want := cpuClasses(t, clip)
	before := goleak.IgnoreCurrent()
	var all struct{ fired, failovers, restores, restarts, errors, degraded, lines, waited int }
	for seed := first; seed < first+uint64(runs); seed++ {
		ok := t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
			c := newTrial(seed)
			m := newMachine(t, c.config)
			if !c.waits {
				m.change = func(o *devicepool.Options) { o.OpenLimit = time.Second } // openings hang, too
			}
			log := &journal{}
			for _, f := range c.faults {
				m.control.Fault(f)
			}
			ended := make(chan struct{})
			var pipes []*reader
			for i := range c.pipelines {
				pipes = append(pipes, read(t, filepath.Join(m.dir, fmt.Sprintf("p%d", i)), want, func(l line) error {
					time.Sleep(c.pace)
					if c.waits && l.Degraded {
						return awaitsBack(log, ended)
					}
					return nil
				}))
			}
			r := m.run(t.Context(), c.text(clip, m.dir), log)
			close(ended)
			for _, p := range pipes {
				p.check(t, frames)
				all.lines += p.lines
				all.degraded += p.degraded
			}
			if r.code != exitDone {
				t.Errorf("exit code %d", r.code)
			}
			if left := children(t); len(left) > 0 {
				t.Errorf("processes %v are left", left)
			}
			if n := tflite.Live(); n != 0 {
				t.Errorf("%d interpreters are open", n)
			}
			all.fired += m.control.Fired()
			if c.waits {
				all.waited++
			}
			for _, s := range r.summary.Accelerators {
				all.failovers += int(s.Failovers)
				all.restores += int(s.Restores)
				all.restarts += int(s.Restarts)
				all.errors += int(s.Errors)
			}
			if t.Failed() {
				t.Logf("%+v\n%s", c, log)
			}
		})
		if !ok {
			t.Fatalf("seed %d failed; again: %s=1:%d go test -run TestRandomFaults ./cmd/corallite", seed, faultRunsEnv, seed)
		}
	}
	t.Logf("%d runs: %+v", runs, all)
	// Where nobody waits, a device that is slow to come back comes too late, and what was to happen to it then does not.
	if runs >= 10 && (all.waited == 0 || all.restores == 0 || all.failovers == 0) {
		t.Errorf("too little happened: %+v", all)
	}
	goleak.VerifyNone(t, before)
}
