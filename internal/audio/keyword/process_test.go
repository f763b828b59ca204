package keyword

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/tflite/tensor"
)

// marked is a model of windows of 100 samples that hears "low" and "high" by a loud sample below and above zero, as
// long as it is in the window; "noise" is all of it.
func marked(window, scores []float32) error {
	scores[0], scores[1], scores[2] = 1, -slices.Min(window), slices.Max(window)
	return nil
}

// markedModel runs it at 1000 samples a second, each 10 ms.
func markedModel(t testing.TB, change func(*Options)) (*Model, *fake) {
	o := Options{Activation: score.None,
		Features: Waveform, Rate: 1000, Step: 10 * time.Millisecond, Labels: []string{"noise", "low", "high"},
		Threshold: 0.5, Refractory: 50 * time.Millisecond,
	}
	if change != nil {
		change(&o)
	}
	e := newFake(floats("in", 1, 100), floats("out", 1, 3), marked)
	return open(t, e, o), e
}

// mark is silence with loud samples in it.
func mark(n int, loud map[int]int16) []int16 {
	s := make([]int16, n)
	for at, v := range loud {
		s[at] = v
	}
	return s
}

const ms = time.Millisecond

func word(label string, score float32, start, end time.Duration) pipeline.Keyword {
	return pipeline.Keyword{Label: label, Score: score, StartS: start.Seconds(), EndS: end.Seconds(), LevelDBFS: -20}
}

func TestKeywords(t *testing.T) {
	for _, c := range []struct {
		name   string
		sound  []int16
		change func(*Options)
		want   []pipeline.Keyword
	}{
		{"silence", make([]int16, 500), nil, nil},
		{"one word in the middle", mark(500, map[int]int16{203: 24576}), nil, []pipeline.Keyword{word("high", 0.75, 110*ms, 210*ms)}},
		{"shorter than the window", mark(15, map[int]int16{3: 24576}), nil, []pipeline.Keyword{word("high", 0.75, 0, 10*ms)}},
		{"shorter than a step", mark(5, map[int]int16{3: 24576}), nil, []pipeline.Keyword{word("high", 0.75, 0, 5*ms)}},
		{"one sample", mark(1, map[int]int16{0: 24576}), nil, []pipeline.Keyword{word("high", 0.75, 0, 1*ms)}},
		{"the last sample", mark(204, map[int]int16{203: 24576}), nil, []pipeline.Keyword{word("high", 0.75, 110*ms, 204*ms)}},
		{"two words", mark(500, map[int]int16{203: 24576, 208: -16384}), nil,
			[]pipeline.Keyword{word("low", 0.5, 110*ms, 210*ms), word("high", 0.75, 110*ms, 210*ms)}},
		{"only the higher one, then the other", mark(500, map[int]int16{203: 24576, 218: -16384}), func(o *Options) { o.MaxResults = 1 },
			[]pipeline.Keyword{word("high", 0.75, 110*ms, 210*ms), word("low", 0.5, 210*ms, 310*ms)}},
		{"the same word again", mark(500, map[int]int16{103: 24576, 303: 24576}), nil,
			[]pipeline.Keyword{word("high", 0.75, 10*ms, 110*ms), word("high", 0.75, 210*ms, 310*ms)}},
		{"within the refractory time", mark(500, map[int]int16{103: 24576, 303: 24576}), func(o *Options) { o.Refractory = time.Second },
			[]pipeline.Keyword{word("high", 0.75, 10*ms, 110*ms)}},
		{"a threshold of its own", mark(500, map[int]int16{203: 24576, 208: -16384}), func(o *Options) {
			o.Threshold, o.Thresholds = 0.9, map[string]float32{"low": 0.4}
		}, []pipeline.Keyword{word("low", 0.5, 110*ms, 210*ms)}},
		{"allowed", mark(500, map[int]int16{203: 24576}), func(o *Options) { o.Allow = []string{"noise"} }, []pipeline.Keyword{word("noise", 1, 0, 10*ms)}},
		{"denied", mark(500, map[int]int16{203: 24576, 208: -16384}), func(o *Options) { o.Deny = []string{"high"} },
			[]pipeline.Keyword{word("low", 0.5, 110*ms, 210*ms)}},
		// A mean over four runs: the third that has the word makes it 3/4 × 0.75.
		{"smoothing", mark(500, map[int]int16{203: 24576}), func(o *Options) { o.Smoothing = 38 * ms },
			[]pipeline.Keyword{word("high", 0.5625, 130*ms, 230*ms)}},
		// Before the first run there are three that were not there.
		{"smoothing at the beginning", mark(500, map[int]int16{0: 24576}), func(o *Options) { o.Smoothing = 40 * ms },
			[]pipeline.Keyword{word("high", 0.5625, 0, 30*ms)}},
		{"smoothing of less than a step", mark(500, map[int]int16{203: 24576}), func(o *Options) { o.Smoothing = ms },
			[]pipeline.Keyword{word("high", 0.75, 110*ms, 210*ms)}},
		{"no label for class 0", mark(500, map[int]int16{203: 24576}), func(o *Options) { o.Labels, o.LabelOffset = []string{"low", "high"}, -1 },
			[]pipeline.Keyword{word("high", 0.75, 110*ms, 210*ms)}},
		{"a line too many", mark(500, map[int]int16{203: 24576}), func(o *Options) { o.Labels, o.LabelOffset = []string{"x", "noise", "low", "high"}, 1 },
			[]pipeline.Keyword{word("high", 0.75, 110*ms, 210*ms)}},
	} {
		f, _ := markedModel(t, c.change)
		first, again := whole(t, f, c.sound), whole(t, f, c.sound)
		other := whole(t, f, mark(10, map[int]int16{5: -32768})) // changes nothing of what was said before
		if !slices.Equal(first, c.want) || !slices.Equal(again, c.want) {
			t.Errorf("%s: %v and, the second time, %v; want %v (then %v)", c.name, first, again, c.want, other)
		}
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 5))
			if got := cut(t, f, c.sound, r, 1+r.IntN(300)); !slices.Equal(got, c.want) {
				t.Errorf("%s, cut in pieces (seed %d): %v, want %v", c.name, seed, got, c.want)
			}
		}
	}
}

// TestAtOnce looks at when a keyword comes: with the chunk that completes the step, not later.
func TestAtOnce(t *testing.T) {
	f, _ := markedModel(t, nil)
	sound := mark(300, map[int]int16{203: 24576})
	for at := 0; at < len(sound); at += 10 {
		c := &audio.Chunk{Samples: sound[at : at+10], Rate: 1000, Start: int64(at), First: at == 0, Voice: true}
		if got := take(t, f, c); (len(got) == 1) != (at == 200) {
			t.Errorf("the chunk from %d ms gave %v", at, got)
		}
	}
}

// TestLevel is that of the loudest 10 ms in the window.
func TestLevel(t *testing.T) {
	f, _ := markedModel(t, nil)
	heard := 0
	for at := 0; at < 500; at += 20 {
		c := &audio.Chunk{Samples: make([]int16, 20), Rate: 1000, Start: int64(at), First: at == 0, Voice: true}
		switch at {
		case 80, 220: // before the window and after it
			for i := range c.Samples {
				c.Samples[i] = 16000
			}
		case 120:
			for i := range 10 {
				c.Samples[i] = 9236 // -11 dB, and half of that in the 20 ms
			}
		case 200:
			c.Samples[5] = 24576 // alone in its 10 ms: -12.5 dB
		}
		found, err := f.Process(context.Background(), c)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range found.Keywords {
			heard++
			if k.EndS != 0.21 || math.Abs(float64(k.LevelDBFS)+11) > 0.01 {
				t.Errorf("%+v, want the end at 0.21 s and -11 dB", k)
			}
		}
	}
	if heard != 1 {
		t.Errorf("%d words", heard)
	}
}

// TestBeginsAgain has sound that was lost, and a stream that goes on where it should not.
func TestBeginsAgain(t *testing.T) {
	f, e := markedModel(t, func(o *Options) { o.Refractory = time.Minute })
	loud := func(start int64, first bool) []pipeline.Keyword {
		return take(t, f, &audio.Chunk{Samples: mark(10, map[int]int16{5: 24576}), Rate: 1000, Start: start, First: first, Level: -20, Voice: true})
	}
	for _, c := range []struct {
		start int64
		first bool
		want  []pipeline.Keyword
	}{
		{100, true, []pipeline.Keyword{word("high", 0.75, 100*ms, 110*ms)}},
		{110, false, nil},
		{120, true, []pipeline.Keyword{word("high", 0.75, 120*ms, 130*ms)}},
		{500, false, []pipeline.Keyword{word("high", 0.75, 500*ms, 510*ms)}}, // First was forgotten
		{510, false, nil},
	} {
		if got := loud(c.start, c.first); !slices.Equal(got, c.want) {
			t.Errorf("chunk from %d: %v, want %v", c.start, got, c.want)
		}
	}
	last := &audio.Chunk{Rate: 1000, Start: 520, Last: true, Voice: true}
	take(t, f, last)
	if got, want := loud(520, false), word("high", 0.75, 520*ms, 530*ms); len(got) != 1 || got[0] != want {
		t.Errorf("after the end: %v, want %v", got, want)
	}
	runs := e.runs
	empty := &audio.Chunk{Rate: 1000, First: true, Last: true, Voice: true}
	if got := take(t, f, empty); len(got) > 0 || e.runs > runs {
		t.Errorf("a recording without samples: %v, %d runs", got, e.runs-runs)
	}
}

func TestFrames(t *testing.T) {
	nan := float32(math.NaN())
	for _, c := range []struct {
		out    tensor.Info
		scores []float32
		want   []float32
	}{
		{floats("out", 3), []float32{0.1, 0.2, 0.3}, []float32{0.1, 0.2, 0.3}},
		{floats("out", 2, 3), []float32{0, 0.5, 0.25, 1, 0.5, 0.75}, []float32{0.5, 0.5, 0.5}},
		{floats("out", 1, 4, 3), []float32{0, 0, 1, 0, 1, 1, 0, 1, 1, 0, 0, 1}, []float32{0, 0.5, 1}},
		{floats("out", 2, 3), []float32{nan, 0.5, 1, 1, nan, nan}, nil},
		{tensor.Info{Type: tensor.UInt8, Shape: []int{1, 3}, Quantization: tensor.PerTensor(1.0/256, 0)}, []float32{0, 0.5, 1}, []float32{0, 0.5, 255.0 / 256}},
		{tensor.Info{Type: tensor.Int8, Shape: []int{1, 3}, Quantization: tensor.PerTensor(1.0/256, -128)}, []float32{0, 0.25, 1}, []float32{0, 0.25, 255.0 / 256}},
	} {
		e := newFake(floats("in", 100), c.out, func(_, scores []float32) error {
			copy(scores, c.scores)
			return nil
		})
		f := open(t, e, Options{Features: Waveform, Rate: 1000, Labels: []string{"a", "b", "c"}})
		if err := e.Invoke(context.Background()); err != nil {
			t.Fatal(err)
		}
		if got, err := f.scores.read(e); c.want == nil && errors.As(err, new(*pipeline.ItemError)) {
			continue
		} else if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s of %v: %v, %v; want %v", c.out, c.scores, got, err, c.want)
		}
	}
}

// TestOutputByName reads the scores from the output that is named, and not from another that the labels do not fit.
func TestOutputByName(t *testing.T) {
	e := newFake(floats("in", 100), floats("scores", 1, 2), silent)
	e.out = append([]tensor.Info{floats("embedding", 1, 7)}, e.out...)
	e.mem[1] = append([][]byte{make([]byte, 28)}, e.mem[1]...)
	o := Options{Features: Waveform, Rate: 1000, Labels: []string{"a", "b"}}
	if f := open(t, e, o); f.scores.output != 1 {
		t.Errorf("output %d, which has 7 values for 2 labels", f.scores.output)
	}
	o.Output = "embedding"
	if _, err := New(e, o); err == nil || !strings.Contains(err.Error(), "7 classes") {
		t.Errorf("the named output has 7 values for 2 labels: %v", err)
	}
	o.Output = "scores"
	if f := open(t, e, o); f.scores.output != 1 || f.scores.classes != 2 {
		t.Errorf("output %d with %d classes", f.scores.output, f.scores.classes)
	}
}

func TestRunFails(t *testing.T) {
	f, e := markedModel(t, nil)
	broken := errors.New("the device is on fire")
	e.model = func(_, _ []float32) error { return broken }
	_, err := f.Process(context.Background(), &audio.Chunk{Samples: make([]int16, 25), Rate: 1000, First: true, Voice: true})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), "at 0.01 s") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := f.Process(ctx, &audio.Chunk{Samples: make([]int16, 25), Rate: 1000, First: true, Voice: true}); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled run gives %v", err)
	}
	_, err = f.Process(context.Background(), &audio.Chunk{Samples: make([]int16, 25), Rate: 44100, First: true, Voice: true})
	if err == nil || !strings.Contains(err.Error(), "invalid sample rate 44100") || !strings.Contains(err.Error(), "want 1000") {
		t.Errorf("another rate gives %v", err)
	}
}

func TestDevice(t *testing.T) {
	f, e := markedModel(t, nil)
	if f.Device() != e.device || f.Name() != "keyword" || f.Rate() != 1000 {
		t.Errorf("%v, %q, %d", f.Device(), f.Name(), f.Rate())
	}
	e.device = pipeline.Device{Name: "cpu:other", Degraded: true, Reason: "lost"}
	if f.Device().Degraded {
		t.Error("the device of a run that was not yet")
	}
	take(t, f, &audio.Chunk{Samples: make([]int16, 25), Rate: 1000, First: true, Voice: true})
	if f.Device() != e.device {
		t.Errorf("after a run: %v", f.Device())
	}
}

// TestAllocates hears live sound and sound from a file, with the gate open, closed and opening.
func TestAllocates(t *testing.T) {
	for _, n := range []int{10, 160, 8000} {
		f, e := markedModel(t, func(o *Options) { o.Smoothing = 30 * ms })
		e.model = silent
		c := &audio.Chunk{Samples: make([]int16, n), Rate: 1000, First: true}
		step := 0
		hear := func() {
			c.Voice = step%3 > 0
			if _, err := f.Process(context.Background(), c); err != nil {
				t.Fatal(err)
			}
			c.Start, c.First = c.Start+int64(n), false
			step++
		}
		hear()
		hear()
		if got := testing.AllocsPerRun(60, hear); got != 0 {
			t.Errorf("chunks of %d samples: %g allocations each", n, got)
		}
	}
}

// TestThresholdChanges changes the threshold: what has one of its own keeps it, groups take that of theirs.
func TestThresholdChanges(t *testing.T) {
	now := float32(0.5)
	sound := mark(500, map[int]int16{203: 24576, 208: -16384}) // high 0.75, low 0.5
	high, low := word("high", 0.75, 110*ms, 210*ms), word("low", 0.5, 110*ms, 210*ms)
	plain, _ := markedModel(t, func(o *Options) { o.Now = func() float32 { return now } })
	own, _ := markedModel(t, func(o *Options) {
		o.Now, o.Thresholds = func() float32 { return now }, map[string]float32{"low": 0.4}
	})
	grouped, _ := markedModel(t, func(o *Options) {
		o.Now, o.Groups = func() float32 { return now }, []Group{{Name: "any", Labels: []string{"low", "high"}}}
	})
	for _, c := range []struct {
		now         float32
		plain, own  []pipeline.Keyword
		inTheGroups int
	}{
		{0.5, []pipeline.Keyword{low, high}, []pipeline.Keyword{low, high}, 1},
		{0.7, []pipeline.Keyword{high}, []pipeline.Keyword{low, high}, 1},
		{0.9, nil, []pipeline.Keyword{low}, 0},
		{0.5, []pipeline.Keyword{low, high}, []pipeline.Keyword{low, high}, 1},
	} {
		now = c.now
		if got := whole(t, plain, sound); !slices.Equal(got, c.plain) {
			t.Errorf("threshold %g: %v, want %v", c.now, got, c.plain)
		}
		if got := whole(t, own, sound); !slices.Equal(got, c.own) {
			t.Errorf("threshold %g, low with its own: %v, want %v", c.now, got, c.own)
		}
		if got := whole(t, grouped, sound); len(got) != c.inTheGroups {
			t.Errorf("threshold %g, in a group: %v, want %d", c.now, got, c.inTheGroups)
		}
	}
}
