package openwakeword

import (
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// heard is what words are found in a recording by all models, as text.
func heard(tb testing.TB, c *chain, sound []int16, start int64, lengths ...int) string {
	tb.Helper()
	chunks := cut(sound, start, lengths...)
	hear(tb, c.stage, chunks)
	var all []string
	for _, name := range words {
		found, _ := told(tb, c.words[name], chunks)
		for _, k := range found {
			all = append(all, fmt.Sprintf("%s %.2f %.3f-%.3f", k.Label, k.Score, k.StartS, k.EndS))
		}
	}
	return strings.Join(all, ", ")
}

// TestRecordings: each recording gives its word once, with the time, and no other word. The Python package does not
// know the others either: espeak-ng's voice is not what the models were trained on.
func TestRecordings(t *testing.T) {
	c := newChain(t, delegate.XNNPACK)
	want := map[string]string{
		"alexa-en-gb.wav":         "alexa 0.91 0.000-1.502",
		"alexa-en-us.wav":         "alexa 0.64 0.000-1.662",
		"hey_jarvis-en-gb.wav":    "hey_jarvis 0.69 0.000-1.982",
		"hey_jarvis-en-us+f3.wav": "hey_jarvis 0.70 0.080-2.062",
		"hey_jarvis-en-us.wav":    "hey_jarvis 0.52 0.080-2.062",
		"okay_nabu-en-us+f3.wav":  "okay_nabu 0.94 0.480-2.462",
		"okay_nabu-en-us.wav":     "okay_nabu 0.80 0.480-2.462",
	}
	for _, path := range recordings(t) {
		name := filepath.Base(path)
		for _, lengths := range [][]int{{160}, {8000}, {1 << 20}} {
			if got := heard(t, c, samples(t, path), 0, lengths...); got != want[name] {
				t.Errorf("%s, cut into %v: %q, want %q", name, lengths, got, want[name])
			}
		}
	}
}

// TestTimes: times count from where the stream began, and nothing is said of what lies before or after the sound.
func TestTimes(t *testing.T) {
	c := newChain(t, delegate.XNNPACK)
	sound := recording(t, "hey_jarvis-en-us")
	if got, want := heard(t, c, sound, 10*rate, 160), "hey_jarvis 0.52 10.080-12.062"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// The word's last sound is also the recording's: it is heard in the silence that follows.
	if got, want := heard(t, c, recording(t, "alexa-en-gb")[:19000], 10*rate, 1600), "alexa "; !strings.HasPrefix(got, want) ||
		!strings.HasSuffix(got, "10.000-11.188") || strings.Contains(got, ",") {
		t.Errorf("%q, want %q and the recording's times", got, want)
	}
}

// TestGateWord: a word is found although the gate opened only with it, at the same time and as sure.
func TestGateWord(t *testing.T) {
	c := newChain(t, delegate.XNNPACK)
	silence := make([]int16, 5*rate)
	sound := slices.Concat(silence, recording(t, "hey_jarvis-en-us"), silence)
	w := c.words["hey_jarvis"]
	chunks := cut(sound, 0, 160)
	hear(t, c.stage, chunks)
	want, _ := told(t, w, chunks)
	for _, opens := range []int64{5 * rate, 6 * rate, 13 * rate / 2} {
		chunks := shut(cut(sound, 0, 160), 0, opens)
		shut(chunks[opens/160:], 8*rate, 1<<40)
		hear(t, c.stage, chunks)
		got, _ := told(t, w, chunks)
		if len(got) != 1 || len(want) != 1 || got[0].EndS != want[0].EndS || math.Abs(float64(got[0].Score-want[0].Score)) > 0.3 {
			t.Errorf("opened at %d: %+v, want %+v", opens, got, want)
		}
	}
}

// rowsOf are chunks of 80 ms with a row of embeddings each, of that many scores; a scripted word model gives them back.
func rowsOf(scores []float32) []*audio.Chunk {
	all := cut(make([]int16, hop*len(scores)), 0, hop)
	for i, c := range all {
		c.Last = false             // a Stage would add more
		for k := range c.Samples { // -50 dB in the first, and a decibel more in each after it
			c.Samples[k] = int16(math.Round(32768 * math.Pow(10, float64(i-50)/20)))
		}
		c.Embeddings = make([]float32, audio.EmbeddingSize)
		c.Embeddings[0] = scores[i]
	}
	return all
}

// scriptedWord is a word model of so many rows, whose score is the first feature of the newest.
func scriptedWord(tb testing.TB, rows int, o Options) *wakeWord {
	tb.Helper()
	w, err := NewWakeWord("word", newScripted([]int{1, rows, audio.EmbeddingSize}, []int{1, 1}, func(in, out []float32) error {
		out[0] = in[len(in)-audio.EmbeddingSize]
		return nil
	}), o)
	if err != nil {
		tb.Fatal(err)
	}
	return w.(*wakeWord)
}

// TestWhen: threshold, patience and refractory time say when the word is heard.
func TestWhen(t *testing.T) {
	nan := float32(math.NaN())
	scores := []float32{0.1, 0.5, 0.7, 0.4, 0.6, 0.9, 0.9, nan, 0.9, 0.2, 0.6, 0.6, 0.6, 0}
	for _, c := range []struct {
		o    Options
		want []int // rows
	}{
		{Options{}, []int{1, 4, 8, 10}},
		{Options{Threshold: 0.65}, []int{2, 5, 8}},
		{Options{Threshold: 1}, nil},
		{Options{Patience: 2}, []int{2, 5, 11}},
		{Options{Patience: 3}, []int{6, 12}},
		{Options{Patience: 4}, nil},
		{Options{Refractory: 600 * time.Millisecond}, []int{1, 10}},
		{Options{Refractory: time.Minute}, []int{1}},
	} {
		w := scriptedWord(t, 16, c.o)
		for round := range 2 { // the second recording begins anew
			found, _ := told(t, w, rowsOf(scores))
			var rows []int
			for _, k := range found {
				for row := range scores {
					if _, end := span(int64(row), 16); audio.At(max(end, 0), rate).Seconds() == k.EndS {
						rows = append(rows, row)
					}
				}
				if k.Label != "word" {
					t.Errorf("%+v", k)
				}
			}
			if !slices.Equal(rows, c.want) {
				t.Errorf("%+v, round %d: rows %v, want %v", c.o, round, rows, c.want)
			}
		}
	}
	// The window of row 5 ends within chunk 4, which is the loudest in it.
	found, _ := told(t, scriptedWord(t, 2, Options{Threshold: 0.8}), rowsOf(scores))
	if len(found) != 2 || found[0].Score != 0.9 || math.Abs(float64(found[0].LevelDBFS)+46) > 0.1 {
		t.Errorf("%+v", found)
	}
}

// TestWordRefuses: models and options that cannot be.
func TestWordRefuses(t *testing.T) {
	found := pulled(t, "alexa")
	good := func() pipeline.Engine { return newScripted([]int{1, 16, 96}, []int{1, 1}, nil) }
	for _, c := range []struct {
		label string
		e     pipeline.Engine
		o     Options
		want  string
	}{
		{"a", open(t, found.Embedding, delegate.None), Options{}, "not an openWakeWord wake word model: want the input float32[1,N,96], has "},
		{"a", newScripted([]int{1, 16, 40}, []int{1, 1}, nil), Options{}, "want the input float32[1,N,96], has in float32[1,16,40]"},
		{"a", newScripted([]int{1, 16, 96}, []int{1, 3}, nil), Options{}, "want 1 values of float32 as output, has "},
		{"a", newScripted([]int{1, 41, 96}, []int{1, 1}, nil), Options{}, "takes 41 rows of embeddings (want at most 40)"},
		{"a", good(), Options{Threshold: 1.5}, "invalid threshold 1.5"},
		{"a", good(), Options{Threshold: -0.5}, "invalid threshold -0.5"},
		{"a", good(), Options{Patience: -1}, "invalid patience -1 (want 1 or more)"},
		{"a", good(), Options{Refractory: -1}, "a refractory time of -1ns is not possible"},
	} {
		if _, err := NewWakeWord(c.label, c.e, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("error %v, want %s", err, c.want)
		}
	}
	w := scriptedWord(t, 16, Options{})
	if w.Name() != "wakeword" || w.Device().Name != "cpu:scripted" {
		t.Errorf("%s on %+v", w.Name(), w.Device())
	}
	if _, err := w.Process(t.Context(), &audio.Chunk{Rate: rate, First: true, Embeddings: make([]float32, 95)}); !errors.Is(err, errNoStage) {
		t.Errorf("a broken row: %v", err)
	}
	broken := errors.New("broken")
	w.engine.(*scripted).run = func([]float32, []float32) error { return broken }
	if _, err := w.Process(t.Context(), rowsOf([]float32{0})[0]); !errors.Is(err, broken) || err.Error() != "wake word model: broken" {
		t.Errorf("a run that fails: %v", err)
	}
}

// TestAllocations: live chunks of 10 ms, and half seconds of a file, through the whole chain.
func TestAllocations(t *testing.T) {
	c := newChain(t, delegate.XNNPACK)
	w := c.words["alexa"]
	w.engine = w.engine.(*recorder).Engine
	for _, length := range []int{160, 8000} {
		chunk := &audio.Chunk{Samples: make([]int16, length), Rate: rate, First: true, Level: -60, Voice: true}
		copy(chunk.Samples, recording(t, "alexa-en-gb")[8000:])
		ctx := t.Context()
		next := func() {
			chunk.Embeddings = chunk.Embeddings[:0]
			if err := c.stage.Process(ctx, chunk); err != nil {
				t.Fatal(err)
			}
			r, err := w.Process(ctx, chunk)
			if err != nil || !r.Suppress {
				t.Fatal(r, err)
			}
			chunk.First, chunk.Start = false, chunk.Start+int64(length)
		}
		for range 16 {
			next()
		}
		if n := testing.AllocsPerRun(50, next); n != 0 {
			t.Errorf("chunks of %d samples: %g allocations each", length, n)
		}
	}
}

// BenchmarkSecond is a second of sound through the chain, with one word and with all.
func BenchmarkSecond(b *testing.B) {
	c := newChain(b, delegate.XNNPACK)
	for _, w := range c.words {
		w.engine = w.engine.(*recorder).Engine
	}
	for _, n := range []int{1, len(words)} {
		b.Run(fmt.Sprint(n, " words"), func(b *testing.B) {
			chunk := &audio.Chunk{Samples: recording(b, "alexa-en-gb")[:rate], Rate: rate, First: true, Voice: true}
			b.ReportAllocs()
			for b.Loop() {
				chunk.Embeddings = chunk.Embeddings[:0]
				if err := c.stage.Process(b.Context(), chunk); err != nil {
					b.Fatal(err)
				}
				for _, name := range words[:n] {
					if _, err := c.words[name].Process(b.Context(), chunk); err != nil {
						b.Fatal(err)
					}
				}
				chunk.First, chunk.Start = false, chunk.Start+rate
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "realtime")
		})
	}
}

// TestThresholdChanges changes the threshold between recordings; patience counts scores above the new one.
func TestThresholdChanges(t *testing.T) {
	now := float32(0.5)
	w := scriptedWord(t, 16, Options{Patience: 2, Now: func() float32 { return now }})
	scores := []float32{0.1, 0.6, 0.6, 0.2, 0.8, 0.8, 0}
	for _, c := range []struct {
		now  float32
		want int
	}{{0.5, 2}, {0.7, 1}, {0.9, 0}, {0.1, 1}, {0.5, 2}} {
		now = c.now
		if found, _ := told(t, w, rowsOf(scores)); len(found) != c.want {
			t.Errorf("threshold %g: %+v, want %d", c.now, found, c.want)
		}
	}
	now = 0
	if _, err := w.Process(t.Context(), rowsOf(scores)[0]); err == nil {
		t.Error("a threshold of 0 is taken")
	}
}
