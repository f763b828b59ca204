package devicepool_test

import (
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/tflite/tensor"
)

func names(engines []tensor.Engine) []string {
	var all []string
	for _, e := range engines {
		all = append(all, e.Device().Name)
	}
	return all
}

// TestTakesAll spreads a model over all devices that nobody else has asked for.
func TestTakesAll(t *testing.T) {
	f := bothFiles(t, classifier)
	three := simtest.Config{Devices: []string{"usb", "usb", "pci"}, CPUModels: []string{f.CPU}, Compute: simtest.CPUModel}
	for _, c := range []struct {
		name    string
		named   []string
		request devicepool.Request
		want    []string
	}{
		{"all", nil, devicepool.Request{Spread: true}, []string{"edgetpu:usb:2-1", "edgetpu:usb:2-2", "edgetpu:pci:0000:01:00.0"}},
		{"one", nil, devicepool.Request{}, []string{"edgetpu:usb:2-1"}},
		{"as many as asked for", nil, devicepool.Request{Engines: 4}, []string{
			"edgetpu:usb:2-1", "edgetpu:usb:2-2", "edgetpu:pci:0000:01:00.0", "edgetpu:usb:2-1"}},
		{"not what others named", []string{"usb:2-1", "", "pci"}, devicepool.Request{Spread: true}, []string{"edgetpu:usb:2-2", "edgetpu:pci:0000:01:00.0"}},
		{"a bus", nil, devicepool.Request{Spread: true, Device: "usb"}, []string{"edgetpu:usb:2-1", "edgetpu:usb:2-2"}},
		{"by name", []string{"usb:2-2"}, devicepool.Request{Spread: true, Device: "usb:2-2"}, []string{"edgetpu:usb:2-2"}},
		{"by PCI address", nil, devicepool.Request{Spread: true, Device: "pci:0000:01:00.0"}, []string{"edgetpu:pci:0000:01:00.0"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, three, func(o *devicepool.Options) { o.Named = c.named })
			all := b.open(f, c.request)
			got := names(all)
			for i := range got {
				if strings.HasPrefix(got[i], "edgetpu:apex:") { // the simulated card has a number of its own
					got[i] = "edgetpu:pci:0000:01:00.0"
				}
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("devices %q, want %q", got, c.want)
			}
			want := reference(t, f)
			for i, e := range all {
				if run(t, e, uint64(i)) != want(uint64(i)) {
					t.Errorf("engine %d answers wrongly", i)
				}
			}
		})
	}
}

// TestOneOfSeveralFails goes on on the others, without a pause.
func TestOneOfSeveralFails(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{Devices: []string{"usb", "usb"}, CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	all := b.open(f, devicepool.Request{Spread: true})
	b.control.Unplug("/sys/bus/usb/devices/2-1")
	until(t, all[0], want, "degraded", degraded)
	for seed := range uint64(5) {
		if run(t, all[1], seed) != want(seed) || all[1].Device().Degraded {
			t.Fatalf("the other device does not go on: %+v", all[1].Device())
		}
	}
	b.control.Plug("/sys/bus/usb/devices/2-1")
	until(t, all[0], want, "restored", restored)
}

// TestFirmware opens a stick that has no firmware yet, which changes its number while it is opened.
func TestFirmware(t *testing.T) {
	f := bothFiles(t, classifier)
	want := reference(t, f)
	b := newBench(t, simtest.Config{Devices: []string{"usb", "usb"}, CPUModels: []string{f.CPU}, Compute: simtest.CPUModel, DFU: true})
	for i, e := range b.open(f, devicepool.Request{Spread: true, Choice: delegate.EdgeTPU}) {
		if run(t, e, uint64(i)) != want(uint64(i)) {
			t.Errorf("engine %d answers wrongly", i)
		}
	}
}

// cocompiled are two models that share the device's memory for parameters.
func cocompiled(tb testing.TB) [2]delegate.Files {
	tb.Helper()
	const a, b = "mobilenet_v1_0.25_128_quant", "mobilenet_v1_0.5_160_quant"
	return [2]delegate.Files{
		{EdgeTPU: path(tb, "cocompiled/"+a+"_cocompiled_with_"+b+"_edgetpu")},
		{EdgeTPU: path(tb, "cocompiled/"+b+"_cocompiled_with_"+a+"_edgetpu")},
	}
}

// TestSwaps alternates two models on a device. Those that were compiled together load their parameters once, others
// with every change; what that costs is measured.
func TestSwaps(t *testing.T) {
	const load = 5 * time.Millisecond
	apart := [2]delegate.Files{{EdgeTPU: path(t, classifier+"_edgetpu")}, {EdgeTPU: path(t, "mobilenet_v1_0.5_160_quant_edgetpu")}}
	for _, c := range []struct {
		name  string
		files [2]delegate.Files
		loads int
	}{
		{"compiled together", cocompiled(t), 2},
		{"compiled apart", apart, 20},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, simtest.Config{Compute: simtest.Fixed, LoadTime: load})
			var engines []tensor.Engine
			for _, f := range c.files {
				engines = append(engines, b.open(f, devicepool.Request{})...)
			}
			for seed := range uint64(10) {
				for _, e := range engines { // twice, so that it is known what a run takes that loads nothing
					run(t, e, seed)
					run(t, e, seed)
				}
			}
			s := b.Summaries()[0]
			if got := b.control.State().Loads; got != c.loads {
				t.Errorf("parameters were loaded %d times, want %d", got, c.loads)
			}
			if c.loads > 2 && (s.Swaps < 15 || s.SwapMS < 3 || s.SwapMS > 500) {
				t.Errorf("summary %+v", s)
			}
			if c.loads == 2 && s.Swaps > 2 {
				t.Errorf("summary %+v", s)
			}
		})
	}
}

// busy runs engines as fast as they go, each in a goroutine, until stop says so after a run; it is told how many runs
// each has done. wait waits for them.
func busy(t *testing.T, engines []tensor.Engine, stop func(counts []int) bool) (total func() int, wait func()) {
	counts := make([]int, len(engines))
	var mu sync.Mutex
	var all sync.WaitGroup
	for i, e := range engines {
		all.Add(1)
		go func() {
			defer all.Done()
			for end := false; !end; {
				if err := e.Invoke(t.Context()); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				counts[i]++
				end = stop(counts)
				mu.Unlock()
			}
		}()
	}
	return func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, c := range counts {
			n += c
		}
		return n
	}, all.Wait
}

// TestSixteenStreams has sixteen engines on one device: each gets its share.
func TestSixteenStreams(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Compute: simtest.Fixed, RunTime: time.Millisecond})
	const each = 25
	var last []int
	_, wait := busy(t, b.open(f, devicepool.Request{Engines: 16}), func(counts []int) bool {
		last = counts
		// On a machine with much else to do a stream may be slow to come back for its turn; it is a starving one that
		// never gets there.
		return slices.Min(counts) >= each || slices.Max(counts) >= 20*each
	})
	wait()
	if slices.Min(last) < each {
		t.Errorf("runs of each stream: %v", last)
	}
}

// TestPriority lets a command not wait behind video, though eight streams of it keep the device busy.
func TestPriority(t *testing.T) {
	f := bothFiles(t, classifier)
	b := newBench(t, simtest.Config{Compute: simtest.Fixed, RunTime: 2 * time.Millisecond})
	video := b.open(f, devicepool.Request{Engines: 8})
	voice := b.open(f, devicepool.Request{Priority: 10})[0]
	var end atomic.Bool
	runs, wait := busy(t, video, func([]int) bool { return end.Load() })
	for runs() < 16 {
		time.Sleep(time.Millisecond)
	}
	var waits []int // runs of video that ended while the command was waited for
	for range 40 {
		before := runs()
		if err := voice.Invoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		waits = append(waits, runs()-before)
		time.Sleep(3 * time.Millisecond)
	}
	end.Store(true)
	wait()
	slices.Sort(waits)
	if waits[len(waits)/2] > 5 { // one or two; more where waking up takes long. Behind all of them it would be 8
		t.Errorf("runs of video before each command: %v", waits)
	}
}
