package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

// soakEnv is how long TestSoak runs, as a Go duration: "10m".
const soakEnv = "CORALLITE_SOAK"

// By how many KiB the process's own memory may grow after the first quarter of the time. In seconds it does not settle.
const (
	growthLong  = 10 << 10
	growthShort = 32 << 10
)

// leastSamples is how many samples a soak takes at least; of the first quarter nothing is held against the rest.
const leastSamples = 8

var soakDevices = []string{usbStick, "/sys/bus/usb/devices/2-2"}

// sample is what a run takes at one moment.
type sample struct {
	at                                  time.Duration
	kib, heap                           int // KiB of RssAnon, and of it what Go's heap has in use
	goroutines, files, processes, parts int
}

func (s sample) String() string {
	return fmt.Sprintf("%4.0f s: %d KiB, %d of them Go's, %d goroutines, %d files, %d processes, %d mappings",
		s.at.Seconds(), s.kib, s.heap, s.goroutines, s.files, s.processes, s.parts)
}

// takeSample takes the least of what there is within some moments, because a video that is opened or a thread that ends
// adds to it for a moment.
func takeSample(t *testing.T, since time.Time) sample {
	t.Helper()
	debug.FreeOSMemory() // what is free anyway says nothing
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	var all []sample
	for range 20 {
		all = append(all, sample{time.Since(since), resident(t), int(memory.HeapInuse >> 10), runtime.NumGoroutine(), descriptors(t), len(children(t)), mappings(t)})
		time.Sleep(10 * time.Millisecond)
	}
	s := all[0]
	for _, o := range all[1:] {
		s.kib, s.parts = min(s.kib, o.kib), min(s.parts, o.parts)
		s.goroutines, s.files, s.processes = min(s.goroutines, o.goroutines), min(s.files, o.files), min(s.processes, o.processes)
	}
	return s
}

// soakText runs two pipelines over the same video again and again; each has an engine on each of two devices.
func soakText(dir string) string {
	videos := strings.TrimSuffix(strings.Repeat("VTEST, ", 500), ", ")
	text := "models:\n  net: {path: MODELS/" + classifier + ".tflite, task: classify, deadline: 1, engines: 2, max_results: 5}\npipelines:\n"
	for _, name := range []string{"p0", "p1"} {
		text += fmt.Sprintf("  %s:\n    source: {video: [%s]}\n    models: [net]\n    sinks: [jsonl: {path: %s, queue: 1}]\n",
			name, videos, filepath.Join(dir, name))
	}
	return text
}

// TestSoak runs two pipelines on two devices, of which one fails every few seconds, for a long time: nothing is lost,
// and what the run takes does not grow. A sample is taken in a moment without a fault, when all that was lost is back.
func TestSoak(t *testing.T) {
	long, every, faults, growth := 10*time.Second, 600*time.Millisecond, 200*time.Millisecond, growthShort
	if text := os.Getenv(soakEnv); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", soakEnv, err)
		}
		every, faults, growth = long/20, 2*time.Second, growthLong
	} else if testing.Short() {
		t.Skipf("it takes %v; %s=10m makes it longer", long, soakEnv)
	}
	want := cpuClasses(t, testdata.Path(t, "video/vtest.avi"))
	before := goleak.IgnoreCurrent()
	m := newMachine(t, simtest.Config{Devices: []string{"usb", "usb"}, Compute: simtest.CPUModel, RunTime: 2 * time.Millisecond})
	pace := func(line) error { time.Sleep(6 * time.Millisecond); return nil }
	readers := []*reader{read(t, filepath.Join(m.dir, "p0"), want, pace), read(t, filepath.Join(m.dir, "p1"), want, pace)}
	log := &journal{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	done := make(chan ran, 1)
	start := time.Now()
	go func() { done <- m.run(ctx, soakText(m.dir), log) }()

	s := soak{t: t, m: m, log: log, random: rand.New(rand.NewPCG(1, 2))}
	// On a busy machine the devices take longer to come back, and it takes as long as the samples need.
	for n := 1; time.Since(start) < long || len(s.samples) < leastSamples; n++ {
		for more := true; more; more = time.Since(start) < time.Duration(n)*every {
			s.fault()
			time.Sleep(time.Duration((0.5 + s.random.Float64()) * float64(faults)))
		}
		if !s.quiet() {
			break
		}
		s.samples = append(s.samples, takeSample(t, start))
		t.Log(s.samples[len(s.samples)-1])
	}
	stop()
	r := <-done
	frames := 0
	for i, p := range readers {
		n := int(r.summary.Pipelines[fmt.Sprintf("p%d", i)].Frames)
		p.check(t, n)
		frames += n
	}
	if r.code != exitDone || frames == 0 {
		t.Errorf("exit code %d after %d frames", r.code, frames)
	}
	s.check(growth)
	for _, d := range r.summary.Accelerators {
		t.Logf("%+v", d)
		if d.Failovers == 0 || d.Restores != d.Failovers {
			t.Errorf("%s was lost %d times and taken back %d times", d.Name, d.Failovers, d.Restores)
		}
	}
	t.Logf("%v, %d frames, %d degraded, %d faults asked for, %d happened", time.Since(start).Round(time.Second), frames,
		readers[0].degraded+readers[1].degraded, s.faults, m.control.Fired())
	if left := children(t); len(left) > 0 || tflite.Live() != 0 {
		t.Errorf("processes %v and %d interpreters are left", left, tflite.Live())
	}
	log.showEnd(t)
	goleak.VerifyNone(t, before)
}

// soak is what goes wrong during a soak, and what is measured of it.
type soak struct {
	t       *testing.T
	m       *machine
	log     *journal
	random  *rand.Rand
	faults  int
	samples []sample
}

// fault lets something happen to one of the devices.
func (s *soak) fault() {
	f := simtest.Fault{Kind: pick(s.random, simtest.Error, simtest.Abort, simtest.Segv, simtest.Hang, simtest.Gone, simtest.Slow),
		Device: pick(s.random, soakDevices...)}
	switch f.Kind {
	case simtest.Gone:
		f.For = time.Duration(50+s.random.IntN(500)) * time.Millisecond
	case simtest.Slow:
		f.For = 50 * time.Millisecond
	case simtest.Error:
		if s.random.IntN(2) == 0 { // and it does not open at once
			s.m.control.Fault(simtest.Fault{Kind: simtest.Error, At: simtest.OnOpen, Times: 1 + s.random.IntN(3), Device: f.Device})
			f.Kind = simtest.Abort
			s.faults++
		}
	}
	s.m.control.Fault(f)
	s.faults++
}

// quiet takes all faults back and waits until every engine is back on its device, and no run hangs any more.
func (s *soak) quiet() bool {
	s.t.Helper()
	s.m.control.Clear()
	runs := func() (first, second int) {
		all := s.m.control.State().Devices
		return all[soakDevices[0]].Runs, all[soakDevices[1]].Runs
	}
	failed := -1 // failures after which all are back
	var first, second int
	for begin := time.Now(); time.Since(begin) < patience; time.Sleep(5 * time.Millisecond) {
		switch now := s.log.said(saidFailed); {
		case s.log.said(saidBack) != now:
			failed = -1
		case now != failed:
			failed = now
			first, second = runs()
		default:
			// Both devices go on: some runs of each of their two engines are over.
			if f, g := runs(); f > first+6 && g > second+6 {
				return true
			}
		}
	}
	s.t.Error("the devices do not come back")
	return false
}

// check holds the samples after the first quarter against the first of them.
func (s *soak) check(growth int) {
	s.t.Helper()
	warm := s.samples[len(s.samples)/4:]
	if len(warm) < 4 {
		s.t.Fatalf("%d samples are too few", len(s.samples))
	}
	for _, g := range growths(warm, growth) {
		s.t.Log(g)
		if g.tooMuch() {
			s.t.Errorf("%s grow from %d to %d", g.what, g.first, g.last)
		}
	}
}
