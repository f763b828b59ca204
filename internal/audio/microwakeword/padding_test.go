package microwakeword

import (
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/pipeline/mic/mictest"
)

// padded is what models detect in recordings with some sound before them and their own padding.
func padded(t *testing.T, models []*WakeWord, recordings []mictest.Recording, before, padding []int16) (found []string) {
	t.Helper()
	for _, r := range recordings {
		stage := NewStage()
		stage.quiet = padding
		for _, h := range hearAfter(t, slices.Concat(before, r.Samples), 8000, stage, models...) {
			word := strings.Fields(h)
			found = append(found, r.Name+": "+strings.Join(word[:len(word)-2], " ")) // without when and how surely
		}
	}
	return found
}

// TestXNNPACKHearsTheSame justifies XNNPACK as the default for these models: in all recordings, wake words and single
// digits, it detects the same words as the built-in kernels, right ones and wrong ones.
func TestXNNPACKHearsTheSame(t *testing.T) {
	words, digits := mictest.WakeWords(t, Rate), mictest.Speech(t, "digits/*.wav", Rate)
	if testing.Short() {
		digits = mictest.Speech(t, "digits/[07]_[gl]*.wav", Rate) // with those that are taken for wake words
	}
	heard := map[string][]string{}
	for _, choice := range []delegate.Choice{delegate.None, delegate.XNNPACK} {
		var models []*WakeWord
		for _, name := range realModels {
			models = append(models, realModel(t, name, choice, Options{Refractory: time.Second}))
		}
		quiet := make([]int16, int(Padding*Rate/time.Second))
		heard[choice.String()] = append(padded(t, models, words, nil, quiet), padded(t, models, digits, nil, quiet)...)
	}
	exact, fast := heard[delegate.None.String()], heard[delegate.XNNPACK.String()]
	if len(exact) != 19+3 {
		t.Errorf("the built-in kernels hear %d words, want 19 wake words and 3 digits: %q", len(exact), exact)
	}
	if !slices.Equal(fast, exact) {
		t.Errorf("XNNPACK hears %q; the built-in kernels hear %q", fast, exact)
	}
}

// TestPadding: of all single digits, those that any padding up to 600 ms turns into a wake word are detected as often
// as is known for Padding, and no wake word is lost by it, however it is cut off. With CORALLITE_WAKEWORDS_LONG=1 it
// measures all digits with other paddings and beginnings, the table of docs/performance.md.
func TestPadding(t *testing.T) {
	var models []*WakeWord
	for _, name := range realModels {
		models = append(models, realModel(t, name, delegate.None, Options{Refractory: time.Second})) // as the program has it
	}
	words := mictest.WakeWords(t, Rate)
	quiet := func(d time.Duration) []int16 { return make([]int16, d*Rate/time.Second) }
	longest := padded(t, models, words, nil, quiet(600*time.Millisecond))
	if got := padded(t, models, words, nil, quiet(Padding)); len(got) < 19 || !slices.Equal(got, longest) {
		t.Errorf("heard %d wake words with a padding of %v: %q; with 600 ms %d: %q", len(got), Padding, got, len(longest), longest)
	}
	taken := slices.DeleteFunc(mictest.Speech(t, "digits/[07]_[gl]*.wav", Rate), func(r mictest.Recording) bool {
		return !slices.Contains([]string{
			"0_george_18", "0_george_28", "0_lucas_22", "0_lucas_27", "0_lucas_31", "0_lucas_38", "0_lucas_42", "7_george_6",
		}, r.Name)
	})
	if got := padded(t, models, taken, nil, quiet(600*time.Millisecond)); len(got) != 8 {
		t.Errorf("with a padding of 600 ms %d digits are taken for wake words, not 8: %q", len(got), got)
	}
	if got := padded(t, models, taken, nil, quiet(Padding)); len(got) > 3 {
		t.Errorf("with a padding of %v %d digits are taken for wake words, want 3 at most: %q", Padding, len(got), got)
	}
	if os.Getenv("CORALLITE_WAKEWORDS_LONG") != "1" {
		return
	}
	digits := mictest.Speech(t, "digits/*.wav", Rate)
	measure := func(what string, before, padding []int16) {
		accepted, found := padded(t, models, digits, before, padding), padded(t, models, words, before, padding)
		t.Logf("%-40s %2d of %d digits taken for wake words, %d of %d wake words heard; %q", what, len(accepted), len(digits), len(found), len(words), accepted)
	}
	for ms := range 13 {
		d := time.Duration(ms*50) * time.Millisecond
		measure("padding of "+d.String(), nil, quiet(d))
	}
	for _, before := range []time.Duration{300 * time.Millisecond, 1800 * time.Millisecond} {
		measure("after "+before.String()+" of silence", quiet(before), quiet(Padding))
	}
	measure("after 1.8s of silence, 600 ms behind", quiet(1800*time.Millisecond), quiet(600*time.Millisecond))
	r := rand.New(rand.NewPCG(1, 2))
	noise := func(d time.Duration) []int16 {
		s := quiet(d)
		for i := range s {
			s[i] = int16(3 * r.NormFloat64())
		}
		return s
	}
	measure("after 1.8s of noise of 3 steps", noise(1800*time.Millisecond), quiet(Padding))
	measure("before noise of 3 steps", nil, noise(Padding))
	measure("1.8s of noise, 600 ms of noise behind", noise(1800*time.Millisecond), noise(600*time.Millisecond))
}
