package keyword

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func grouped(o Options) Options {
	o.Labels = []string{"Dog", "Bark", "Silence", "Cat", "Meow"}
	if o.Threshold == 0 {
		o.Threshold = 0.5
	}
	return o
}

// TestGroups: a group has the highest score of its classes that reach their own thresholds, and fires once for all of them.
func TestGroups(t *testing.T) {
	long := 10 * time.Second
	o := grouped(Options{
		Groups:     []Group{{Name: "dog", Labels: []string{"Bark", "Dog"}, Threshold: 0.3, Refractory: &long}, {Name: "Cat", Labels: []string{"Meow", "Cat"}}},
		Thresholds: map[string]float32{"Bark": 0.8}, Refractory: time.Second,
	})
	s, g, err := newSpotter(o, 5)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(g.names, []string{"dog", "Silence", "Cat"}) || !slices.Equal(o.Words(), []string{"dog", "Cat"}) {
		t.Fatalf("%v, %v", g.names, o.Words())
	}
	nan := float32(math.NaN())
	for i, c := range []struct {
		scores []float32
		joined []float32
		fires  string
	}{
		{[]float32{0.1, 0.7, 1, 0.4, 0.4}, []float32{0, 1, 0}, ""}, // Bark needs 0.8
		{[]float32{0.35, 0.7, 0, 0, nan}, []float32{0.35, 0, 0}, "dog"},
		{[]float32{0.35, 0.9, 0, 0.5, 0.6}, []float32{0.9, 0, 0.6}, "Cat"}, // dog is still there
		{[]float32{0, 0, 0, 0, 0}, []float32{0, 0, 0}, ""},
		{[]float32{0.9, 0.9, 0, 0.9, 0}, []float32{0.9, 0, 0.9}, ""},
		{[]float32{0, 0, 0, 0, 0}, []float32{0, 0, 0}, ""},
		{[]float32{0.9, 0.9, 0, 0.9, 0}, []float32{0.9, 0, 0.9}, "Cat"}, // dog waits for ten seconds
	} {
		joined := g.join(c.scores)
		if !slices.Equal(joined, c.joined) {
			t.Errorf("row %d: %v, want %v", i, joined, c.joined)
		}
		end := time.Duration(i+1) * 400 * time.Millisecond
		var fired []string
		for _, k := range s.Add(nil, joined, end-400*time.Millisecond, end) {
			fired = append(fired, k.Label)
		}
		if strings.Join(fired, " ") != c.fires {
			t.Errorf("row %d: %v fired, want %s", i, fired, c.fires)
		}
	}
}

// TestGroupsChosen: what groups are called can be allowed and denied, and given a threshold.
func TestGroupsChosen(t *testing.T) {
	dog := Group{Name: "dog", Labels: []string{"Dog", "Bark"}}
	o := grouped(Options{Groups: []Group{dog}, Allow: []string{"dog"}, Thresholds: map[string]float32{"dog": 0.9}})
	_, g, err := newSpotter(o, 5)
	if err != nil || g.thresholds[0] != 0.9 || !slices.Equal(o.Words(), []string{"dog"}) {
		t.Errorf("%+v, %v, %v", g, o.Words(), err)
	}
	for want, o := range map[string]Options{
		`no label "Dgo" for "dog"; did you mean "Dog"?`:     {Groups: []Group{{Name: "dog", Labels: []string{"Dgo"}}}},
		`"Dog" is in "dog" and in "pet"`:                    {Groups: []Group{dog, {Name: "pet", Labels: []string{"Dog"}}}},
		`"Cat" is also a label of the model`:                {Groups: []Group{{Name: "Cat", Labels: []string{"Dog"}}}},
		`category_allowlist: the model has no label "Bark"`: {Groups: []Group{dog}, Allow: []string{"Bark"}},
		"invalid refractory time":                           {Groups: []Group{{Name: "dog", Labels: []string{"Dog"}, Refractory: new(time.Duration)}}},
	} {
		if strings.HasPrefix(want, "invalid") {
			*o.Groups[0].Refractory = -1
		}
		if _, _, err := newSpotter(grouped(o), 5); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestGroupsAllocate(t *testing.T) {
	_, g, err := newSpotter(grouped(Options{Groups: []Group{{Name: "dog", Labels: []string{"Dog", "Bark"}}}}), 5)
	if err != nil {
		t.Fatal(err)
	}
	scores := []float32{1, 0, 1, 0, 1}
	if n := testing.AllocsPerRun(100, func() { g.join(scores) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}
