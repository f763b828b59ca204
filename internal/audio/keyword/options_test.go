package keyword

import (
	"math"
	"strings"
	"testing"
	"time"

	"corallite/internal/audio/mel"
	"corallite/tflite/tensor"
)

// TestNew has models and options that do not fit each other: the error says what was wanted, what there is, and what
// to change.
func TestNew(t *testing.T) {
	two := floats("scores", 1, 2)
	labels := []string{"yes", "no"}
	melOf := mel.Options{Rate: 16000, WindowMS: 25, HopMS: 10, Bins: 40, HighHz: 8000, Floor: 1e-6}
	wave := Options{Features: Waveform, Rate: 16000, Labels: labels}
	rows := Options{Mel: melOf, Labels: labels}
	with := func(o Options, change func(*Options)) Options {
		change(&o)
		return o
	}
	typed := func(typ tensor.Type, q tensor.Quantization, shape ...int) tensor.Info {
		return tensor.Info{Name: "x", Type: typ, Shape: shape, Quantization: q}
	}
	channels := tensor.Quantization{Scales: []float32{1, 2}, ZeroPoints: []int32{0, 0}}
	for _, c := range []struct {
		name    string
		in, out tensor.Info
		o       Options
		want    string // of the error; "": none
	}{
		{"waveform", floats("in", 15600), two, wave, ""},
		{"logmel", floats("in", 1, 98, 40, 1), two, rows, ""},
		{"no such features", floats("in", 15600), two, with(wave, func(o *Options) { o.Features = "mfcc" }), `invalid features "mfcc" (want logmel, micro or waveform)`},
		{"a waveform's rate", floats("in", 15600), two, with(wave, func(o *Options) { o.Rate = 0 }), "invalid rate 0 (want the sample rate"},
		{"another rate for micro", floats("in", 1960), two, Options{Features: Micro, Rate: 8000, Labels: labels}, "invalid rate 8000 for micro features (want 16000)"},
		{"rows that leave sound out", floats("in", 1960), two, Options{Features: Micro, HopMS: 40, Labels: labels}, "invalid hop 40 ms for micro features (want 10 to 30)"},
		{"other rows for micro", floats("in", 1, 49, 10), two, Options{Features: Micro, Labels: labels}, "input is [1,rows,40,1], [1,rows,40] or [1,rows×40]; it is in float32[1,49,10]: it was trained with other features"},
		{"a waveform's options", floats("in", 15600), two, with(wave, func(o *Options) { o.PerWindow = 3 }), "only applies to logmel features, not to waveform"},
		{"two rates", floats("in", 98, 40), two, with(rows, func(o *Options) { o.Rate = 8000 }), "invalid rate 8000 (the mel features have 16000)"},
		{"a rate below 0", floats("in", 15600), two, with(wave, func(o *Options) { o.Rate = -1 }), "invalid rate -1"},
		{"mel's own options", floats("in", 98, 40), two, with(rows, func(o *Options) { o.Mel.HighHz = 9000 }), "to 9000 Hz is not possible"},
		{"no mel options", floats("in", 98, 40), two, Options{Labels: labels}, "mel: invalid rate 0"},
		{"NaN", floats("in", 98, 40), two, with(rows, func(o *Options) { o.PerWindow = math.NaN() }), "per window NaN"},
		{"a range of NaN", floats("in", 98, 40), two, with(rows, func(o *Options) { o.RangeDB = math.NaN() }), "invalid range NaN dB"},
		{"a range and more", floats("in", 98, 40), two, with(rows, func(o *Options) { o.RangeDB, o.PerWindow = 20, 3 }), "mutually exclusive"},
		{"a range of bins of their own", floats("in", 98, 40), two, with(rows, func(o *Options) { o.RangeDB, o.Mel.Std = 20, make([]float64, 40) }), "one mean and one std"},
		{"times", floats("in", 15600), two, with(wave, func(o *Options) { o.Step, o.Smoothing, o.Refractory = -1, time.Hour, 2*time.Hour }),
			"invalid step -1ns (want 0 to 1m0s)\ninvalid smoothing 1h0m0s (want 0 to 1m0s)\ninvalid refractory time 2h0m0s (want 0 to 1h0m0s)"},
		{"a step that is too long", floats("in", 15600), two, with(wave, func(o *Options) { o.Step = time.Second }), "invalid step 1s (want at most the window of the model, 975ms)"},

		{"rows for a waveform", floats("in", 1, 98, 40), two, wave, "in float32[1,98,40], which looks like rows of features: set features.kind to logmel"},
		{"an open length", floats("in", 1), two, wave, "in float32[1] (a model that leaves N open must be exported with a fixed one)"},
		{"a scalar", floats("in"), two, wave, "input is [N] or [1,N]"},
		{"a picture", floats("in", 1, 224, 224, 3), two, wave, "input is [N] or [1,N]"},
		{"another number of bins", floats("in", 1, 198, 32, 1), two, rows, "with 40 bins need a model whose input is [1,rows,40,1], [1,rows,40] or [1,rows×40]; it is in float32[1,198,32,1]: set features.bins to 32"},
		{"bins first", floats("in", 1, 40, 98), two, rows, "its bins come first"},
		{"no whole rows", floats("in", 1, 1001), two, rows, "a number that divides 1001, or features.kind to waveform"},
		{"a picture as rows", floats("in", 1, 224, 224, 3), two, rows, "unsupported shape"},
		{"64-bit input", typed(tensor.Int64, tensor.Quantization{}, 15600), two, wave, "waveform features cannot be stored in an input of int64 (want float32, int8, uint8 or int16)"},
		{"8 bits without a scale", typed(tensor.Int8, tensor.Quantization{}, 15600), two, wave, "no single scale and zero point"},
		{"16 bits without a scale", typed(tensor.Int16, tensor.Quantization{}, 98, 40), two, rows, "no single scale and zero point"},
		{"a scale for each channel", typed(tensor.Int8, channels, 15600), two, wave, "no single scale and zero point"},

		{"smoothing over too many runs", floats("in", 15600), two, with(wave, func(o *Options) { o.Step, o.Smoothing = 10*ms, time.Minute }),
			"a smoothing of 1m0s is over 6000 runs of 10ms: want at most 1000"},
		{"no scores", floats("in", 15600), floats("out"), wave, "[classes], [1,classes] or [frames,classes]; they are out float32[]"},
		{"a picture of scores", floats("in", 15600), floats("out", 1, 9, 9, 2), wave, "[frames,classes]; they are"},
		{"64-bit scores", floats("in", 15600), typed(tensor.Int64, tensor.Quantization{}, 2), wave, "scores cannot be of int64"},
		{"8-bit scores without a scale", floats("in", 15600), typed(tensor.UInt8, tensor.Quantization{}, 2), wave, "one scale and zero point; they are x uint8[2]"},
		{"no such output", floats("in", 15600), two, with(wave, func(o *Options) { o.Output = "probs" }), `no output "probs" for the scores; it has 1: scores float32[1,2]`},

		{"no labels", floats("in", 15600), two, Options{Features: Waveform, Rate: 16000}, "name its label file"},
		{"too few labels", floats("in", 15600), floats("out", 5), wave, "5 classes and needs 5 labels (label_offset 0), the label file has 2"},
		{"a class for nothing", floats("in", 15600), floats("out", 3), wave, "if class 0 is for none of the words, set label_offset to -1"},
		{"that class is set", floats("in", 15600), floats("out", 3), with(wave, func(o *Options) { o.LabelOffset = -1 }), ""},
		{"a strange offset", floats("in", 15600), two, with(wave, func(o *Options) { o.LabelOffset = -2 }), "label_offset of -2"},
		{"more labels than classes", floats("in", 15600), two, with(wave, func(o *Options) { o.Labels = []string{"yes", "no", "maybe"} }), "too many labels: the model has 2 classes and needs 2 labels"},
		{"a remark behind the labels", floats("in", 15600), two, with(wave, func(o *Options) { o.Labels = []string{"yes", "no", "", "from the paper"} }), ""},
		{"a misspelled label", floats("in", 15600), two, with(wave, func(o *Options) { o.Allow = []string{"yess"} }), `category_allowlist: the model has no label "yess"; did you mean "yes"?`},
		{"a denied label", floats("in", 15600), two, with(wave, func(o *Options) { o.Deny = []string{"stop"} }), `category_denylist: the model has no label "stop"`},
		{"a label's threshold", floats("in", 15600), two, with(wave, func(o *Options) { o.Thresholds = map[string]float32{"nope": 0.5} }), `thresholds: the model has no label "nope"`},
		{"allowed and denied", floats("in", 15600), two, with(wave, func(o *Options) { o.Allow, o.Deny = labels[:1], labels[1:] }), "mutually exclusive"},
		{"nothing left", floats("in", 15600), two, with(wave, func(o *Options) { o.Deny = labels }), "no label is left to listen for"},
		{"no words", floats("in", 15600), two, with(wave, func(o *Options) { o.Labels = []string{"_silence_", "Background"} }), "no label is left to listen for"},
		{"thresholds", floats("in", 15600), two, with(wave, func(o *Options) { o.Threshold = 2 }), `invalid threshold 2 for "yes"`},
		{"at most", floats("in", 15600), two, with(wave, func(o *Options) { o.MaxResults = -1 }), "at most -1 keywords"},
	} {
		_, err := New(newFake(c.in, c.out, silent), c.o)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: %v", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
	e := newFake(floats("in", 15600), two, silent)
	e.in = append(e.in, floats("more", 3))
	if _, err := New(e, wave); err == nil || !strings.Contains(err.Error(), "has 2 inputs (want one): in float32[15600], more float32[3]") {
		t.Errorf("two inputs: %v", err)
	}
}

// TestOutputOf chooses the output with the scores among several by the labels, or not at all.
func TestOutputOf(t *testing.T) {
	outputs := []tensor.Info{floats("embedding", 1, 1024), floats("scores", 1, 3), floats("frames", 96, 64)}
	o := Options{Labels: []string{"a", "b", "c"}}
	if got, err := outputOf(outputs, o); got != 1 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
	o.LabelOffset = -1
	if got, err := outputOf(outputs, o); err == nil || !strings.Contains(err.Error(), "3 outputs, and which of them has the scores is not clear: 0 have a value for each of 4 labels") {
		t.Errorf("%d, %v", got, err)
	}
	if got, err := outputOf(append(outputs, floats("more", 4), floats("more", 1, 4)), o); err == nil || !strings.Contains(err.Error(), "2 have a value") {
		t.Errorf("%d, %v", got, err)
	}
	o.Output = "frames"
	if got, err := outputOf(outputs, o); got != 2 || err != nil {
		t.Errorf("%d, %v", got, err)
	}
}

func TestDefaults(t *testing.T) {
	for _, c := range []struct {
		in   tensor.Info
		o    Options
		rate int
		step time.Duration
		long time.Duration
	}{
		{floats("in", 15600), Options{Features: Waveform, Rate: 16000}, 16000, 487500 * time.Microsecond, 975 * ms},
		{floats("in", 1, 8000), Options{Features: Waveform, Rate: 8000, Step: 100 * ms}, 8000, 100 * ms, time.Second},
		{floats("in", 1, 98, 40), Options{Mel: mel.Options{Rate: 16000, WindowMS: 30, HopMS: 10, Bins: 40, HighHz: 8000, Floor: 1e-6}}, 16000, 100 * ms, time.Second},
		{floats("in", 1, 98, 40), Options{Step: 106 * ms, Mel: mel.Options{Rate: 16000, WindowMS: 30, HopMS: 10, Bins: 40, HighHz: 8000, Floor: 1e-6}}, 16000, 110 * ms, time.Second},
		{floats("in", 1, 1960), Options{Features: Micro}, 16000, 100 * ms, 990 * ms},
		{floats("in", 1, 49, 40, 1), Options{Features: Micro, HopMS: 10}, 16000, 100 * ms, 510 * ms},
		{floats("in", 1, 198*32), Coral(), 16000, 330 * ms, 1995 * ms},
	} {
		c.o.Labels = []string{"a", "b"}
		f := open(t, newFake(c.in, floats("out", 2+max(0, -c.o.LabelOffset)), silent), c.o)
		if f.Rate() != c.rate || f.Step() != c.step || f.Window() != c.long {
			t.Errorf("%s: %d samples a second, window %v, step %v; want %d, %v, %v", c.in, f.Rate(), f.Window(), f.Step(), c.rate, c.long, c.step)
		}
	}
}

func TestIsBackground(t *testing.T) {
	for label, want := range map[string]bool{
		"silence": true, "Silence": true, "_silence_": true, "_unknown_": true, "_background_noise_": true, "background noise": true,
		"negative": true, "other": true, "???": true, "noise": true, "": false, "one": false, "another": false, "white noise": false,
	} {
		if got := IsBackground(label); got != want {
			t.Errorf("%q: %v", label, got)
		}
	}
}
