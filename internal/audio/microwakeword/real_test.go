package microwakeword

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

var realModels = []string{"alexa", "hey_jarvis", "hey_mycroft", "okay_nabu"} // as testdata/peer.py has them

// realModel opens a model of the package pymicro-wakeword.
func realModel(tb testing.TB, name string, choice delegate.Choice, o Options) *WakeWord {
	tb.Helper()
	m, err := ReadManifest(testdata.Packaged(tb, "pymicro_wakeword/models/"+name+".json"))
	if err != nil {
		tb.Fatal(err)
	}
	e, err := delegate.Open(tb.Context(), delegate.Files{CPU: m.Model}, delegate.Options{Choice: choice})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	w, err := NewWakeWord(m, e, o)
	if err != nil {
		tb.Fatal(err)
	}
	return w
}

// hear is what models detect in a recording divided into chunks of this many samples: "LABEL END SCORE" each.
func hear(tb testing.TB, sound []int16, size int, models ...*WakeWord) (found []string) {
	tb.Helper()
	return hearAfter(tb, sound, size, NewStage(), models...)
}

// hearAfter is hear with a given stage.
func hearAfter(tb testing.TB, sound []int16, size int, stage *Stage, models ...*WakeWord) (found []string) {
	tb.Helper()
	chunks(tb, sound, size, stage, func(c *audio.Chunk) {
		for _, w := range models {
			got, err := w.Process(tb.Context(), c)
			if err != nil {
				tb.Fatal(err)
			}
			for _, k := range got.Keywords {
				found = append(found, fmt.Sprintf("%s %.2f %.4f", k.Label, k.EndS, k.Score))
			}
		}
	})
	return found
}

func openAll(tb testing.TB, choice delegate.Choice) (all []*WakeWord) {
	for _, name := range realModels {
		all = append(all, realModel(tb, name, choice, Options{}))
	}
	return all
}

// answers runs the models on a recording and returns each run's probability and mean.
func answers(tb testing.TB, sound []int16, models []*WakeWord) [][][2]float64 {
	features := NewFrontend().Process(nil, sound)
	all := make([][][2]float64, len(models))
	for i, w := range models {
		c := &audio.Chunk{Rate: Rate, First: true, Voice: true}
		for part := range slices.Chunk(features, w.model.stride*Channels) {
			if c.Micro = part; len(part) < w.model.stride*Channels {
				break
			}
			if _, err := w.Process(tb.Context(), c); err != nil {
				tb.Fatal(err)
			}
			c.First = false
			mean := 0.
			if w.filled == len(w.recent) {
				mean = float64(w.score[0])
			}
			last := w.recent[(w.at+len(w.recent)-1)%len(w.recent)]
			all[i] = append(all[i], [2]float64{w.model.scale * float64(last), mean})
		}
	}
	return all
}

// recordings are all of the test data's speech, the digits joined by digit and speaker: models take up to two seconds
// until they have heard enough to say anything.
func recordings(tb testing.TB) (names []string, sounds [][]int16) {
	names, sounds = speech(tb, "wakewords/*.wav")
	each, digits := speech(tb, "digits/*.wav")
	for i, name := range each {
		group := name[:strings.LastIndexByte(name, '_')]
		if names[len(names)-1] != group {
			names, sounds = append(names, group), append(sounds, nil)
		}
		last := len(sounds) - 1
		sounds[last] = append(sounds[last], digits[i]...)
	}
	return names, sounds
}

// TestAnswersAsThePeer compares the probabilities of the four models on all recordings, which must be equal, and their
// means, which are rounded to float32 here. XNNPACK rounds inside the models, so that its answers occasionally differ
// by some steps of 256.
func TestAnswersAsThePeer(t *testing.T) {
	asThePeer(t)
	names, sounds := recordings(t)
	from := peer(t, "answers", sounds)
	exact, fast := openAll(t, delegate.None), openAll(t, delegate.XNNPACK)
	var runs, others int
	worst := 0.
	for i, sound := range sounds {
		got, rounded := answers(t, sound, exact), answers(t, sound, fast)
		for k, name := range realModels {
			want := from.runs()
			if len(got[k]) != len(want) {
				t.Fatalf("%s, %s: %d runs, not %d", name, names[i], len(got[k]), len(want))
			}
			for n := range want {
				if got[k][n][0] != want[n][0] || math.Abs(got[k][n][1]-want[n][1]) > 1e-7 {
					t.Fatalf("%s, %s, run %d: %v, not %v", name, names[i], n, got[k][n], want[n])
				}
				runs++
				if off := math.Abs(rounded[k][n][0]-want[n][0]) * 256; off > 0 {
					others++
					worst = max(worst, off)
				}
			}
		}
	}
	t.Logf("%d runs; XNNPACK gives another answer in %d, by at most %g steps of 256", runs, others, worst)
	if runs < 10000 || worst > 40 || others > runs/20 {
		t.Errorf("%d runs; XNNPACK gives another answer in %d, by up to %g steps", runs, others, worst)
	}
}

// heard are the words in the recordings, as pymicro-wakeword finds them: where the mean of its probabilities first
// exceeds the cutoff.
var heard = map[string][]string{
	"alexa-en-gb":        {"Alexa 1.82 0.9453"},
	"alexa-en-us":        {"Alexa 1.85 0.9672"},
	"hey_mycroft-en-gb":  {"Hey Mycroft 1.94 0.9875"},
	"okay_nabu-en-gb":    {"Okay Nabu 2.15 0.8586"},
	"okay_nabu-en-us+f3": {"Okay Nabu 2.21 0.8672"},
	"okay_nabu-en-us":    {"Okay Nabu 2.12 0.9234"},
}

// TestHeard finds exactly the words, however the sound is divided.
func TestHeard(t *testing.T) {
	models := openAll(t, delegate.None)
	names, sounds := speech(t, "wakewords/*.wav")
	for i, name := range names {
		for _, size := range []int{7680, Window, Hop, 7, 1} {
			if size < Hop && (i != 1 && testing.Short() || i%5 != 1) {
				continue // they take long
			}
			if got := hear(t, sounds[i], size, models...); !slices.Equal(got, heard[name]) {
				t.Errorf("%s in chunks of %d samples: heard %q, not %q", name, size, got, heard[name])
			}
		}
	}
}

// TestHeardByXNNPACK finds the same words at the same times.
func TestHeardByXNNPACK(t *testing.T) {
	models := openAll(t, delegate.XNNPACK)
	names, sounds := speech(t, "wakewords/*.wav")
	for i, name := range names {
		got := hear(t, sounds[i], 8000, models...)
		if len(got) != len(heard[name]) {
			t.Errorf("%s: heard %q, not %q", name, got, heard[name])
			continue
		}
		for k := range got {
			if cut := strings.LastIndexByte(heard[name][k], ' '); !strings.HasPrefix(got[k], heard[name][k][:cut]) {
				t.Errorf("%s: heard %q, not %q", name, got[k], heard[name][k])
			}
		}
	}
}

// TestHeardAtTheEnd cuts recordings off at the end of the word: it is still detected.
func TestHeardAtTheEnd(t *testing.T) {
	models := openAll(t, delegate.None)
	names, sounds := speech(t, "wakewords/*.wav")
	for i, name := range names {
		if len(heard[name]) == 0 {
			continue
		}
		sound := sounds[i]
		end := len(sound)
		for end > 0 && sound[end-1] <= 300 && sound[end-1] >= -300 {
			end--
		}
		got := hear(t, sound[:end], 8000, models...)
		if label, _, _ := strings.Cut(heard[name][0], " "); len(got) != 1 || !strings.HasPrefix(got[0], label) {
			t.Errorf("%s, cut off at %.2f s of %.2f: heard %q", name, float64(end)/Rate, float64(len(sound))/Rate, got)
		}
	}
}

// TestCaughtUp opens the gate late, when much of the word is over: it is still detected, at the same time.
func TestCaughtUp(t *testing.T) {
	models := openAll(t, delegate.None)
	names, sounds := speech(t, "wakewords/*.wav")
	for i, name := range names {
		var found []pipeline.Keyword
		opens := int64(3 * Rate / 2)
		padded := append(make([]int16, 3*Rate), sounds[i]...)
		chunks(t, padded, Hop, NewStage(), func(c *audio.Chunk) {
			c.Voice = c.Start >= opens+3*Rate
			for _, w := range models {
				got, err := w.Process(t.Context(), c)
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, got.Keywords...)
			}
		})
		want := hear(t, padded, 8000, models...)
		got := make([]string, len(found))
		for k, f := range found {
			got[k] = fmt.Sprintf("%s %.2f %.4f", f.Label, f.EndS, f.Score)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: heard %q, not %q", name, got, want)
		}
	}
}

// TestListeningAllocates listens with the front end and a real engine, chunk by chunk.
func TestListeningAllocates(t *testing.T) {
	sound, stage, w := madeSound(), NewStage(), realModel(t, "alexa", delegate.None, Options{})
	c := &audio.Chunk{Rate: Rate, First: true, Voice: true}
	turn := 0
	if n := testing.AllocsPerRun(300, func() {
		c.Samples = sound[turn%100*Hop:][:5*Hop]
		c.Micro = c.Micro[:0]
		if err := stage.Process(t.Context(), c); err != nil {
			t.Error(err)
		}
		if got, err := w.Process(t.Context(), c); err != nil || !got.Suppress {
			t.Error(got, err)
		}
		c.First = false
		c.Start += int64(len(c.Samples))
		turn++
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

// TestUnfitModel has a real model whose input is pictures.
func TestUnfitModel(t *testing.T) {
	path := testdata.Path(t, "models/mobilenet_v1_0.25_128_quant.tflite")
	if _, err := os.Stat(path); err != nil {
		t.Fatal(err)
	}
	e, err := delegate.Open(t.Context(), delegate.Files{CPU: path}, delegate.Options{Choice: delegate.None})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	m := ahoy
	m.Model = path
	if _, err := NewWakeWord(m, e, Options{}); err == nil || !strings.Contains(err.Error(), "want [1,N,40]") || !strings.Contains(err.Error(), "[1,128,128,3]") {
		t.Error(err)
	}
}

// BenchmarkWakeWords listens to all recordings with the four models, as the peer's --speed does.
func BenchmarkWakeWords(b *testing.B) {
	_, sounds := speech(b, "wakewords/*.wav")
	sound := slices.Concat(sounds...)
	for _, choice := range []delegate.Choice{delegate.None, delegate.XNNPACK} {
		b.Run(choice.String(), func(b *testing.B) {
			models, stage := openAll(b, choice), NewStage()
			hear := func() {
				chunks(b, sound, 8000, stage, func(c *audio.Chunk) {
					for _, w := range models {
						if _, err := w.Process(b.Context(), c); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
			b.ReportAllocs()
			for b.Loop() {
				hear()
			}
			b.ReportMetric(float64(b.N*len(sound))/Rate/b.Elapsed().Seconds(), "x_realtime")
		})
	}
}
