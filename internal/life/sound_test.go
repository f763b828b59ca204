package life

import (
	"testing"
	"time"

	"corallite/pipeline"
)

// TestWordsAlone has a gate that is asked only where a word was heard: the same word later is another one.
func TestWordsAlone(t *testing.T) {
	word := pipeline.Result{Keywords: pipeline.Keywords{{Label: "nabu", Score: 0.9, StartS: 1, EndS: 1.5}}}
	for when, want := range map[When]string{
		New:    "1: k nabu; 3: k nabu; 4: k nabu",
		Change: "1: k nabu; 3: e nabu; 3: k nabu; 4: e nabu; 4: k nabu",
		End:    "3: e nabu, k nabu; 4: e nabu, k nabu",
	} {
		r := newRig(t, Options{When: when}, Env{Sound: true})
		r.pass(word)
		r.at += time.Second
		r.pass(word) // it goes on
		r.at += 6 * time.Second
		r.pass(word)
		r.at += time.Minute
		r.pass(word)
		if got := r.words(); got != want {
			t.Errorf("%s: %s; want %s", when, got, want)
		}
		if when == Change {
			r.g.Silence(began.Add(r.at+GoneAfterSound), r.put)
			if got := r.words(); got != "" {
				t.Errorf("too early: %s", got)
			}
			r.g.Silence(began.Add(r.at+GoneAfterSound+1), r.put)
			if got := r.words(); got != "4: e nabu" {
				t.Errorf("in silence: %s", got)
			}
		}
		r.end()
	}
	// Of pictures nobody knows: nothing may have moved.
	r := newRig(t, Options{When: Change}, Env{})
	r.pass(found(pipeline.Detection{Label: "dog"}))
	r.words()
	r.g.Silence(began.Add(time.Hour), r.put)
	if got := r.words(); got != "" {
		t.Errorf("pictures: %s", got)
	}
	r.end()
}
