package keyword

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"corallite/internal/audio/mel"
	"corallite/internal/schema/modeltest"
	"corallite/pipeline"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// Numbers of operators and options in the schema.
const (
	fullyConnected, fullyConnectedOptions = 9, 8
	logistic                              = 14
)

// dense is the model scores = logistic(weights × window + bias), a matched filter for each class, in floats or with
// everything in int8.
type dense struct {
	shape   []int
	weights [][]float32 // by class
	bias    []float32
	scale   float32 // of the int8 input, whose zero point is at zero
	zero    int32
}

// sums is how far the sums before the logistic function reach in int8.
const sums = 16

func (d dense) float() modeltest.Model {
	n, classes := len(d.weights[0]), len(d.weights)
	return d.model([]modeltest.Tensor{
		modeltest.Float32("window", d.shape...),
		{Info: tensor.Info{Name: "weights", Type: tensor.Float32, Shape: []int{classes, n}}, Data: little(slices.Concat(d.weights...))},
		{Info: tensor.Info{Name: "bias", Type: tensor.Float32, Shape: []int{classes}}, Data: little(d.bias)},
		modeltest.Float32("sums", 1, classes), modeltest.Float32("scores", 1, classes),
	})
}

func (d dense) int8(t *testing.T) modeltest.Model {
	n, classes := len(d.weights[0]), len(d.weights)
	all := slices.Concat(d.weights...)
	top := float32(0)
	for _, w := range all {
		top = max(top, w, -w)
	}
	of := func(name string, typ tensor.Type, scale float32, zero int32, shape ...int) tensor.Info {
		return tensor.Info{Name: name, Type: typ, Shape: shape, Quantization: tensor.PerTensor(scale, zero)}
	}
	weights := of("weights", tensor.Int8, top/127, 0, classes, n)
	bias := of("bias", tensor.Int32, top/127*d.scale, 0, classes)
	w, b := make([]int8, len(all)), make([]int32, classes)
	if err := tensor.Quantize(w, all, weights.Quantization, nil); err != nil {
		t.Fatal(err)
	}
	if err := tensor.Quantize(b, d.bias, bias.Quantization, nil); err != nil {
		t.Fatal(err)
	}
	return d.model([]modeltest.Tensor{
		{Info: of("window", tensor.Int8, d.scale, d.zero, d.shape...)}, {Info: weights, Data: little(w)}, {Info: bias, Data: little(b)},
		{Info: of("sums", tensor.Int8, sums/128.0, 0, 1, classes)}, {Info: of("scores", tensor.Int8, 1.0/256, -128, 1, classes)},
	})
}

func (d dense) model(tensors []modeltest.Tensor) modeltest.Model {
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: tensors, Inputs: []int32{0}, Outputs: []int32{4},
		Operators: []modeltest.Operator{
			{Code: fullyConnected, Version: 4, Inputs: []int32{0, 1, 2}, Outputs: []int32{3}, OptionsType: fullyConnectedOptions, Options: []any{int8(0), int8(0), false}},
			{Code: logistic, Version: 2, Inputs: []int32{3}, Outputs: []int32{4}},
		},
	}}}
}

// expect computes what the model says of a window.
func (d dense) expect(window []float32) (scores []float64) {
	for c, w := range d.weights {
		sum := float64(d.bias[c])
		for i, v := range window {
			sum += float64(v) * float64(w[i])
		}
		scores = append(scores, 1/(1+math.Exp(-sum)))
	}
	return scores
}

// engine opens a model in the real interpreter.
func engine(t *testing.T, m modeltest.Model) pipeline.Engine {
	t.Helper()
	n, err := tflite.New(m.Bytes(), tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

// heard is a word and when its keyword may end: at the crossing, while it comes into the window.
type heard struct {
	label       string
	first, last time.Duration
}

func checkHeard(t *testing.T, name string, got []pipeline.Keyword, want []heard) {
	t.Helper()
	ok := len(got) == len(want)
	for i := 0; ok && i < len(want); i++ {
		end := time.Duration(got[i].EndS * float64(time.Second)).Round(time.Microsecond)
		ok = got[i].Label == want[i].label && got[i].Score >= 0.5 && end >= want[i].first && end <= want[i].last
	}
	if !ok {
		t.Errorf("%s: heard %+v, want %v", name, got, want)
	}
}

// check compares the scores of the runs with the model's formula, to some tolerance.
func (d dense) check(t *testing.T, name string, e pipeline.Engine, o Options, sound []int16, tolerance float64) {
	t.Helper()
	probe := &probed{Engine: e}
	whole(t, open(t, probe, o), sound)
	if len(probe.windows) < 20 {
		t.Fatalf("%s: %d runs", name, len(probe.windows))
	}
	lowest, highest := 1.0, 0.0
	for k, w := range probe.windows {
		for c, want := range d.expect(w) {
			got := float64(probe.scores[k][c])
			lowest, highest = min(lowest, got), max(highest, got)
			if math.Abs(got-want) > tolerance {
				t.Fatalf("%s: run %d says %.3f of class %d, want %.3f", name, k, got, c, want)
			}
		}
	}
	if lowest > 0.1 || highest < 0.9 {
		t.Errorf("%s: scores from %.3f to %.3f only", name, lowest, highest)
	}
}

// TestWaveformModels hears two tone words with matched filters in the interpreter.
func TestWaveformModels(t *testing.T) {
	const rate, n = 8000, 800 // 100 ms
	low, high := tone(620, rate, n), tone(1770, rate, n)
	d := dense{shape: []int{1, n}, scale: 1.0 / 128}
	for _, word := range [][]int16{low, high} {
		var w []float32
		energy := 0.0
		for _, s := range word {
			energy += float64(s) * float64(s) / (1 << 30)
		}
		for _, s := range word {
			w = append(w, float32(10*float64(s)/32768/energy)) // the word itself gives 10 - 5
		}
		d.weights, d.bias = append(d.weights, w), append(d.bias, -5)
	}
	r := rand.New(rand.NewPCG(1, 8))
	still := func(n int) []int16 {
		s := make([]int16, n)
		for i := range s {
			s[i] = int16(r.IntN(200) - 100)
		}
		return s
	}
	// The words begin at 203, 503 and 1003 ms, 100 ms each; off the grid of runs, which are each 1 ms.
	sound := join(still(1624), low, still(1600), high, still(3200), low, still(800))
	want := []heard{{"low", 250 * ms, 304 * ms}, {"high", 550 * ms, 604 * ms}, {"low", 1050 * ms, 1104 * ms}}
	o := Options{Features: Waveform, Rate: rate, Step: ms, Labels: []string{"low", "high"}, Refractory: 150 * ms}
	for name, m := range map[string]modeltest.Model{"float": d.float(), "int8": d.int8(t)} {
		tolerance := map[string]float64{"float": 1e-4, "int8": 0.05}[name]
		d.check(t, name, engine(t, m), o, sound, tolerance)
		f := open(t, engine(t, m), o)
		checkHeard(t, name, whole(t, f, sound), want)
		first := whole(t, f, sound)
		for seed := range uint64(3) {
			if got := cut(t, f, sound, rand.New(rand.NewPCG(seed, 9)), 500); !slices.Equal(got, first) {
				t.Errorf("%s in pieces: %v, whole: %v", name, got, first)
			}
		}
		checkHeard(t, name+", one word alone", whole(t, f, low), []heard{{"low", 50 * ms, 100 * ms}})
	}
}

// TestLogMelModels hears two tones by the bins that they are in.
func TestLogMelModels(t *testing.T) {
	const rows, bins = 30, 20
	features := mel.Options{Rate: 16000, WindowMS: 25, HopMS: 10, Bins: bins, LowHz: 100, HighHz: 4000, Floor: 1e-4}
	m, err := mel.New(features)
	if err != nil {
		t.Fatal(err)
	}
	brightest := func(hz float64) int {
		row := m.Process(nil, tone(hz, 16000, m.Window()))
		m.Reset()
		return slices.Index(row, slices.Max(row))
	}
	bin := []int{brightest(500), brightest(2500)}
	if bin[0] == bin[1] {
		t.Fatal("both tones are in one bin")
	}
	// Normalized, silence is 0 and the tones are about 1; the filters want 20 rows of the 30 to have them.
	silence, loud := float64(m.Silence()[0]), float64(slices.Max(m.Process(nil, tone(500, 16000, m.Window()))))
	features.Mean, features.Std = []float64{silence}, []float64{loud - silence}
	d := dense{shape: []int{1, rows, bins, 1}, scale: 1.5 / 255, zero: -128}
	for _, b := range bin {
		w := make([]float32, rows*bins)
		for r := range rows {
			w[r*bins+b] = 12.0 / rows
		}
		d.weights, d.bias = append(d.weights, w), append(d.bias, -6)
	}
	gap := make([]int16, 12800)
	sound := join(gap, tone(500, 16000, 4000), gap, tone(2500, 16000, 4000), gap, tone(500, 16000, 3200))
	want := []heard{{"low", 900 * ms, 1100 * ms}, {"high", 1950 * ms, 2150 * ms}, {"low", 3000 * ms, 3200 * ms}}
	o := Options{Mel: features, Step: 20 * ms, Labels: []string{"low", "high"}, Smoothing: 40 * ms, Refractory: 200 * ms}
	shapes := [][]int{{1, rows, bins, 1}, {1, rows, bins}, {1, rows * bins}}
	for i, shape := range shapes {
		d.shape = shape
		for name, model := range map[string]modeltest.Model{"float": d.float(), "int8": d.int8(t)} {
			name := fmt.Sprintf("%s %v", name, shape)
			e := engine(t, model)
			if i == 0 {
				d.check(t, name, e, o, sound, 0.06)
			}
			f := open(t, e, o)
			first := whole(t, f, sound)
			checkHeard(t, name, first, want)
			if got := cut(t, f, sound, rand.New(rand.NewPCG(uint64(i), 10)), 3000); !slices.Equal(got, first) {
				t.Errorf("%s in pieces: %v, whole: %v", name, got, first)
			}
		}
	}
}
