package resample

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"corallite/internal/testdata"
)

func made(t *testing.T, in, out int) *Resampler {
	t.Helper()
	r, err := New(in, out)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func sine(n, rate int, hertz float64) []float32 {
	samples := make([]float32, n)
	for i := range samples {
		samples[i] = float32(0.5 * math.Sin(2*math.Pi*hertz*float64(i)/float64(rate)))
	}
	return samples
}

// level is the root mean square in dB, 0 dB for the sine above.
func level(samples []float64) float64 {
	sum := 1e-30
	for _, x := range samples {
		sum += x * x
	}
	return 10 * math.Log10(sum/float64(len(samples))*8)
}

var pairs = [][2]int{{8000, 16000}, {44100, 16000}, {48000, 16000}, {16000, 8000}, {22050, 16000}, {11025, 16000}, {96000, 16000}, {192000, 16000}, {16000, 44100}, {44101, 16000}, {12345, 16000}}

// TestBands measures tones of the passband and the stopband: what the package promises. The passband's are compared with
// the exact tone at the output's rate, so that gain, delay, phase and images are all in the error.
func TestBands(t *testing.T) {
	for _, p := range pairs {
		in, out := p[0], p[1]
		nyquist := float64(min(in, out)) / 2
		for _, part := range []float64{0.01, 0.25, 0.5, 0.8, 0.9, Passband} {
			hertz := part * nyquist
			r := made(t, in, out)
			got := r.Flush(r.Append(nil, sine(in/4, in, hertz)))
			if want := (in/4*out + in - 1) / in; len(got) != want {
				t.Fatalf("%d to %d: %d samples, not %d", in, out, len(got), want)
			}
			edge := len(got) / 5 // at the ends the tone begins and ends
			var wrong []float64
			for i := edge; i < len(got)-edge; i++ {
				wrong = append(wrong, float64(got[i])-0.5*math.Sin(2*math.Pi*hertz*float64(i)/float64(out)))
			}
			if l := level(wrong); l > -78 { // 0.001 dB is -79 dB
				t.Errorf("%d to %d, %.0f Hz: the error has %.1f dB", in, out, hertz, l)
			}
		}
		if in <= out {
			continue // what lies above the lower Nyquist frequency cannot come in; its images are in the errors above
		}
		for _, part := range []float64{1, 1.02, 1.2, 1.5, 1.9} {
			hertz := part * nyquist
			if hertz >= float64(in)/2 {
				continue
			}
			r := made(t, in, out)
			got := r.Flush(r.Append(nil, sine(in/4, in, hertz)))
			edge := len(got) / 5
			var rest []float64
			for _, x := range got[edge : len(got)-edge] {
				rest = append(rest, float64(x))
			}
			if l := level(rest); l > -Attenuation+2 {
				t.Errorf("%d to %d, %.0f Hz: %.1f dB are left", in, out, hertz, l)
			}
		}
	}
}

func noise(n int) []float32 {
	r := rand.New(rand.NewPCG(1, 2))
	samples := make([]float32, n)
	for i := range samples {
		samples[i] = float32(r.IntN(65536)-32768) / 32768
	}
	return samples
}

func TestSameRatePassesThrough(t *testing.T) {
	sound := noise(1000)
	r := made(t, 16000, 16000)
	got := r.Append(nil, sound[:300])
	got = r.Flush(r.Append(got, sound[300:]))
	if !slices.Equal(got, sound) {
		t.Error("equal rates change samples")
	}
}

// TestCutting: however the sound is cut, the result is the same, bit for bit, also after a Flush.
func TestCutting(t *testing.T) {
	sound := noise(20000)
	for _, p := range pairs {
		r := made(t, p[0], p[1])
		want := r.Flush(r.Append(nil, sound))
		for name, give := range map[string]func(*rand.Rand) int{
			"single": func(*rand.Rand) int { return 1 }, "any": func(r *rand.Rand) int { return r.IntN(3000) }, "10 ms": func(*rand.Rand) int { return p[0] / 100 },
		} {
			random := rand.New(rand.NewPCG(5, 6))
			var got []float32
			for rest := sound; len(rest) > 0; {
				n := min(give(random), len(rest))
				got = r.Append(got, rest[:n])
				rest = rest[n:]
			}
			if got = r.Flush(got); !slices.Equal(got, want) {
				t.Errorf("%d to %d, %s: %d samples that differ, not %d", p[0], p[1], name, len(got), len(want))
			}
		}
	}
}

func TestLengths(t *testing.T) {
	for _, p := range pairs {
		for _, n := range []int{0, 1, 2, 100, 12345} {
			r := made(t, p[0], p[1])
			if got, want := len(r.Flush(r.Append(nil, make([]float32, n)))), (n*p[1]+p[0]-1)/p[0]; got != want {
				t.Errorf("%d to %d: %d samples give %d, not %d", p[0], p[1], n, got, want)
			}
		}
	}
}

// TestGolden has values that were computed when the filter was written; TestSoX says that they are right.
func TestGolden(t *testing.T) {
	sound := make([]float32, 400)
	for i := range sound {
		sound[i] = float32((i*i*31+i*7)%2001-1000) / 1000
	}
	for _, c := range []struct {
		in, out int
		want    []float32 // samples 40 to 43
	}{
		{48000, 16000, []float32{-0.24354348, -0.051890694, -0.0019222945, -0.6518854}},
		{44100, 16000, []float32{0.12765238, -0.07551591, 0.14916721, -0.07124326}},
		{8000, 16000, []float32{-0.1497572, -0.01664421, 0.50076234, 0.8010459}},
	} {
		r := made(t, c.in, c.out)
		got := r.Flush(r.Append(nil, sound))[40:44]
		for i, x := range got {
			if math.Abs(float64(x-c.want[i])) > 2e-6 { // processors round sums differently
				t.Errorf("%d to %d: %v, not %v", c.in, c.out, got, c.want)
				break
			}
		}
	}
}

// TestSoX compares with SoX's "rate -v", whose filter is as steep, on speech-like noise below both passbands.
func TestSoX(t *testing.T) {
	if _, err := exec.LookPath("sox"); err != nil {
		testdata.Missing(t, "the program sox is not installed (package sox; scripts/test-files installs it)")
	}
	for _, p := range pairs {
		in, out := p[0], p[1]
		sound := make([]float32, in)
		random := rand.New(rand.NewPCG(7, 8))
		for range 40 {
			hertz, phase := random.Float64()*0.85*float64(min(in, out))/2, random.Float64()*2*math.Pi
			for i := range sound {
				sound[i] += float32(0.02 * math.Sin(2*math.Pi*hertz*float64(i)/float64(in)+phase))
			}
		}
		dir := t.TempDir()
		raw, made32 := filepath.Join(dir, "in.f32"), filepath.Join(dir, "out.f32")
		var content []byte
		for _, x := range sound {
			content = binary.LittleEndian.AppendUint32(content, math.Float32bits(x))
		}
		if err := os.WriteFile(raw, content, 0o644); err != nil {
			t.Fatal(err)
		}
		command := exec.Command("sox", "-t", "f32", "-r", fmt.Sprint(in), "-c", "1", raw, "-t", "f32", "-r", fmt.Sprint(out), made32, "rate", "-v", "-s")
		if said, err := command.CombinedOutput(); err != nil {
			t.Fatalf("sox: %v: %s", err, said)
		}
		content, err := os.ReadFile(made32)
		if err != nil {
			t.Fatal(err)
		}
		r := made(t, in, out)
		got := r.Flush(r.Append(nil, sound))
		if n := len(content) / 4; n < len(got)-1 || n > len(got)+1 {
			t.Errorf("%d to %d: %d samples, SoX gives %d", in, out, len(got), n)
			continue
		}
		var wrong []float64
		for i := len(got) / 5; i < len(got)*4/5; i++ {
			wrong = append(wrong, float64(got[i]-math.Float32frombits(binary.LittleEndian.Uint32(content[4*i:]))))
		}
		if l := level(wrong); l > -75 {
			t.Errorf("%d to %d: the difference to SoX has %.1f dB", in, out, l)
		}
	}
}

func TestAllocatesNothing(t *testing.T) {
	for _, p := range [][2]int{{48000, 16000}, {44101, 16000}, {16000, 16000}} {
		r := made(t, p[0], p[1])
		piece, dst := noise(p[0]/100), make([]float32, 0, 1000)
		r.Append(dst, piece)
		if n := testing.AllocsPerRun(500, func() { r.Append(dst[:0], piece) }); n != 0 {
			t.Errorf("%d to %d: %v allocations a piece", p[0], p[1], n)
		}
	}
}

func TestErrors(t *testing.T) {
	for _, p := range pairs {
		if _, err := New(p[0], p[1]); err != nil {
			t.Error(err)
		}
	}
	for _, p := range [][2]int{{0, 16000}, {16000, -1}, {999, 16000}, {16000, 1_000_001}} {
		if _, err := New(p[0], p[1]); err == nil {
			t.Errorf("%d to %d is taken", p[0], p[1])
		}
	}
}

func BenchmarkAppend(b *testing.B) {
	for _, p := range [][2]int{{48000, 16000}, {44100, 16000}} {
		b.Run(fmt.Sprintf("%d to %d, 1 s", p[0], p[1]), func(b *testing.B) {
			r, err := New(p[0], p[1])
			if err != nil {
				b.Fatal(err)
			}
			second, dst := noise(p[0]), make([]float32, 0, 2*p[1])
			b.ReportAllocs()
			for b.Loop() {
				r.Append(dst[:0], second)
			}
		})
	}
}
