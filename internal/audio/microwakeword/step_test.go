package microwakeword

import (
	"math"
	"slices"
	"testing"

	"corallite/pipeline/audio"
)

// TestStep: a model with another step than a Stage's gets the rows of a front end of its own, with silence at the end, and
// from the beginning again for the next recording.
func TestStep(t *testing.T) {
	sound := make([]int16, 3*Rate)
	for i := range sound {
		sound[i] = int16(8000 * math.Sin(float64(i)*float64(i)/3e5))
	}
	front, err := NewFrontendEvery(Rate / 50)
	if err != nil {
		t.Fatal(err)
	}
	m := ahoy
	m.Step = 20
	e := newFake(1, 1)
	w := flow(t, e, m, Options{})
	var want []byte
	rows := front.Process(nil, append(slices.Clone(sound), make([]int16, Padding*Rate/1e9)...))
	for _, v := range rows {
		want = append(want, w.model.table[min(int(v), len(w.model.table)-1)])
	}
	for recording := range 2 {
		var got []byte
		runs := 0
		for at := 0; at < len(sound); at += 160 { // half a step: at most one run, whose input is still there
			if runs = e.runs; at == 0 {
				runs = math.MaxInt // a beginning may give the model silence first
			}
			c := &audio.Chunk{Rate: Rate, Start: int64(at), First: at == 0, Last: at+160 == len(sound), Voice: true, Samples: sound[at : at+160]}
			if _, err := w.Process(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			if !c.Last && e.runs > runs {
				got = append(got, e.input...)
			}
		}
		if n := len(got) / Channels; n < 140 || e.runs-runs < 14 {
			t.Errorf("recording %d: %d rows, and %d runs at the end", recording, n, e.runs-runs)
		}
		if !slices.Equal(got, want[:len(got)]) {
			t.Errorf("recording %d: %d rows differ at byte %d", recording, len(got)/Channels, differ(got, want))
		}
	}
}
