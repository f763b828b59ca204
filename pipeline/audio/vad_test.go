package audio_test

import (
	"context"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/testdata"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
)

func newVAD(t *testing.T, o audio.VADOptions) *audio.VAD {
	t.Helper()
	g, err := audio.NewVAD(o)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// recordings are real words, at 16 kHz.
func recordings(t *testing.T, pattern string, step int) [][]int16 {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(testdata.Path(t, "speech"), pattern))
	if err != nil {
		t.Fatal(err)
	}
	var chosen []string
	for i := 0; i < len(names); i += step {
		chosen = append(chosen, names[i])
	}
	s, err := mic.NewFiles(mic.FilesOptions{Paths: chosen, Rate: 16000})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var all [][]int16
	for {
		c, err := s.Next(context.Background())
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		if c.First {
			all = append(all, nil)
		}
		all[len(all)-1] = append(all[len(all)-1], c.Samples...)
		c.Release()
	}
}

// span is the position of a word's loud part, in samples.
type span struct{ begin, end int }

// stream mixes words into noise of a level, with gaps of three seconds, and returns their positions. A word's begin and end
// are where its level comes within 25 dB of its loudest 10 ms, and where noise does not cover it.
func stream(words [][]int16, noise float64) ([]int16, []span) {
	r := rand.New(rand.NewPCG(1, 2))
	amplitude := 0.0
	if noise > audio.SilentDBFS {
		amplitude = 32768 * math.Pow(10, noise/20)
	}
	var all []int16
	var spans []span
	add := func(samples []int16) {
		for _, s := range samples {
			all = append(all, int16(min(32767, max(-32768, float64(s)+math.Round(r.NormFloat64()*amplitude)))))
		}
	}
	gap := make([]int16, 3*16000)
	add(gap)
	for _, word := range words {
		var levels []float64
		for frame := range slices.Chunk(word, 160) {
			sum := 1.0
			for _, s := range frame {
				sum += float64(s) * float64(s)
			}
			levels = append(levels, 10*math.Log10(sum/float64(len(frame))/(1<<30)))
		}
		least := max(slices.Max(levels)-25, noise+10)
		loud := func(l float64) bool { return l >= least }
		if begin := slices.IndexFunc(levels, loud); begin >= 0 {
			end := len(levels)
			for !loud(levels[end-1]) {
				end--
			}
			spans = append(spans, span{len(all) + begin*160, len(all) + end*160})
		}
		add(word)
		add(gap)
	}
	return all, spans
}

// TestGateCutsNoWord puts real words into silence and noise. From a word's first 100 ms on to its end the gate is open;
// what came before it opened is the models' to look at again, as far back as a second. How much is held back is what the
// gate is for.
func TestGateCutsNoWord(t *testing.T) {
	for _, c := range []struct {
		pattern string
		step    int
		noise   float64
		least   float64 // share that is held back at least
	}{
		{"digits/*.wav", 29, audio.SilentDBFS, 0.4},
		{"digits/*.wav", 29, -60, 0.4},
		{"digits/*.wav", 29, -45, 0.4},
		{"wakewords/*.wav", 1, audio.SilentDBFS, 0.4},
		{"wakewords/*.wav", 1, -45, 0.4},
	} {
		t.Run(fmt.Sprintf("%s %v", filepath.Dir(c.pattern), c.noise), func(t *testing.T) {
			words := recordings(t, c.pattern, c.step)
			sound, spans := stream(words, c.noise)
			if len(spans) < 14 || len(spans) < len(words)*9/10 {
				t.Fatalf("%d of %d words are above the noise", len(spans), len(words))
			}
			var voice []bool // for each 10 ms
			sum := through(t, 16000, cut(sound, every(160)), func(c *audio.Chunk) { voice = append(voice, c.Voice) }, newVAD(t, audio.VADOptions{}))
			late := 0
			for _, s := range spans {
				first := slices.Index(voice[s.begin/160:s.end/160], true)
				late = max(late, first)
				if first < 0 || first > 10 || slices.Contains(voice[s.begin/160+first:s.end/160], false) {
					t.Errorf("the word between %.2f s and %.2f s is cut", float64(s.begin)/16000, float64(s.end)/16000)
				}
			}
			share := sum.HeldBackS / sum.Seconds
			t.Logf("%d words, %.0f s: %.0f %% held back; the gate opened %d ms into a word at the latest", len(spans), sum.Seconds, 100*share, 10*late)
			if share < c.least {
				t.Errorf("%.2f of the sound was held back, not %.2f", share, c.least)
			}
		})
	}
}

// TestGateWholeRecordings checks that a recording of a single word is never held back.
func TestGateWholeRecordings(t *testing.T) {
	for _, word := range recordings(t, "digits/*.wav", 97) {
		if len(word) > 16000 { // longer than it is open in any case
			continue
		}
		if sum := through(t, 16000, cut(word, every(160)), nil, newVAD(t, audio.VADOptions{})); sum.HeldBackS != 0 {
			t.Errorf("%.2f s of %.2f s were held back", sum.HeldBackS, sum.Seconds)
		}
	}
}

// TestGateCutting: a chunk has voice when any of its 10 ms has, however the sound is cut; only of 10 ms that it has not
// seen whole it may not know.
func TestGateCutting(t *testing.T) {
	sound, _ := stream(recordings(t, "wakewords/*.wav", 5), -50)
	sound = sound[:12*16000]
	var want []bool
	through(t, 16000, cut(sound, every(160)), func(c *audio.Chunk) { want = append(want, c.Voice) }, newVAD(t, audio.VADOptions{}))
	if !slices.Contains(want, true) || !slices.Contains(want, false) {
		t.Fatal("the gate does not move")
	}
	r := rand.New(rand.NewPCG(3, 4))
	for name, give := range map[string]func() int{
		"half a second": every(7680), "single samples": every(1), "all": every(len(sound)), "any": func() int { return 1 + r.IntN(5000) },
	} {
		at := 0
		through(t, 16000, cut(sound, give), func(c *audio.Chunk) {
			if len(c.Samples) == 0 {
				return
			}
			first, end := at/160, at+len(c.Samples)
			at = end
			known := slices.Contains(want[first:max(first, end/160)], true)
			perhaps := slices.Contains(want[first:(end+159)/160], true)
			if known && !c.Voice || c.Voice && !perhaps {
				t.Errorf("%s: voice is %v before sample %d", name, c.Voice, end)
			}
		}, newVAD(t, audio.VADOptions{}))
	}
}

// TestGateNoise: a noise that begins is voice until it is the quietest for as long as the gate remembers; then the gate
// closes although it is loud.
func TestGateNoise(t *testing.T) {
	nothing := make([]int16, 160)
	quiet, _ := stream([][]int16{nothing}, -70)
	loud, _ := stream([][]int16{nothing, nothing, nothing}, -30)
	var voice []bool
	through(t, 16000, cut(append(quiet, loud...), every(160)), func(c *audio.Chunk) { voice = append(voice, c.Voice) }, newVAD(t, audio.VADOptions{}))
	begin := len(quiet) / 160
	if voice[begin-1] || !voice[begin+1] || !voice[begin+200] {
		t.Error("the noise that begins is not taken for voice")
	}
	if slices.Contains(voice[begin+450:len(voice)-1], true) {
		t.Error("the noise that stays is taken for voice")
	}
}

// TestGateHum: neither an offset nor hum is taken for voice, however loud, and a word above it is.
func TestGateHum(t *testing.T) {
	word := recordings(t, "digits/7_*.wav", 100)[0]
	for name, wave := range map[string]func(i int) float64{
		"offset": func(int) float64 { return 8000 },
		"50 Hz":  func(i int) float64 { return 300 * math.Sin(2*math.Pi*50*float64(i)/16000) },
		"60 Hz":  func(i int) float64 { return 300 * math.Sin(2*math.Pi*60*float64(i)/16000) },
	} {
		sound, words := stream([][]int16{word}, -60)
		for i, s := range sound {
			sound[i] = int16(min(32767, float64(s)+wave(i)))
		}
		var voice []bool
		through(t, 16000, cut(sound, every(160)), func(c *audio.Chunk) { voice = append(voice, c.Voice) }, newVAD(t, audio.VADOptions{}))
		if begin := words[0].begin / 160; voice[begin-50] || !voice[begin+10] {
			t.Errorf("%s: voice is %v before the word and %v in it", name, voice[begin-50], voice[begin+10])
		}
	}
}

func TestGateErrors(t *testing.T) {
	for want, o := range map[string]audio.VADOptions{
		"margin -1 dB":       {Margin: -1},
		"margin NaN dB":      {Margin: math.NaN()},
		"margin 120 dB":      {Margin: 120},
		"hangover 1ms":       {Hangover: time.Millisecond},
		"memory -1s":         {Memory: -time.Second},
		"learning time -1ns": {Learning: -1},
		"lowest noise -121":  {Lowest: -121},
		"lowest noise 3":     {Lowest: 3},
	} {
		if g, err := audio.NewVAD(o); g != nil || err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}
