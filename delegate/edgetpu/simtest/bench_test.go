package simtest_test

import (
	"testing"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/testdata"
	"corallite/tflite"
)

// BenchmarkRun is what a run costs that takes no time: without a Control, and with one, whose files are read and
// written in each run.
func BenchmarkRun(b *testing.B) {
	for _, name := range []string{"free", "controlled"} {
		b.Run(name, func(b *testing.B) {
			c := simtest.Config{Compute: simtest.Fixed}
			if name == "controlled" {
				c.Control = simtest.NewControl(b)
			}
			l, err := edgetpu.Load(simtest.Use(b, c))
			if err != nil {
				b.Fatal(err)
			}
			defer l.Close()
			d, err := l.Open(edgetpu.Device{Bus: edgetpu.USB, Path: stick}, edgetpu.Options{})
			if err != nil {
				b.Fatal(err)
			}
			n, err := tflite.Open(testdata.Path(b, "models/"+classifier+"_edgetpu.tflite"), tflite.Options{Delegates: []tflite.Delegate{d}})
			if err != nil {
				b.Fatal(err)
			}
			defer n.Close()
			for b.Loop() {
				if err := n.Invoke(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
