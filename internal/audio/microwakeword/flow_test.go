package microwakeword

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/tflite/tensor"
)

var ahoy = Manifest{Model: "ahoy.tflite", WakeWord: "Ahoy", Cutoff: 0.5, SlidingWindow: 2, Step: 10}

// flow is a WakeWord on an engine.
func flow(t *testing.T, e pipeline.Engine, m Manifest, o Options) *WakeWord {
	t.Helper()
	w, err := NewWakeWord(m, e, o)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

// rows processes chunks of one row each, whose first feature makes a fake answer value, according to the voice gate.
// The first is First. It returns the keywords by the number of the row that ends them.
func rows(t *testing.T, w *WakeWord, values []int, voice func(row int) bool) map[int]pipeline.Keyword {
	t.Helper()
	found := map[int]pipeline.Keyword{}
	for i, v := range values {
		c := &audio.Chunk{Rate: Rate, First: i == 0, Start: int64(i * Hop), Samples: make([]int16, Hop), Level: -30, Voice: true}
		if i == 0 {
			c.Samples = make([]int16, Window)
		} else {
			c.Start += Window - Hop
		}
		for k := range c.Samples {
			c.Samples[k] = 1036 // -30 dB
		}
		if voice != nil {
			c.Voice = voice(i)
		}
		c.Micro = make([]uint16, Channels)
		c.Micro[0] = uint16(math.Ceil(float64(v) * 0.1 / Scale))
		got, err := w.Process(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		if got.Suppress != (len(got.Keywords) == 0) || len(got.Keywords) > 1 {
			t.Fatalf("row %d: %+v", i, got)
		}
		for _, k := range got.Keywords {
			found[i] = k
		}
	}
	return found
}

// at has values that are v at some rows and otherwise 0.
func at(n, v int, rows ...int) []int {
	values := make([]int, n)
	for _, r := range rows {
		values[r] = v
	}
	return values
}

func TestWakeWord(t *testing.T) {
	e := newFake(3, 3)
	w := flow(t, e, ahoy, Options{})
	// Row 300 is in run 100, which also has 301 and 302; with the sliding window of two the mean is 100/256 at first,
	// then 200/256, until the model has forgotten.
	got := rows(t, w, at(600, 200, 300), nil)
	want := pipeline.Keyword{Label: "Ahoy", Score: 200. / 256, EndS: 3.05 + 0.03, LevelDBFS: -30}
	want.StartS = want.EndS - w.span.Seconds()
	k, ok := got[305]
	if len(got) != 1 || !ok || k.Label != want.Label || k.Score != want.Score || math.Abs(float64(k.LevelDBFS-want.LevelDBFS)) > 0.1 ||
		math.Abs(k.StartS-want.StartS) > 1e-9 || math.Abs(k.EndS-want.EndS) > 1e-9 {
		t.Errorf("%+v, want at row 305 %+v", got, want)
	}
	if e.runs != 200 || w.Name() != "wakeword" || w.Device().Name != "cpu:fake" {
		t.Errorf("%d runs", e.runs)
	}
}

// TestStart has no results before the sliding window is full, and starts again at First.
func TestStart(t *testing.T) {
	e := resettable{newFake(2, 50)}
	w := flow(t, e, ahoy, Options{Label: "hello", SlidingWindow: 4})
	for i := range 3 {
		got := rows(t, w, at(30, 200, 0), nil)
		if k, ok := got[7]; len(got) != 1 || !ok || k.Label != "hello" || k.StartS != 0 {
			t.Errorf("%+v", got)
		}
		if e.resets != i {
			t.Errorf("%d resets in recording %d", e.resets, i)
		}
	}
	// An engine without Reset forgets through silence.
	w = flow(t, newFake(2, memory/2), ahoy, Options{SlidingWindow: 4})
	rows(t, w, at(30, 200, 29), nil)
	if got := rows(t, w, at(30, 0), nil); len(got) != 0 {
		t.Errorf("of the recording before: %+v", got)
	}
}

// TestCutoff fires above the cutoff, not at it.
func TestCutoff(t *testing.T) {
	for _, c := range []struct {
		cutoff float32
		value  int
		fires  bool
	}{{0.5, 128, false}, {0.5, 129, true}, {1, 255, false}, {1. / 256, 1, false}, {1. / 256, 2, true}, {0.99609375, 255, false}} {
		w := flow(t, newFake(1, 1000), ahoy, Options{Cutoff: c.cutoff})
		if got := rows(t, w, at(20, c.value, 5), nil); (len(got) > 0) != c.fires {
			t.Errorf("%d/256 with the cutoff %g: %+v", c.value, c.cutoff, got)
		}
	}
}

func TestRefractory(t *testing.T) {
	said := at(500, 200, 100, 160, 300)
	for refractory, want := range map[time.Duration]int{0: 3, time.Second: 2, 3 * time.Second: 1} {
		w := flow(t, newFake(1, 5), ahoy, Options{Refractory: refractory})
		if got := rows(t, w, said, nil); len(got) != want {
			t.Errorf("%v: %+v", refractory, got)
		}
	}
}

// TestVoice closes the voice gate for some rows: what the model hears afterwards, and its results, are as if it had
// listened all along.
func TestVoice(t *testing.T) {
	const n, said = 1500, 1203
	values := at(n, 200, said, said+100)
	open := rows(t, flow(t, newFake(3, memory/3), ahoy, Options{}), values, nil)
	if len(open) != 1 { // the model remembers the first when the second comes
		t.Fatalf("%+v", open)
	}
	for _, gap := range [][2]int{{0, 1200}, {1, 1201}, {5, 1204}, {700, 1205}, {1100, 1204}, {1202, 1206}, {3, 1100}} {
		e := newFake(3, memory/3)
		w := flow(t, e, ahoy, Options{})
		got := rows(t, w, values, func(row int) bool { return row < gap[0] || row >= gap[1] })
		for row, k := range open {
			if late, ok := got[max(row, gap[1])]; !ok || late != k || len(got) != 1 {
				t.Errorf("gate closed from row %d to %d: %+v, not %+v", gap[0], gap[1], got, open)
			}
		}
		if rest := gap[1] - gap[0] - w.keep; rest > 0 && e.runs > (n-rest)/3+2 {
			t.Errorf("gate closed from row %d to %d: %d runs", gap[0], gap[1], e.runs)
		}
	}
	// Words from long before the gate opened are not detected.
	got := rows(t, flow(t, newFake(3, memory/3), ahoy, Options{}), at(n, 200, 500), func(row int) bool { return row > 900 })
	if len(got) != 0 {
		t.Errorf("%+v", got)
	}
}

// TestEnd pads the end of a recording: its keyword ends with it.
func TestEnd(t *testing.T) {
	w := flow(t, newFake(3, 10), ahoy, Options{Cutoff: 0.01, SlidingWindow: 9})
	var found []pipeline.Keyword
	sound := madeSound()[:7*Hop]
	for i := range sound {
		sound[i] = madeSound()[2*Rate*4/8+i]
	}
	chunks(t, sound, 100, NewStage(), func(c *audio.Chunk) {
		got, err := w.Process(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, got.Keywords...)
	})
	if len(found) != 1 || found[0].EndS != 0.07 || found[0].StartS != 0 {
		t.Errorf("%+v", found)
	}
}

func TestTakeFails(t *testing.T) {
	e := newFake(1, 1)
	w := flow(t, e, ahoy, Options{})
	take := func(c *audio.Chunk) error {
		c.Rate, c.Voice = Rate, true
		_, err := w.Process(t.Context(), c)
		return err
	}
	row := make([]uint16, Channels)
	if err := take(&audio.Chunk{First: true, Micro: row}); err != nil {
		t.Fatal(err)
	}
	e.fails = true
	for name, err := range map[string]error{"run": take(&audio.Chunk{Micro: row}), "begin": take(&audio.Chunk{First: true})} {
		if !errors.Is(err, errFake) || !strings.Contains(err.Error(), "ahoy.tflite") {
			t.Errorf("%s: %v", name, err)
		}
	}
	e.fails = false
	if err := take(&audio.Chunk{Micro: row[1:]}); err == nil || !strings.Contains(err.Error(), "39 features") {
		t.Errorf("a part of a row: %v", err)
	}
	_ = e.Close()
	if err := take(&audio.Chunk{Micro: row}); err == nil || !strings.Contains(err.Error(), "closed") {
		t.Errorf("after the engine's Close: %v", err)
	}
}

// TestUnfit has models that the features do not fit, and invalid options.
func TestUnfit(t *testing.T) {
	for want, change := range map[string]func(f *fake, m *Manifest, o *Options){
		"shape [1,3,32], want [1,N,40]": func(f *fake, _ *Manifest, _ *Options) { f.in[0].Shape = []int{1, 3, 32} },
		"shape [3,40], want":            func(f *fake, _ *Manifest, _ *Options) { f.in[0].Shape = []int{3, 40} },
		"shape [2,3,40], want":          func(f *fake, _ *Manifest, _ *Options) { f.in[0].Shape = []int{2, 3, 40} },
		"2 inputs and 1 outputs":        func(f *fake, _ *Manifest, _ *Options) { f.in = append(f.in, f.in[0]) },
		"1 inputs and 0 outputs":        func(f *fake, _ *Manifest, _ *Options) { f.out = nil },
		"one probability":               func(f *fake, _ *Manifest, _ *Options) { f.out[0].Shape = []int{1, 2} },
		`input "rows" holds float32`:    func(f *fake, _ *Manifest, _ *Options) { f.in[0].Type = tensor.Float32 },
		`output "probability" holds int8 (not quantized)`: func(f *fake, _ *Manifest, _ *Options) {
			f.out[0].Type, f.out[0].Quantization = tensor.Int8, tensor.Quantization{}
		},
		"cutoff 1.5":              func(_ *fake, _ *Manifest, o *Options) { o.Cutoff = 1.5 },
		"cutoff NaN":              func(_ *fake, _ *Manifest, o *Options) { o.Cutoff = float32(math.NaN()) },
		"cutoff 0":                func(_ *fake, m *Manifest, _ *Options) { m.Cutoff = 0 },
		"window -1":               func(_ *fake, _ *Manifest, o *Options) { o.SlidingWindow = -1 },
		"window 0":                func(_ *fake, m *Manifest, _ *Options) { m.SlidingWindow = 0 },
		"refractory time of -1ns": func(_ *fake, _ *Manifest, o *Options) { o.Refractory = -1 },
	} {
		e, m, o := newFake(3, 1), ahoy, Options{}
		change(e, &m, &o)
		if _, err := NewWakeWord(m, e, o); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ahoy.tflite") {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

// TestQuantizing compares the table with the formula, at types and scales of either kind.
func TestQuantizing(t *testing.T) {
	int8s := tableOf(tensor.Info{Type: tensor.Int8, Quantization: tensor.PerTensor(0.10196079, -128)})
	for v, want := range map[int]int8{0: -128, 1: -128, 2: -127, 100: -90, 668: 127} {
		if got := int8(int8s[min(v, len(int8s)-1)]); got != want {
			t.Errorf("%d is stored as %d, not %d", v, got, want)
		}
	}
	if n := len(int8s); int8(int8s[n-1]) != 127 || int8(int8s[n-2]) != 126 {
		t.Errorf("the table ends with %d", int8s[n-2:])
	}
	uint8s := tableOf(tensor.Info{Type: tensor.UInt8, Quantization: tensor.PerTensor(2*Scale, 3)})
	if want := []byte{3, 4, 4, 4, 5, 6, 6}; !slices.Equal(uint8s[:len(want)], want) { // halves go to the even one
		t.Errorf("%d", uint8s[:len(want)])
	}
	if coarse := tableOf(tensor.Info{Type: tensor.Int8, Quantization: tensor.PerTensor(1e6, 0)}); len(coarse) != math.MaxUint16+1 || coarse[5] != 0 {
		t.Errorf("%d entries", len(coarse))
	}
}

func TestTakeAllocates(t *testing.T) {
	w := flow(t, resettable{newFake(3, 10)}, ahoy, Options{})
	c := &audio.Chunk{Rate: Rate, Samples: make([]int16, 5*Hop), Micro: make([]uint16, 5*Channels), Voice: true}
	turn := 0
	if n := testing.AllocsPerRun(500, func() {
		c.First, c.Voice = turn%100 == 0, turn%70 < 50 // also while the gate is closed, and when it opens
		c.Start += int64(len(c.Samples))
		turn++
		if got, err := w.Process(t.Context(), c); err != nil || !got.Suppress {
			t.Error(got, err)
		}
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// TestCutoffChanges changes the cutoff between recordings, and within one.
func TestCutoffChanges(t *testing.T) {
	now := float32(0.9)
	w := flow(t, newFake(1, 1000), ahoy, Options{Now: func() float32 { return now }})
	for _, c := range []struct {
		now   float32
		fires bool
	}{{0.9, false}, {0.7, true}, {0.79, false}, {0.5, true}} {
		now = c.now
		if got := rows(t, w, at(20, 200, 5), nil); (len(got) > 0) != c.fires { // 200/256 is 0.78
			t.Errorf("cutoff %g: %+v", c.now, got)
		}
	}
	now = 0.9
	got := rows(t, w, at(20, 200, 5, 12), func(row int) bool {
		if row == 10 {
			now = 0.5
		}
		return true
	})
	if len(got) != 1 {
		t.Errorf("%+v", got)
	}
	for row := range got {
		if row < 10 {
			t.Errorf("it fires in row %d", row)
		}
	}
	now = 2
	if _, err := w.Process(t.Context(), &audio.Chunk{Rate: Rate, Samples: make([]int16, Hop), Micro: make([]uint16, Channels)}); err == nil {
		t.Error("a cutoff of 2 is taken")
	}
}
