package life

import (
	"testing"
	"time"
)

// TestLost unplugs a camera while a cat is there: it is gone after the time that labels have, and begins anew when it comes
// back with its number.
func TestLost(t *testing.T) {
	for _, c := range []struct {
		when       When
		lost, back string
	}{
		{New, "", "4: d cat1"},
		{Change, "3: e cat1", "4: d cat1"},
		{End, "3: d cat1, e cat1", ""},
		{Every, "", "4: d cat1"},
	} {
		r := newRig(t, Options{When: c.when, GoneAfter: 3 * time.Second}, Env{})
		for range 3 {
			r.pass(found(cat(1, 0.9)))
		}
		r.words()
		r.g.Lost(2900*time.Millisecond, r.put)
		if w := r.words(); w != "" {
			t.Errorf("%s: after 2.9 s: %s", c.when, w)
		}
		r.g.Lost(3100*time.Millisecond, r.put)
		r.g.Lost(4*time.Second, r.put)
		if w := r.words(); w != c.lost {
			t.Errorf("%s: after 3.1 s: %q, want %q", c.when, w, c.lost)
		}
		r.pass(found(cat(1, 0.9)))
		if w := r.words(); w != c.back {
			t.Errorf("%s: when it is back: %q, want %q", c.when, w, c.back)
		}
		r.end()
	}
}
