package keyword

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corallite/internal/audio/mel"
	"corallite/tflite/tensor"
)

// TestWaveformWindows compares the windows that a model is given with those that are cut from the whole recording
// between silence, for random windows, steps and pieces.
func TestWaveformWindows(t *testing.T) {
	for seed := range uint64(100) {
		r := rand.New(rand.NewPCG(seed, 1))
		const rate = 1000
		n := 20 + r.IntN(200)
		step := 1 + r.IntN(n)
		e := newFake(floats("in", n), floats("out", 2), silent)
		e.keep = true
		f := open(t, e, Options{Features: Waveform, Rate: rate, Step: time.Duration(step) * time.Millisecond, Labels: []string{"a", "b"}})
		if f.Window() != time.Duration(n)*time.Millisecond || f.Step() != time.Duration(step)*time.Millisecond {
			t.Fatalf("window %v, step %v; want %d and %d ms", f.Window(), f.Step(), n, step)
		}
		for range 2 { // the second recording is heard as if there had been no first
			e.windows = nil
			sound := noise(r, 1+r.IntN(500))
			cut(t, f, sound, r, 1+r.IntN(600))
			padded := join(make([]int16, n), sound, make([]int16, n))
			var want [][]float32
			for end := step; end < len(sound)+n; end += step {
				var w []float32
				for _, s := range padded[end : end+n] {
					w = append(w, float32(s)/32768)
				}
				want = append(want, w)
			}
			same(t, fmt.Sprintf("seed %d: window %d, step %d, %d samples", seed, n, step, len(sound)), e.windows, want)
		}
	}
}

func same(t *testing.T, what string, got, want [][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d runs, want %d", what, len(got), len(want))
	}
	for i := range want {
		if !slices.Equal(got[i], want[i]) {
			t.Fatalf("%s: window %d is %v…, want %v…", what, i, got[i][:5], want[i][:5])
		}
	}
}

// melOptions are features that are quick to make: windows that overlap, that touch, and with gaps between them.
func melOptions(r *rand.Rand) mel.Options {
	return mel.Options{
		Rate: 4000, WindowMS: 8, HopMS: []float64{3, 8, 10}[r.IntN(3)], Bins: 5, LowHz: 100, HighHz: 2000,
		Floor: 1e-6, Mean: []float64{-5}, Std: []float64{2},
	}
}

// TestLogMelWindows is the same for rows of features: those of silence, of the recording and of silence again.
func TestLogMelWindows(t *testing.T) {
	for seed := range uint64(60) {
		r := rand.New(rand.NewPCG(seed, 2))
		o := melOptions(r)
		rows, step := 4+r.IntN(20), 1+r.IntN(3)
		shape := [][]int{{1, rows, o.Bins, 1}, {1, rows, o.Bins}, {1, rows * o.Bins}, {rows, o.Bins}}[r.IntN(4)]
		e := newFake(floats("in", shape...), floats("out", 1, 2), silent)
		e.keep = true
		m, err := mel.New(o)
		if err != nil {
			t.Fatal(err)
		}
		f := open(t, e, Options{Mel: o, Step: time.Duration(float64(step) * o.HopMS * 1e6), Labels: []string{"a", "b"}})
		for range 2 {
			e.windows = nil
			sound := noise(r, 1+r.IntN(900))
			cut(t, f, sound, r, 1+r.IntN(300))
			before := make([]int16, m.Samples(rows)) // so that the next row is whole a hop after the beginning
			after := make([]int16, m.Samples(rows)+m.Hop()*step)
			m.Reset()
			all := m.Process(nil, join(before, sound, after))
			var want [][]float32
			for end := step; end*m.Hop() < len(sound)+m.Samples(rows); end += step {
				want = append(want, all[end*o.Bins:(end+rows)*o.Bins])
			}
			same(t, fmt.Sprintf("seed %d: %d rows each %d, mel %+v, %d samples", seed, rows, step, o, len(sound)), e.windows, want)
		}
	}
}

// bothWays gives the windows that a model of so many rows sees of the same noise, as the features are and with a change
// of the options.
func bothWays(t *testing.T, r *rand.Rand, o mel.Options, rows int, change func(*Options)) (plain, changed [][]float32) {
	t.Helper()
	options := Options{Mel: o, Step: time.Duration(o.HopMS * 1e6), Labels: []string{"a", "b"}}
	sound := noise(r, 700)
	windows := func() [][]float32 {
		e := newFake(floats("in", 1, rows, o.Bins, 1), floats("out", 2), silent)
		e.keep = true
		whole(t, open(t, e, options), sound)
		return e.windows
	}
	plain = windows()
	change(&options)
	changed = windows()
	if len(plain) != len(changed) || len(plain) == 0 {
		t.Fatalf("%d and %d runs", len(plain), len(changed))
	}
	return plain, changed
}

// TestPerWindow normalizes each bin over the rows of a window, as project-keyword-spotter does.
func TestPerWindow(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 3))
	o := melOptions(r)
	const rows = 12
	plain, normal := bothWays(t, r, o, rows, func(o *Options) { o.PerWindow = 3 })
	for k, raw := range plain {
		for b := range o.Bins {
			sum, squares := 0.0, 0.0
			for i := b; i < len(raw); i += o.Bins {
				sum += float64(raw[i])
				squares += float64(raw[i]) * float64(raw[i])
			}
			mean := sum / rows
			std := math.Sqrt(squares/rows - mean*mean)
			for i := b; i < len(raw); i += o.Bins {
				want := (float64(raw[i]) - mean) / (3 * std)
				if got := float64(normal[k][i]); math.Abs(got-want) > 1e-4 {
					t.Fatalf("window %d, value %d: %g, want %g", k, i, got, want)
				}
			}
		}
	}
}

// TestPerWindowSilence has bins that do not change: 0 by 0 is 0.
func TestPerWindowSilence(t *testing.T) {
	e := newFake(floats("in", 1, 4, 5), floats("out", 2), silent)
	e.keep = true
	f := open(t, e, Options{Mel: melOptions(rand.New(rand.NewPCG(1, 4))), PerWindow: 3, Step: 10 * time.Millisecond, Labels: []string{"a", "b"}})
	whole(t, f, make([]int16, 400))
	if len(e.windows) == 0 {
		t.Fatal("no run")
	}
	for _, w := range e.windows {
		if slices.ContainsFunc(w, func(v float32) bool { return v != 0 }) {
			t.Fatalf("silence became %v", w)
		}
	}
}

// TestStored puts samples into inputs of each type, by the tensor's own quantization.
func TestStored(t *testing.T) {
	sound := []int16{-32768, -16384, 0, 16384, 32767, 1}
	sound = append(sound, make([]int16, 14)...)
	for _, c := range []struct {
		in   tensor.Info
		want []float32 // dequantized, of the first samples

	}{
		{floats("in", 1, 20), []float32{-1, -0.5, 0, 0.5, 32767.0 / 32768, 1.0 / 32768}},
		{tensor.Info{Type: tensor.Int8, Shape: []int{20}, Quantization: tensor.PerTensor(1.0/128, 0)}, []float32{-1, -0.5, 0, 0.5, 127.0 / 128, 0}},
		{tensor.Info{Type: tensor.UInt8, Shape: []int{1, 20}, Quantization: tensor.PerTensor(1.0/64, 128)}, []float32{-1, -0.5, 0, 0.5, 1, 0}},
		{tensor.Info{Type: tensor.Int16, Shape: []int{1, 20, 1}, Quantization: tensor.PerTensor(1.0/32768, 0)}, []float32{-1, -0.5, 0, 0.5, 32767.0 / 32768, 1.0 / 32768}},
	} {
		e := newFake(c.in, floats("out", 2), silent)
		e.keep = true
		whole(t, open(t, e, Options{Features: Waveform, Rate: 1000, Step: 20 * time.Millisecond, Labels: []string{"a", "b"}}), sound)
		if got := e.windows[0][:len(c.want)]; !slices.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.in, got, c.want)
		}
	}
	// Samples as they are, where an input of int16 has no scale.
	e := newFake(tensor.Info{Type: tensor.Int16, Shape: []int{20}}, floats("out", 2), silent)
	f := open(t, e, Options{Features: Waveform, Rate: 1000, Step: 20 * time.Millisecond, Labels: []string{"a", "b"}})
	f.features.start(&f.history)
	f.features.add(&f.history, sound)
	if err := f.input.write(e.Input(0), &f.history, int64(len(sound))); err != nil {
		t.Fatal(err)
	}
	if got, err := tensor.Of[int16](e.Input(0)); err != nil || !slices.Equal(got, sound) {
		t.Errorf("int16 without a scale: %v, %v; want %v", got, err, sound)
	}
}
