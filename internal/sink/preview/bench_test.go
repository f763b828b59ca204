//go:build unix

package preview

import (
	"io"
	"syscall"
	"testing"
	"time"

	"gocv.io/x/gocv"

	"corallite/internal/testdata"
	"corallite/internal/turbojpeg"
	"corallite/pipeline"
	"corallite/pipeline/vision"
)

// used is the CPU time of this process so far.
func used(tb testing.TB) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkPreview sends frames of 1280×720 with five people to viewers, one frame after another, and tells what a frame
// costs in CPU time beside the encoder (the viewers' own side of the connections included), also as the share of a core
// at 30 frames a second.
func BenchmarkPreview(b *testing.B) {
	picture := gocv.IMRead(testdata.Path(b, "images/cat_720p.jpg"), gocv.IMReadColor)
	defer picture.Close()
	var people []pipeline.Detection
	for i := range 5 {
		x := float32(60 + 220*i)
		people = append(people, pipeline.Detection{Label: "person", Score: 0.5 + float32(i)/10, Box: [4]float32{x, 150, x + 160, 600}, Track: uint64(i + 1)})
	}
	mask := &pipeline.Mask{Width: 257, Height: 257, Box: [4]float32{0, 0, 1280, 720}, Segments: []pipeline.Segment{
		{Label: "cat", Index: 8, Share: 0.5, Counts: []int{257 * 64, 257 * 129, 257 * 64}},
	}}
	for _, c := range []struct {
		name    string
		viewers int
		result  pipeline.Result
	}{
		{"nobody", 0, pipeline.Result{Detections: people}},
		{"1 viewer", 1, pipeline.Result{Detections: people}},
		{"20 viewers", 20, pipeline.Result{Detections: people}},
		{"1 viewer, a mask of half the picture", 1, pipeline.Result{Mask: mask}},
	} {
		b.Run(c.name, func(b *testing.B) {
			s := newServer(b, ServerOptions{})
			k := newSink(b, s, "door", SinkOptions{})
			shown := make(chan error, c.viewers)
			for range c.viewers {
				w := watch(b, s, "/stream/door.mjpg")
				go func() {
					for {
						_, _, err := w.next()
						shown <- err
						if err != nil {
							return
						}
					}
				}()
			}
			pool := vision.NewPool(4)
			defer pool.Close()
			encoder := encodeTime(b, k, picture)
			n, before := 0, used(b)
			for b.Loop() {
				f, err := pool.Get()
				if err != nil {
					b.Fatal(err)
				}
				picture.CopyTo(f.Target()) // what a camera does; about 0.3 ms that are not the preview's
				if err := f.Seal(); err != nil {
					b.Fatal(err)
				}
				*f.Meta() = pipeline.Meta{Time: time.Now(), Source: "camera:0", Seq: uint64(n)}
				consume(b, k, pipeline.Report{Item: f, Events: []pipeline.Event{{Model: "coco", Task: "detect", Result: c.result}}})
				for range c.viewers {
					if err := <-shown; err != nil {
						b.Fatal(err)
					}
				}
				n++
			}
			cost := float64(used(b)-before) / float64(n)
			if c.viewers > 0 {
				b.ReportMetric(encoder/1e6, "encoder-ms/frame")
				cost -= encoder
			}
			b.ReportMetric(cost/1e6, "beside-ms/frame")
			b.ReportMetric(100*cost*30/1e9, "%core-at-30fps")
			s.Close()
			for range c.viewers {
				for err := range shown {
					if err != nil && err != io.EOF {
						b.Logf("a viewer ended with %v", err)
					}
					if err != nil {
						break
					}
				}
			}
		})
	}
}

// encodeTime is the CPU time that encoding the picture takes, in nanoseconds.
func encodeTime(b *testing.B, k *Sink, picture gocv.Mat) float64 {
	c, err := turbojpeg.NewCompressor()
	if err != nil {
		testdata.Missing(b, "libturbojpeg is not installed: %v", err)
	}
	defer c.Close()
	pixels := picture.ToBytes()
	const rounds = 100
	before := used(b)
	for range rounds {
		if _, err := c.Compress(pixels, picture.Cols(), picture.Rows(), k.o.Quality); err != nil {
			b.Fatal(err)
		}
	}
	return float64(used(b)-before) / rounds
}
