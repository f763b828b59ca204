package track

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"syscall"
	"testing"
	"time"

	"corallite/internal/flow"
	"corallite/pipeline"
)

// FuzzUpdate takes bytes for frames: how much time passed, how many detections, and each one's class, score and box.
func FuzzUpdate(f *testing.F) {
	f.Add([]byte{}, false)
	frames := func(n int, d pipeline.Detection) (data []byte) {
		for i := range n {
			data = append(data, 33, 0, 1, byte(d.Index))
			for _, v := range []float32{d.Score, d.Box[0] + float32(i), d.Box[1], d.Box[2] + float32(i), d.Box[3]} {
				data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
			}
		}
		return data
	}
	f.Add(frames(5, detection("a", 1, 0.9, 10, 10)), true)
	nan, inf, tiny, huge := float32(math.NaN()), float32(math.Inf(1)), math.Float32frombits(1), float32(math.MaxFloat32)
	for _, box := range [][4]float32{{nan, nan, nan, nan}, {-inf, -inf, inf, inf}, {0, 0, tiny, tiny}, {-huge, -huge, huge, huge},
		{0, 0, tiny, huge}, {0, 0, huge, tiny}, {5, 5, 1, 1}} {
		f.Add(frames(4, pipeline.Detection{Score: 0.9, Box: box}), false)
		f.Add(frames(4, pipeline.Detection{Score: nan, Box: box}), true)
	}
	f.Fuzz(func(t *testing.T, data []byte, across bool) {
		tr := newTracker(t, Options{AcrossClasses: across, MinFrames: 1 + len(data)%3})
		at, alive := time.Unix(0, 0), map[uint64]bool{}
		for len(data) >= 3 {
			var found []pipeline.Detection
			// An odd second byte stands for a long time, which may be negative.
			dt := time.Duration(data[0]) * time.Millisecond
			if data[1]%2 == 1 {
				dt = time.Duration(int64(binary.LittleEndian.Uint16(data))<<48 | int64(data[0]))
			}
			at = at.Add(dt)
			count := int(data[2])
			for data = data[3:]; count > 0 && len(data) >= 21; count-- {
				d := pipeline.Detection{Index: int(data[0]), Track: 99, New: true}
				word := func(i int) float32 { return math.Float32frombits(binary.LittleEndian.Uint32(data[1+4*i:])) }
				d.Score = word(0)
				for i := range d.Box {
					d.Box[i] = word(1 + i)
				}
				found, data = append(found, d), data[21:]
			}
			for _, e := range tr.Update(at, found) {
				if !alive[e.Track] {
					t.Fatalf("%+v ended twice or never began", e)
				}
				delete(alive, e.Track)
			}
			used := map[uint64]bool{}
			for _, d := range found {
				if d.Track == 0 && !d.New {
					continue
				}
				if b, ok := newBox(d.Box); !ok || !(d.Score >= tr.o.Low) || used[d.Track] || d.New == alive[d.Track] || b.empty() {
					t.Fatalf("%+v: used twice: %v, followed before: %v", d, used[d.Track], alive[d.Track])
				}
				used[d.Track], alive[d.Track] = true, true
			}
			for i := range tr.objects {
				m := tr.objects[i].motion
				for _, a := range []axis{m.cx, m.cy, m.aspect, m.height} {
					for _, v := range []float64{a.x, a.v, a.xx, a.xv, a.vv} {
						if math.IsNaN(v) || math.IsInf(v, 0) {
							t.Fatalf("object %d: %+v", i, m)
						}
					}
				}
			}
		}
		if left := tr.End(); len(left) != len(alive) {
			t.Fatalf("%d ended at the end, of %d", len(left), len(alive))
		}
	})
}

// TestThousandsOfBoxes is frames of boxes that all overlap, the worst there is for the assignment. The limit only
// guards against work that grows with the third power of what a model says: 5 frames take about 0.1 s.
func TestThousandsOfBoxes(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 9))
	tr := newTracker(t, Options{})
	began := time.Now()
	for i := range 5 {
		found := make([]pipeline.Detection, 10_000)
		for k := range found {
			found[k] = detection("person", 0, 0.7+0.3*rng.Float32(), 10*rng.Float32(), 10*rng.Float32())
		}
		tr.Update(time.Unix(0, int64(i)*int64(frame)), found)
		if len(tr.objects) > MaxObjects {
			t.Fatalf("%d objects", len(tr.objects))
		}
	}
	if n := tr.Started(); n == 0 || n > MaxObjects {
		t.Errorf("%d objects were followed, want 1 to %d", n, MaxObjects)
	}
	took := time.Since(began)
	t.Logf("5 frames took %v", took)
	if took > time.Minute {
		t.Errorf("5 frames took %v", took)
	}
}

// TestTheBestAreFollowed gives more detections than are looked at, the best ones last.
func TestTheBestAreFollowed(t *testing.T) {
	tr := newTracker(t, Options{MinFrames: 1})
	found := make([]pipeline.Detection, MaxObjects+100)
	for k := range found {
		found[k] = detection("person", 0, 0.7, 100*float32(k), 0)
		if k >= 100 {
			found[k].Score = 0.8
		}
	}
	tr.Update(time.Now(), found)
	for k, d := range found {
		if (d.Track != 0) != (k >= 100) {
			t.Fatalf("detection %d of score %g got number %d", k, d.Score, d.Track)
		}
	}
}

// walk is n objects that go on forever, in rows that overlap their neighbours.
func walk(n, frame int, found []pipeline.Detection) []pipeline.Detection {
	found = found[:0]
	for k := range n {
		d := detection("person", 0, 0.9, float32(30*(k%10)+frame%50), float32(60*(k/10)))
		if (k+frame)%10 == 0 {
			d.Score = 0.3
		}
		found = append(found, d)
	}
	return found
}

func TestUpdateAllocatesNothing(t *testing.T) {
	tr := newTracker(t, Options{MaxLost: time.Hour})
	var found []pipeline.Detection
	at, i := time.Now(), 0
	step := func() {
		found = walk(50, i%2, found)
		at, i = at.Add(frame), i+1
		tr.Update(at, found)
	}
	for range 10 {
		step()
	}
	if n := testing.AllocsPerRun(100, step); n != 0 {
		t.Errorf("%g allocations a frame", n)
	}
}

// BenchmarkUpdate is one frame of objects that overlap their neighbours, a tenth of them with a low score; of "jumping"
// ones a third moves further than it overlaps in each frame, which needs the second look, and a third has a duplicate.
// "Pictures" are noise that moves by a pixel from frame to frame.
// "core-%" is the part of a core at 30 frames a second, by the time of the process and not of the clock.
func BenchmarkUpdate(b *testing.B) {
	for _, c := range []struct {
		name    string
		objects int
		jump    bool
		looks   bool
	}{{"10 objects", 10, false, false}, {"100 objects", 100, false, false}, {"100 jumping objects", 100, true, false},
		{"100 objects in pictures", 100, false, true}} {
		b.Run(c.name, func(b *testing.B) {
			tr := newTracker(b, Options{})
			pictures := []flow.Picture{canvas(0, 0), canvas(1, 0)}
			var found []pipeline.Detection
			at, i := time.Now(), 0
			var began, ended syscall.Rusage
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &began); err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				found = walk(c.objects, i%2, found)
				for k := range c.objects {
					if c.jump && k%3 == 0 {
						found[k].Box[0] += 45 * float32(i%2)
						found[k].Box[2] += 45 * float32(i%2)
					} else if c.jump && k%3 == 1 {
						found = append(found, found[k])
						found[len(found)-1].Score = 0.6
					}
				}
				if c.looks {
					tr.Look(pictures[i%2])
				}
				at, i = at.Add(frame), i+1
				tr.Update(at, found)
			}
			if err := syscall.Getrusage(syscall.RUSAGE_SELF, &ended); err != nil {
				b.Fatal(err)
			}
			took := time.Duration(ended.Utime.Nano() + ended.Stime.Nano() - began.Utime.Nano() - began.Stime.Nano())
			b.ReportMetric(took.Seconds()/float64(b.N)*30*100, "core-%")
		})
	}
}
