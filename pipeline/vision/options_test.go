package vision

import (
	"math"
	"strings"
	"testing"
)

func TestClassesRefuse(t *testing.T) {
	labels := []string{"???", "person", "car"}
	for name, c := range map[string]struct {
		o     Options
		count int
		want  []string
	}{
		"both lists":     {Options{Labels: labels, Allow: []string{"car"}, Deny: []string{"person"}}, 0, []string{"category_allowlist and category_denylist"}},
		"no such label":  {Options{Labels: labels, Allow: []string{"car", "boat"}}, 0, []string{"category_allowlist", `"boat"`, "person"}},
		"no labels":      {Options{Deny: []string{"car"}}, 0, []string{"category_denylist needs labels"}},
		"too few":        {Options{Labels: labels}, 4, []string{"4 classes", "there are 3"}},
		"too few offset": {Options{Labels: labels, LabelOffset: 1}, 3, []string{"needs 4 labels", "there are 3"}},
		"too few known":  {Options{Labels: labels, Classes: 90}, 0, []string{"90 classes", "there are 3"}},
		"max":            {Options{MaxResults: -1}, 0, []string{"invalid max_results -1"}},
		"threshold":      {Options{ScoreThreshold: float32(math.NaN())}, 0, []string{"score_threshold"}},
		"offset":         {Options{LabelOffset: -1}, 0, []string{"invalid label offset -1"}},
		"all at once":    {Options{MaxResults: -1, LabelOffset: -1}, 0, []string{"max_results", "label offset"}},
	} {
		_, err := newClasses(c.o, c.count)
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
}

func TestClassesWanted(t *testing.T) {
	labels := []string{"???", "person", "car", "dog", "car"}
	for name, c := range map[string]struct {
		o    Options
		want [4]bool
	}{
		"all":   {Options{Labels: labels, LabelOffset: 1}, [4]bool{true, true, true, true}},
		"allow": {Options{Labels: labels, LabelOffset: 1, Allow: []string{"car"}}, [4]bool{false, true, false, true}},
		"deny":  {Options{Labels: labels, LabelOffset: 1, Deny: []string{"car", "person"}}, [4]bool{false, false, true, false}},
	} {
		got, err := newClasses(c.o, 0)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for class, want := range c.want {
			if got.wants(class) != want {
				t.Errorf("%s: class %d is wanted: %v, want %v", name, class, !want, want)
			}
		}
		if got.wanted != nil && (got.wants(-1) || got.wants(4)) {
			t.Errorf("%s: a class that does not exist is wanted", name)
		}
	}
	c, err := newClasses(Options{Labels: labels, LabelOffset: 1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if l, err := c.label(2); l != "dog" || err != nil {
		t.Errorf("class 2 is %q, %v; want dog", l, err)
	}
	if _, err := c.label(4); err == nil || !strings.Contains(err.Error(), "class 4") {
		t.Errorf("a class without a label: %v", err)
	}
	if none, err := newClasses(Options{}, 7); err != nil {
		t.Error(err)
	} else if l, err := none.label(1 << 30); l != "" || err != nil {
		t.Errorf("without labels class 2^30 is %q, %v", l, err)
	}
}
