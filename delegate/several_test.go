package delegate_test

import (
	"bytes"
	"log/slog"
	"reflect"
	"strings"
	"sync"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu/simtest"
	"corallite/tflite"
)

func openSeveral(tb testing.TB, f delegate.Files, o delegate.Options, n int) []delegate.Engine {
	tb.Helper()
	all, err := delegate.OpenSeveral(tb.Context(), f, o, n)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		for _, e := range all {
			_ = e.Close()
		}
	})
	return all
}

// TestSeveral runs engines of one model at once; each answers what one alone answers, and the choice is logged once.
func TestSeveral(t *testing.T) {
	f := delegate.Files{CPU: model(t, "ssd_mobilenet_v1_coco_quant")}
	for _, choice := range []delegate.Choice{delegate.Auto, delegate.None} {
		t.Run(choice.String(), func(t *testing.T) {
			withoutLibrary(t)
			before := tflite.Live()
			var log bytes.Buffer
			o := options(t)
			o.Choice = choice
			one := open(t, f, o)
			want := runPicture(t, one, "cat.bmp")
			o.Logger = slog.New(slog.NewTextHandler(&log, nil))
			all := openSeveral(t, f, o, 3)
			if len(all) != 3 || strings.Count(log.String(), "\n") != 1 {
				t.Errorf("%d engines; log:\n%s", len(all), log.String())
			}
			var wait sync.WaitGroup
			for i, e := range all {
				if !reflect.DeepEqual(e.Device(), one.Device()) || !reflect.DeepEqual(e.FallbackReasons(), one.FallbackReasons()) {
					t.Errorf("engine %d: %v, not %v", i, e.Device(), one.Device())
				}
				copy(e.Input(0).Data, one.Input(0).Data)
				wait.Add(1)
				go func() {
					defer wait.Done()
					for range 3 {
						if err := e.Invoke(t.Context()); err != nil {
							t.Error(err)
							return
						}
					}
					for k := range want {
						if !bytes.Equal(e.Output(k).Data, want[k]) {
							t.Errorf("engine %d, output %d differs", i, k)
						}
					}
					if i != 1 { // the second lives longer than those that it shares with
						_ = e.Close()
					}
				}()
			}
			wait.Wait()
			for k, data := range invoke(t, all[1]) {
				if !bytes.Equal(data, want[k]) {
					t.Errorf("alone, output %d differs", k)
				}
			}
			_, _ = all[1].Close(), one.Close()
			if n := tflite.Live() - before; n != 0 {
				t.Errorf("%d interpreters were not closed", n)
			}
		})
	}
}

// TestSeveralOnDevice: an Edge TPU gets one engine, or as many as are asked for with Queue.
func TestSeveralOnDevice(t *testing.T) {
	f := bothFiles(t, classifier)
	o := simulated(t, simtest.Config{CPUModels: []string{f.CPU}, Compute: simtest.CPUModel})
	if all := openSeveral(t, f, o, 3); len(all) != 1 {
		t.Errorf("%d engines", len(all))
	}
	o.Queue = true
	all := openSeveral(t, f, o, 3)
	if len(all) != 3 {
		t.Fatalf("%d engines in a queue", len(all))
	}
	want := run(t, all[0], 1)
	for _, e := range all[1:] {
		if !strings.HasPrefix(e.Device().Name, "edgetpu:") || !reflect.DeepEqual(run(t, e, 1), want) {
			t.Errorf("%v, or its answer differs", e.Device())
		}
	}
}

func TestSeveralErrors(t *testing.T) {
	for _, n := range []int{0, -1} {
		if _, err := delegate.OpenSeveral(t.Context(), delegate.Files{CPU: model(t, classifier)}, options(t), n); err == nil {
			t.Errorf("%d engines", n)
		}
	}
}
