package devicepool_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/devicepool"
	"corallite/tflite/tensor"
)

// segments are a detector that was split for two Edge TPUs, and the whole one for the CPU.
func segments(tb testing.TB) (whole delegate.Files, parts []string) {
	tb.Helper()
	for k := range 2 {
		parts = append(parts, path(tb, fmt.Sprintf("segments/ssd_mobilenet_v1_coco_quant_postprocess_segment_%d_of_2_edgetpu", k)))
	}
	return delegate.Files{CPU: path(tb, "ssd_mobilenet_v1_coco_quant")}, parts
}

func readAll(tb testing.TB, paths []string) []*delegate.Model {
	tb.Helper()
	var all []*delegate.Model
	for _, p := range paths {
		m, err := delegate.Read(delegate.Files{EdgeTPU: p})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { m.Close() })
		all = append(all, m)
	}
	return all
}

// TestSegments runs a model in two segments on two devices. No CPU model of a segment is there: the simulator gives a fixed
// function of the inputs, which shows their order and what they are wired to.
func TestSegments(t *testing.T) {
	whole, paths := segments(t)
	for _, c := range []struct {
		name    string
		devices []string
		request devicepool.Request
		want    []string
	}{
		{"two devices", []string{"usb", "usb"}, devicepool.Request{Spread: true}, []string{"edgetpu:usb:2-1+usb:2-2", "edgetpu:usb:2-1+usb:2-2"}},
		{"one device", []string{"usb"}, devicepool.Request{Spread: true}, []string{"edgetpu:usb:2-1"}},
		{"no CPU", []string{"usb", "usb"}, devicepool.Request{Choice: delegate.EdgeTPU}, []string{"edgetpu:usb:2-1+usb:2-2"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := newBench(t, simtest.Config{Devices: c.devices, Compute: simtest.Fixed})
			c.request.Segments = readAll(t, paths)
			all := b.open(whole, c.request)
			if got := names(all); fmt.Sprint(got) != fmt.Sprint(c.want) {
				t.Errorf("devices %q, want %q", got, c.want)
			}
			want := byHand(t, b, c.request.Segments)
			for seed := range uint64(6) {
				e := all[int(seed)%len(all)]
				if run(t, e, seed) != want(seed) {
					t.Errorf("run %d answers otherwise than its segments one by one", seed)
				}
			}
		})
	}
}

// byHand runs the segments in this process, one after the other, on another device.
func byHand(tb testing.TB, b *bench, parts []*delegate.Model) func(seed uint64) string {
	tb.Helper()
	var all []tensor.Engine
	for _, p := range parts {
		e, err := delegate.Open(tb.Context(), p.Files(), delegate.Options{Choice: delegate.EdgeTPU, EdgeTPULibrary: b.library,
			EdgeTPU: edgetpu.Options{System: edgetpu.System{Root: b.control.Root()}}})
		if err != nil {
			tb.Fatal(err)
		}
		tb.Cleanup(func() { _ = e.Close() })
		all = append(all, e)
	}
	return func(seed uint64) string {
		run(tb, all[0], seed)
		for i, in := range all[1].Inputs() {
			from := -1
			for k, out := range all[0].Outputs() {
				if out.Name == in.Name {
					from = k
				}
			}
			if from < 0 {
				tb.Fatalf("nobody gives %s", in.Name)
			}
			copy(all[1].Input(i).Data, all[0].Output(from).Data)
		}
		if err := all[1].Invoke(tb.Context()); err != nil {
			tb.Fatal(err)
		}
		return outputs(all[1])
	}
}

// TestSegmentFails loses one of the devices: the whole model runs on the CPU, and on both devices again.
func TestSegmentFails(t *testing.T) {
	whole, paths := segments(t)
	b := newBench(t, simtest.Config{Devices: []string{"usb", "usb"}, Compute: simtest.Fixed})
	want := reference(t, whole)
	e := b.open(whole, devicepool.Request{Segments: readAll(t, paths)})[0]
	first := run(t, e, 1)
	b.control.Fault(simtest.Fault{Kind: simtest.Abort, Device: "/sys/bus/usb/devices/2-2"})
	if got := run(t, e, 2); got != want(2) {
		t.Error("the frame in hand was not run by the CPU")
	}
	if d := e.Device(); d.Name != "cpu:xnnpack" || !strings.Contains(d.Reason, "edgetpu:usb:2-2: its process died") {
		t.Errorf("device %+v", d)
	}
	for end := time.Now().Add(30 * time.Second); e.Device().Degraded; {
		if time.Now().After(end) {
			t.Fatal("the devices are not taken back")
		}
		run(t, e, 3)
	}
	if run(t, e, 1) != first {
		t.Error("the devices answer otherwise than before")
	}
}

// TestWrongSegments are told before a device is opened.
func TestWrongSegments(t *testing.T) {
	whole, paths := segments(t)
	b := newBench(t, simtest.Config{Compute: simtest.Fixed})
	for name, c := range map[string]struct {
		paths []string
		want  string
	}{
		"in the wrong order": {[]string{paths[1], paths[0]}, "does not follow"},
		"one twice":          {[]string{paths[0], paths[0]}, "does not follow"},
		"of another model":   {[]string{path(t, classifier+"_edgetpu")}, "input"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := b.tryOpen(whole, devicepool.Request{Segments: readAll(t, c.paths)})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.paths[0]) {
				t.Errorf("error %v, want one with %q and %s", err, c.want, c.paths[0])
			}
			if n := b.control.State().Opens; n != 0 {
				t.Errorf("a device was opened %d times", n)
			}
		})
	}
}

// BenchmarkSegments has two segments on two devices, each 5 ms a run: one after the other they would take 10 ms, and
// side by side an item comes out every 5 ms.
func BenchmarkSegments(b *testing.B) {
	whole, paths := segments(b)
	for _, engines := range []int{1, 2} {
		b.Run(fmt.Sprintf("%d_engines", engines), func(b *testing.B) {
			f := newBench(b, simtest.Config{Devices: []string{"usb", "usb"}, Compute: simtest.Fixed, RunTime: 5 * time.Millisecond})
			all := f.open(whole, devicepool.Request{Segments: readAll(b, paths), Engines: engines})
			work := make(chan int)
			var wg sync.WaitGroup
			for _, e := range all {
				wg.Add(1)
				go func() {
					defer wg.Done()
					for range work {
						if err := e.Invoke(b.Context()); err != nil {
							b.Error(err)
						}
					}
				}()
			}
			b.ResetTimer()
			for i := range b.N {
				work <- i
			}
			close(work)
			wg.Wait()
		})
	}
}
