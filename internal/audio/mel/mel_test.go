package mel_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"corallite/internal/audio/mel"
)

// sound is that of scripts/train/digits/golden.py: noise, soft noise, silence, a square wave at full scale.
func sound() []int16 {
	samples := make([]int16, 2000)
	x := uint32(1)
	for i := range samples {
		x = x*1664525 + 1013904223
		switch {
		case i < 700:
			samples[i] = int16(int32(x>>16) - 32768)
		case i < 1000:
			samples[i] = int16(int32(x>>26) - 32)
		case i < 1500:
		case i/10%2 == 1:
			samples[i] = 32767
		default:
			samples[i] = -32768
		}
	}
	return samples
}

func digits() mel.Options {
	return mel.Options{Rate: 16000, WindowMS: 32, HopMS: 20, Bins: 32, LowHz: 100, HighHz: 3600, Floor: 1e-6}
}

func open(t testing.TB, o mel.Options) *mel.Mel {
	t.Helper()
	m, err := mel.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The features are those that models are trained with, in numpy (golden.py --check compares the other way).
func TestGolden(t *testing.T) {
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	var sets map[string]struct {
		Options struct {
			Rate, FFT, Bins          int
			WindowMS                 float64 `json:"window_ms"`
			HopMS                    float64 `json:"hop_ms"`
			LowHz                    float64 `json:"low_hz"`
			HighHz                   float64 `json:"high_hz"`
			Scale                    mel.Scale
			Spectrum                 mel.Spectrum
			Floor, Offset, Mean, Std float64
		}
		Rows [][]float32
	}
	if err := json.Unmarshal(data, &sets); err != nil {
		t.Fatal(err)
	}
	if len(sets) < 4 {
		t.Fatalf("%d sets", len(sets))
	}
	for name, set := range sets {
		o := set.Options
		std := o.Std
		if std == 0 {
			std = 1
		}
		m := open(t, mel.Options{
			Rate: o.Rate, WindowMS: o.WindowMS, HopMS: o.HopMS, FFT: o.FFT, Bins: o.Bins, LowHz: o.LowHz, HighHz: o.HighHz,
			Scale: o.Scale, Spectrum: o.Spectrum, Floor: o.Floor, Offset: o.Offset, Mean: []float64{o.Mean}, Std: []float64{std},
		})
		got := m.Process(nil, sound())
		if want := len(set.Rows) * o.Bins; len(got) != want || want == 0 {
			t.Fatalf("%s: %d values, want %d", name, len(got), want)
		}
		for i, v := range got {
			if want := set.Rows[i/o.Bins][i%o.Bins]; !near(v, want, 1e-4) {
				t.Fatalf("%s: row %d, bin %d is %g, want %g", name, i/o.Bins, i%o.Bins, v, want)
			}
		}
	}
}

func near(a, b float32, d float64) bool { return math.Abs(float64(a)-float64(b)) <= d }

// The formula of the package's description, written down once more without anything clever.
func TestFormula(t *testing.T) {
	o := digits()
	o.Mean, o.Std = make([]float64, o.Bins), make([]float64, o.Bins)
	for b := range o.Bins {
		o.Mean[b], o.Std[b] = float64(b)/10-5, 1+float64(b)/7
	}
	samples := sound()[600:1200]
	const n = 512
	hertz := func(m float64) float64 { return 700 * (math.Pow(10, m/2595) - 1) }
	toMel := func(hz float64) float64 { return 2595 * math.Log10(1+hz/700) }
	low, high := toMel(o.LowHz), toMel(o.HighHz)
	corner := func(i int) float64 { return low + (high-low)*float64(i)/float64(o.Bins+1) }
	var power [n/2 + 1]float64
	for k := range power {
		var re, im float64
		for i := range n {
			x := float64(samples[i]) / 32768 * (0.5 - 0.5*math.Cos(2*math.Pi*float64(i)/n))
			re += x * math.Cos(2*math.Pi*float64(k*i)/n)
			im -= x * math.Sin(2*math.Pi*float64(k*i)/n)
		}
		power[k] = re*re + im*im
	}
	got := open(t, o).Process(nil, samples)
	if len(got) != o.Bins {
		t.Fatalf("%d values, want one row of %d", len(got), o.Bins)
	}
	for b, v := range got {
		sum := 0.0
		for k, p := range power {
			hz := float64(k) * 16000 / n
			switch m := toMel(hz); {
			case hz <= hertz(corner(b)) || hz >= hertz(corner(b+2)):
			case m < corner(b+1):
				sum += p * (m - corner(b)) / (corner(b+1) - corner(b))
			default:
				sum += p * (corner(b+2) - m) / (corner(b+2) - corner(b+1))
			}
		}
		want := (math.Log(max(sum, o.Floor)) - o.Mean[b]) / o.Std[b]
		if !near(v, float32(want), 1e-4) {
			t.Errorf("bin %d is %g, want %g", b, v, want)
		}
	}
}

// How the sound is cut makes no difference, to the bit, nor does what was before a Reset.
func TestCutting(t *testing.T) {
	gaps := digits()
	gaps.WindowMS, gaps.HopMS = 10, 25
	random := rand.New(rand.NewPCG(1, 2))
	for _, o := range []mel.Options{digits(), gaps} {
		samples := slices.Concat(sound(), sound(), sound())
		m := open(t, o)
		whole := m.Process(nil, samples)
		if rows := 1 + (len(samples)-m.Window())/m.Hop(); len(whole) != rows*o.Bins {
			t.Fatalf("%d values, want %d rows", len(whole), rows)
		}
		if m.Samples(len(whole)/o.Bins) > len(samples) || m.Samples(len(whole)/o.Bins+1) <= len(samples) {
			t.Errorf("%d rows are said to be made of %d samples, of %d", len(whole)/o.Bins, m.Samples(len(whole)/o.Bins), len(samples))
		}
		for range 20 {
			m.Process(nil, samples[:random.IntN(len(samples))])
			m.Reset()
			var cut []float32
			for rest := samples; len(rest) > 0; {
				n := min(random.IntN(700), len(rest))
				cut, rest = m.Process(cut, rest[:n]), rest[n:]
			}
			if !slices.Equal(cut, whole) {
				t.Fatalf("hop %g ms: cut into pieces the features differ", o.HopMS)
			}
		}
	}
}

// A tone is loudest in the bin around it.
func TestTone(t *testing.T) {
	for _, scale := range []mel.Scale{mel.HTK, mel.Slaney} {
		last := -1
		for _, hz := range []float64{200, 700, 1500, 3000} {
			o := digits()
			o.Scale = scale
			samples := make([]int16, 512)
			for i := range samples {
				samples[i] = int16(8000 * math.Sin(2*math.Pi*hz*float64(i)/16000))
			}
			row := open(t, o).Process(nil, samples)
			loudest := slices.Index(row, slices.Max(row))
			if loudest <= last {
				t.Errorf("%s: %g Hz is in bin %d, after %d", scale, hz, loudest, last)
			}
			last = loudest
		}
	}
}

func TestSilence(t *testing.T) {
	o := digits()
	o.Offset, o.Mean, o.Std = 1e-3, []float64{-2}, []float64{4}
	m := open(t, o)
	silence := m.Process(nil, make([]int16, m.Window()))
	if !slices.Equal(silence, m.Silence()) {
		t.Errorf("digital silence is %v, said to be %v", silence[:3], m.Silence()[:3])
	}
	if want := float32((math.Log(1e-6+1e-3) + 2) / 4); !near(silence[0], want, 1e-6) {
		t.Errorf("silence is %g, want %g", silence[0], want)
	}
}

func TestNoAllocation(t *testing.T) {
	m := open(t, digits())
	samples := sound()[:333]
	dst := make([]float32, 0, 4*m.Bins())
	if n := testing.AllocsPerRun(200, func() { dst = m.Process(dst[:0], samples) }); n != 0 {
		t.Errorf("%g allocations a call", n)
	}
}

func TestBadOptions(t *testing.T) {
	for want, change := range map[string]func(*mel.Options){
		"rate 0":                        func(o *mel.Options) { o.Rate = 0 },
		"window 0 ms":                   func(o *mel.Options) { o.WindowMS = 0 },
		"window NaN ms":                 func(o *mel.Options) { o.WindowMS = math.NaN() },
		"window 1e+12 ms":               func(o *mel.Options) { o.WindowMS = 1e12 },
		"hop -1 ms":                     func(o *mel.Options) { o.HopMS = -1 },
		"FFT length 256":                func(o *mel.Options) { o.FFT = 256 },
		"FFT length 16777216":           func(o *mel.Options) { o.FFT = 1 << 24 },
		"bins 0":                        func(o *mel.Options) { o.Bins = 0 },
		"100 to 9000 Hz":                func(o *mel.Options) { o.HighHz = 9000 },
		"100 to NaN Hz":                 func(o *mel.Options) { o.HighHz = math.NaN() },
		"100 to 50 Hz":                  func(o *mel.Options) { o.HighHz = 50 },
		`invalid mel scale "bark"`:      func(o *mel.Options) { o.Scale = "bark" },
		`invalid spectrum "phase"`:      func(o *mel.Options) { o.Spectrum = "phase" },
		"silence has no logarithm":      func(o *mel.Options) { o.Floor = 0 },
		"invalid mean: 2 values for 32": func(o *mel.Options) { o.Mean = []float64{1, 2} },
		"invalid std 0":                 func(o *mel.Options) { o.Std = []float64{0} },
		"invalid mean NaN":              func(o *mel.Options) { o.Mean = []float64{math.NaN()} },
	} {
		o := digits()
		change(&o)
		if _, err := mel.New(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %q", err, want)
		}
	}
}

func BenchmarkProcess(b *testing.B) {
	m := open(b, digits())
	samples := make([]int16, 16000)
	copy(samples, sound())
	dst := make([]float32, 0, 64*m.Bins())
	for b.Loop() {
		dst = m.Process(dst[:0], samples)
	}
}
