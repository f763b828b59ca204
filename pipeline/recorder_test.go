package pipeline

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
	"unsafe"
)

// TestQuantilesAreWithinOnePercent compares with sorting, over times from a microsecond to a minute.
func TestQuantilesAreWithinOnePercent(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	h := newHistogram()
	var all []time.Duration
	for range 20000 {
		d := time.Duration(math.Exp(math.Log(1e3) + rng.Float64()*(math.Log(6e10)-math.Log(1e3))))
		all = append(all, d)
		recordTime(h, d)
	}
	slices.Sort(all)
	got := quantiles(h)
	for _, c := range []struct {
		got  float64
		rank int
	}{{got.P50, 9999}, {got.P95, 18999}} {
		want := float64(all[c.rank]) / 1e6
		if math.Abs(c.got-want) > 0.01*want {
			t.Errorf("%v ms, want %v", c.got, want)
		}
	}
}

func TestStrangeTimes(t *testing.T) {
	h := newHistogram()
	if q := quantiles(h); q != (Quantiles{}) {
		t.Errorf("nothing measured gives %+v", q)
	}
	recordTime(h, -time.Second)
	recordTime(h, 1000*time.Hour)
	if q := quantiles(h); h.TotalCount() != 2 || q.P95 < 3.59e6 || q.P95 > 3.64e6 {
		t.Errorf("%d values, %+v; a time that is too long counts as an hour", h.TotalCount(), q)
	}
	if size := h.ByteSize(); size > 64<<10 {
		t.Errorf("a histogram takes %d bytes", size)
	}
}

func TestRate(t *testing.T) {
	var r rate
	at := time.Unix(0, 0)
	for i := range 50 {
		fps := r.add(at, uint64(i*3)) // 3 in a tenth of a second
		if want := 30.0; i > 0 && math.Abs(fps-want) > 1e-6 {
			t.Errorf("call %d: %v a second, want %v", i, fps, want)
		}
		at = at.Add(progressEvery)
	}
}

func TestUniqueName(t *testing.T) {
	seen := map[string]int{}
	var got []string
	for _, n := range []string{"jsonl", "jsonl", "", "jsonl#2", "", "jsonl"} {
		got = append(got, uniqueName(n, seen))
	}
	sorted := slices.Clone(got)
	slices.Sort(sorted)
	if got[0] != "jsonl" || got[1] != "jsonl#2" || got[2] != "sink" || len(slices.Compact(sorted)) != len(got) {
		t.Errorf("%q", got)
	}
}

func TestAlignedBytes(t *testing.T) {
	for n := range 200 {
		b := alignedBytes(n)
		if len(b) != n || cap(b) != n {
			t.Fatalf("%d bytes: length %d, capacity %d", n, len(b), cap(b))
		}
		if at := uintptr(unsafe.Pointer(unsafe.SliceData(b))); at%alignment != 0 {
			t.Fatalf("%d bytes stand at %#x", n, at)
		}
	}
}
