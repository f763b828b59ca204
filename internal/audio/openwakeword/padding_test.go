package openwakeword

import (
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/pipeline/mic/mictest"
)

// TestTail: wake words are heard in recordings that end with them as in those that go on, and single digits are not
// taken for them: those that microWakeWord models are the most prone to, with CORALLITE_WAKEWORDS_LONG=1 all of them.
func TestTail(t *testing.T) {
	s := stage(t, delegate.XNNPACK)
	var all []*wakeWord
	for _, name := range words {
		all = append(all, word(t, name, delegate.XNNPACK, Options{Refractory: time.Second}))
	}
	// heard are the words in a recording, and how many rows after its end the last of them was heard.
	heard := func(r mictest.Recording) (found []string, after int) {
		chunks := cut(r.Samples, 0, 8000)
		hear(t, s, chunks)
		for _, w := range all {
			keywords, scores := told(t, w, chunks)
			for _, k := range keywords {
				found = append(found, k.Label)
			}
			if i := slices.IndexFunc(scores, func(score float32) bool { return score >= DefaultThreshold }); i >= 0 {
				after = i + 1 - (len(scores) - tail)
			}
		}
		return found, after
	}
	latest, recognized := 0, 0
	var want []string
	for i, r := range mictest.WakeWords(t, rate) {
		got, after := heard(r)
		if i%3 == 0 {
			want = got // of the recording as it is
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: heard %q, and in the whole recording %q", r.Name, got, want)
		}
		latest, recognized = max(latest, after), recognized+len(got)
	}
	pattern := "digits/0_[gl]*_[1-3]?.wav"
	if os.Getenv("CORALLITE_WAKEWORDS_LONG") == "1" {
		pattern = "digits/*.wav"
	}
	var taken []string
	digits := mictest.Speech(t, pattern, rate)
	for _, r := range digits {
		if got, _ := heard(r); len(got) > 0 {
			taken = append(taken, r.Name+": "+strings.Join(got, ", "))
		}
	}
	t.Logf("%d words heard, the latest %d rows after the end (%d follow); %d of %d digits taken for wake words", recognized, latest, tail, len(taken), len(digits))
	if recognized < 21 || latest >= tail || len(taken) > 0 {
		t.Errorf("%d words heard, the latest %d rows after the end; taken for wake words: %q", recognized, latest, taken)
	}
}
