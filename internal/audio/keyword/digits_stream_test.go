package keyword

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"corallite/internal/testdata"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// utterance is a word in a recording, from start to end in seconds.
type utterance struct {
	label      string
	start, end float64
}

func (w utterance) middle() float64 { return (w.start + w.end) / 2 }

// TestDigitsInARow: digits said one after the other, with noise 20 dB below them, are found in their order, each once
// and where it is. How the sound is cut makes no difference.
func TestDigitsInARow(t *testing.T) {
	rows := 2
	if long() {
		rows = 50
	}
	r := rand.New(rand.NewPCG(6, 4))
	all, missed, wrong := 0, 0, 0
	early, late := math.Inf(1), math.Inf(-1)
	for _, speaker := range speakers {
		f, names := digits(t, speaker)
		for range rows {
			var sound []int16
			var words []utterance
			gap := func() { sound = append(sound, make([]int16, 16000*(300+r.IntN(700))/1000)...) }
			for _, digit := range r.Perm(10) {
				gap()
				start := len(sound)
				sound = append(sound, spoken(t, digit, speaker, r.IntN(50))...)
				words = append(words, utterance{names[digit], float64(start) / 16000, float64(len(sound)) / 16000})
			}
			gap()
			hiss(r, sound, 20)
			got := whole(t, f, sound)
			if pieces := cut(t, f, sound, r, 3000); !slices.Equal(pieces, got) {
				t.Errorf("%s: in pieces %v, in one %v", speaker, pieces, got)
			}
			lost, extra, lags := align(words, got)
			all, missed, wrong = all+len(words), missed+lost, wrong+extra
			for _, lag := range lags {
				early, late = min(early, lag), max(late, lag)
			}
		}
	}
	t.Logf("%d digits: %d not heard, %d keywords that were not said there; the middle of the window lies %.2f to %.2f s from that of the word",
		all, missed, wrong, early, late)
	if missed*10 > all || wrong*10 > all {
		t.Errorf("of %d digits %d were not heard, and %d keywords were not said there", all, missed, wrong)
	}
}

// near is the largest distance in seconds between the middle of a keyword's window and that of the word: where the model was
// trained to say it, and the smoothing.
const near = 0.4

// align counts the words that were not heard and the keywords that are none of them. A word is heard once, in its order,
// near its middle. lags are those of the ones heard.
func align(words []utterance, got []pipeline.Keyword) (missed, wrong int, lags []float64) {
	for _, w := range words {
		lag := func(k pipeline.Keyword) float64 { return (k.StartS+k.EndS)/2 - w.middle() }
		i := slices.IndexFunc(got, func(k pipeline.Keyword) bool { return k.Label == w.label && math.Abs(lag(k)) < near })
		if i < 0 {
			missed++
			continue
		}
		lags = append(lags, lag(got[i]))
		wrong, got = wrong+i, got[i+1:]
	}
	return missed, wrong + len(got), lags
}

// TestDigitsFalseAccepts: what is heard where nobody says a digit, in two minutes of each kind of sound, or in an hour.
// The bound, six a minute, is one for sound that is meant to be mistaken, without a pause; models/digits.md has the rates.
func TestDigitsFalseAccepts(t *testing.T) {
	length := 2 * time.Minute
	if long() {
		length = time.Hour
	}
	wakeWords := others(t)
	for _, kind := range []struct {
		name string
		next func(r *rand.Rand) []float64
	}{
		{"noise like speech", babble},
		{"wake words and a sentence", func(r *rand.Rand) []float64 { return floating(wakeWords[r.IntN(len(wakeWords))]) }},
		{"digits backwards", func(r *rand.Rand) []float64 { return backwards(t, r) }},
		{"digits backwards, two at once", func(r *rand.Rand) []float64 {
			a, b := backwards(t, r), backwards(t, r)
			for i := range min(len(a), len(b)) {
				a[i] += b[i]
			}
			return a
		}},
	} {
		r := rand.New(rand.NewPCG(7, 7))
		f, _ := digits(t, "")
		heard := map[string]int{}
		count, at := 0, int64(0)
		for first := true; at < int64(length.Seconds()*16000); first = false {
			sound := append(scaled(kind.next(r), r), make([]int16, r.IntN(8000))...)
			for _, k := range take(t, f, &audio.Chunk{Samples: sound, Rate: 16000, Start: at, First: first, Level: -20, Voice: true}) {
				heard[k.Label]++
				count++
			}
			at += int64(len(sound))
		}
		t.Logf("%s, %v: %d keywords, %.0f an hour %v", kind.name, length, count, float64(count)/length.Hours(), fmt.Sprint(heard)[3:])
		if float64(count) > 6*length.Minutes() {
			t.Errorf("%s: %d keywords in %v", kind.name, count, length)
		}
	}
}

// others are the recordings of wake words and of a sentence.
func others(t *testing.T) (all [][]int16) {
	t.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata.Path(t, "speech/wakewords"), "*.wav"))
	if err != nil || len(paths) == 0 {
		t.Fatalf("no recordings of wake words: %v", err)
	}
	for _, path := range paths {
		all = append(all, recording(t, "speech/wakewords/"+filepath.Base(path)))
	}
	return all
}

func backwards(t *testing.T, r *rand.Rand) []float64 {
	x := floating(spoken(t, r.IntN(10), speakers[r.IntN(len(speakers))], r.IntN(50)))
	slices.Reverse(x)
	return x
}

func floating(samples []int16) []float64 {
	x := make([]float64, len(samples))
	for i, s := range samples {
		x[i] = float64(s)
	}
	return x
}

// babble returns noise like speech: a buzz or breath through three moving formants, in syllables.
func babble(r *rand.Rand) []float64 {
	x := make([]float64, 16000*(1+r.IntN(4)))
	pitch, voiced := 80+140*r.Float64(), r.IntN(4) > 0
	formants := [3]float64{500, 1500, 2500}
	target, goal := formants, 0.0
	var phase, envelope float64
	var state [3][2]float64
	for i := range x {
		if i%800 == 0 && r.IntN(3) == 0 { // another sound, every 150 ms or so
			target = [3]float64{250 + 600*r.Float64(), 800 + 1600*r.Float64(), 2200 + 900*r.Float64()}
			goal = float64(r.IntN(3)) / 2
		}
		envelope += (goal - envelope) / 600
		drive := r.NormFloat64() * 0.3
		if phase += pitch * (1 + 0.1*math.Sin(float64(i)/9000)) / 16000; phase >= 1 {
			phase--
			if voiced {
				drive += 8
			}
		}
		for k := range formants {
			const radius = 0.98
			formants[k] += (target[k] - formants[k]) / 1500
			y := drive + 2*radius*math.Cos(2*math.Pi*formants[k]/16000)*state[k][0] - radius*radius*state[k][1]
			state[k][1], state[k][0] = state[k][0], y
			x[i] += y * envelope / float64(k+1)
		}
	}
	return x
}

// scaled sets the level of sound at random between -45 and -15 dBFS.
func scaled(x []float64, r *rand.Rand) []int16 {
	gain := 32768 * math.Pow(10, -(15+30*r.Float64())/20) / rms(x)
	samples := make([]int16, len(x))
	for i, v := range x {
		samples[i] = clip(v * gain)
	}
	return samples
}

// hiss adds white noise at that many dB below the sound.
func hiss(r *rand.Rand, sound []int16, below float64) {
	level := rms(floating(sound)) * math.Pow(10, -below/20)
	for i, s := range sound {
		sound[i] = clip(float64(s) + level*r.NormFloat64())
	}
}

// rms is the root mean square.
func rms(x []float64) float64 {
	sum := 1e-9
	for _, v := range x {
		sum += v * v
	}
	return math.Sqrt(sum / float64(len(x)))
}

func clip(x float64) int16 { return int16(min(max(math.Round(x), -32768), 32767)) }
