package microwakeword

import (
	"math"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/cpu"
)

// TestVectors compares each step in vectors and in Go on random values of all magnitudes, with many extremes.
func TestVectors(t *testing.T) {
	if !cpu.X86.HasSSSE3 {
		t.Log("this processor has no SSSE3: there is nothing to compare")
		return
	}
	r := rand.New(rand.NewPCG(1, 6))
	value := func(shift int) int16 {
		switch r.IntN(8) {
		case 0:
			return math.MinInt16
		case 1:
			return math.MaxInt16
		}
		return int16(r.Uint32()) >> shift
	}
	for round := range 3000 {
		var sound [Window]int16
		var a fft
		for i := range sound {
			sound[i] = value(round % 16)
		}
		for i := range a.work {
			a.work[i] = cpx{value(round % 16), value(round % 16)}
		}
		b := a
		if x, y := inGo.window(&a.samples, &sound), inVectors.window(&b.samples, &sound); x != y || a != b {
			t.Fatalf("round %d: the windows differ, greatest %d and %d", round, x, y)
		}
		for m, w := range map[int][]twiddle{4: twiddles4, 16: twiddles16, 64: twiddles64} {
			c, d := a, a
			c.stage(m, w)
			if stageVector(&d.work, m, &vectorsOf(w)[0]); c != d {
				t.Fatalf("round %d: the stages of %d differ", round, m)
			}
		}
		a.untangle(4)
		untangleVector(&b.energy, &b.work, &untanglingVectors)
		if b.untangle(half / 2); a != b {
			t.Fatalf("round %d: the energies differ", round)
		}
		a.first(round % 16)
		if firstVector(&b.work, &b.samples, round%16); a != b {
			t.Fatalf("round %d: the first stages differ", round)
		}
	}
}

// TestFeaturesInGo computes the features without vectors.
func TestFeaturesInGo(t *testing.T) {
	before := kernels
	defer func() { kernels = before }()
	kernels = inGo
	TestFeatures(t)
	TestCuts(t)
}

// BenchmarkFrontendInGo is BenchmarkFrontend without vectors.
func BenchmarkFrontendInGo(b *testing.B) {
	before := kernels
	defer func() { kernels = before }()
	kernels = inGo
	BenchmarkFrontend(b)
}
