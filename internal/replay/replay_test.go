package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"corallite/pipeline"
)

var usual = Tolerances{IoU: 0.9, Score: 0.05, TimeS: 0.1}

func object(label string, score float32, box ...float32) pipeline.Detection {
	return pipeline.Detection{Label: label, Score: score, Box: [4]float32(box)}
}

func objects(all ...pipeline.Detection) pipeline.Result {
	return pipeline.Result{Detections: append(pipeline.Detections{}, all...)}
}

func classes(all ...pipeline.Class) pipeline.Result { return pipeline.Result{Classes: all} }

func words(all ...pipeline.Keyword) pipeline.Result { return pipeline.Result{Keywords: all} }

// TestItems compares the results of one item.
func TestItems(t *testing.T) {
	cat := object("cat", 0.8, 0, 0, 100, 100)
	posed := func(x float32) pipeline.Result {
		return pipeline.Result{Poses: pipeline.Poses{{Score: 0.9, Keypoints: []pipeline.Keypoint{{Label: "nose", X: 0}, {Label: "hip", X: x, Y: 50}, {Label: "toe", X: 100, Y: 100}}}}}
	}
	mask := func(width int, counts ...int) pipeline.Result {
		return pipeline.Result{Mask: &pipeline.Mask{Width: width, Height: 1, Box: [4]float32{0, 0, 8, 1}, Segments: []pipeline.Segment{{Label: "road", Share: 0.5, Counts: counts}}}}
	}
	zoned := func(zones ...string) pipeline.Result {
		d := cat
		d.Zones = zones
		return objects(d)
	}
	turned := func(angle float32) pipeline.Result {
		d := cat
		d.Rotated = &pipeline.Rotated{X: 50, Y: 50, Width: 80, Height: 60, Angle: angle}
		return objects(d)
	}
	for _, c := range []struct {
		name    string
		was, is pipeline.Result
		want    string // kinds
		things  int
	}{
		{"equal", objects(cat), objects(cat), "", 1},
		{"nothing", objects(), objects(), "", 0},
		{"without an area", objects(object("dot", 0.5, 3, 3, 3, 3)), objects(object("dot", 0.5, 3, 3, 3, 3)), "", 1},
		{"appeared", objects(), objects(cat), "appeared", 1},
		{"vanished", objects(cat), objects(), "vanished", 1},
		{"moved a little", objects(cat), objects(object("cat", 0.8, 4, 0, 104, 100)), "", 1},
		{"moved", objects(cat), objects(object("cat", 0.8, 20, 0, 120, 100)), "moved", 1},
		{"moved too far to be the same", objects(cat), objects(object("cat", 0.8, 80, 0, 180, 100)), "vanished appeared", 2},
		{"score within", objects(cat), objects(object("cat", 0.75, 0, 0, 100, 100)), "", 1},
		{"score beyond", objects(cat), objects(object("cat", 0.74, 0, 0, 100, 100)), "score", 1},
		{"another label", objects(cat), objects(object("dog", 0.8, 0, 0, 100, 90)), "label", 1},
		{"another label elsewhere", objects(cat), objects(object("dog", 0.8, 60, 0, 160, 100)), "vanished appeared", 2},
		{"order", objects(cat, object("cat", 0.7, 200, 0, 300, 100)), objects(object("cat", 0.7, 200, 0, 300, 100), cat), "", 2},
		{"one of two", objects(cat, object("cat", 0.7, 10, 0, 110, 100)), objects(object("cat", 0.7, 10, 0, 110, 100)), "vanished", 2},
		{"no labels", objects(pipeline.Detection{Index: 1, Score: 0.5, Box: cat.Box}), objects(pipeline.Detection{Index: 2, Score: 0.5, Box: cat.Box}), "label", 1},
		{"zones", zoned("door"), zoned("door", "yard"), "zones", 1},
		{"turned", turned(0), turned(0.5), "moved", 1},
		{"best class", classes(pipeline.Class{Label: "a", Score: 0.51}, pipeline.Class{Label: "b", Score: 0.49}), classes(pipeline.Class{Label: "b", Score: 0.51}, pipeline.Class{Label: "a", Score: 0.49}), "label", 2},
		{"class of no weight", classes(pipeline.Class{Label: "a", Score: 0.9}, pipeline.Class{Label: "b", Score: 0.04}), classes(pipeline.Class{Label: "a", Score: 0.9}, pipeline.Class{Label: "c", Score: 0.05}), "", 3},
		{"class of weight", classes(pipeline.Class{Label: "a", Score: 0.9}), classes(pipeline.Class{Label: "a", Score: 0.9}, pipeline.Class{Label: "c", Score: 0.06}), "appeared", 2},
		{"key points", posed(50), posed(52), "", 1},
		{"a key point inside the box", posed(50), posed(60), "moved", 1},
		{"mask", mask(8, 0, 4, 4), mask(8, 0, 4, 4), "", 1},
		{"mask of another size", mask(8, 0, 4, 4), mask(4, 0, 2, 2), "", 1},
		{"mask elsewhere", mask(8, 0, 4, 4), mask(8, 2, 4, 2), "moved", 1},
		{"vector", pipeline.Result{Embedding: pipeline.Vector{0.6, 0.8}}, pipeline.Result{Embedding: pipeline.Vector{0.8, 0.6}}, "", 1},
		{"other vector", pipeline.Result{Embedding: pipeline.Vector{1, 0}}, pipeline.Result{Embedding: pipeline.Vector{0, 1}}, "score", 1},
		{"vector of another length", pipeline.Result{Embedding: pipeline.Vector{1, 0}}, pipeline.Result{Embedding: pipeline.Vector{1}}, "label", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			event := func(r pipeline.Result) pipeline.Event {
				return pipeline.Event{Model: "m", Task: "t", Source: "a/b.jpg", Result: r}
			}
			compare := NewComparison([]pipeline.Event{event(c.was)}, usual)
			changes, first := compare.Add(event(c.is))
			r := compare.Report()
			if got := kinds(changes); got != c.want || r.Things != c.things || r.Items != 1 || first == nil {
				t.Errorf("%q, %d things in %d items; want %q, %d", got, r.Things, r.Items, c.want, c.things)
			}
		})
	}
}

func kinds(changes []Change) string {
	var all []string
	for _, c := range changes {
		all = append(all, c.Kind)
	}
	return strings.Join(all, " ")
}

// TestRuns compares runs of several items.
func TestRuns(t *testing.T) {
	at := func(source string, seconds float64, r pipeline.Result) pipeline.Event {
		return pipeline.Event{Model: "m", Task: "t", Source: source, PositionS: seconds, Result: r}
	}
	cat := objects(object("cat", 0.8, 0, 0, 100, 100))
	word := func(label string, end float64) pipeline.Keyword {
		return pipeline.Keyword{Label: label, Score: 0.9, StartS: end - 1, EndS: end}
	}
	for _, c := range []struct {
		name    string
		was, is []pipeline.Event
		want    string
	}{
		{"nothing at all", nil, nil, ""},
		{"a file more in front", []pipeline.Event{at("x/b.jpg", 0, cat)}, []pipeline.Event{at("a.jpg", 0, objects()), at("b.jpg", 0, cat)}, "appeared"},
		{"the same name twice", []pipeline.Event{at("x/a.jpg", 0, cat), at("y/a.jpg", 0, objects())}, []pipeline.Event{at("x/a.jpg", 0, cat), at("y/a.jpg", 0, objects())}, ""},
		{"every second frame", []pipeline.Event{at("v", 0, cat), at("v", 0.04, cat), at("v", 0.08, cat)}, []pipeline.Event{at("v", 0, cat), at("v", 0.08, cat)}, "vanished"},
		{"cut off where nothing is", []pipeline.Event{at("v", 0, cat), at("v", 0.04, objects())}, []pipeline.Event{at("v", 0, cat)}, "vanished"},
		{"heard with another item", []pipeline.Event{at("s", 2, words(word("yes", 1.5)))}, []pipeline.Event{at("s", 4, words(word("yes", 1.58)))}, ""},
		{"heard later", []pipeline.Event{at("s", 2, words(word("yes", 1.5)))}, []pipeline.Event{at("s", 2, words(word("yes", 1.7)))}, "moved"},
		{"heard much later", []pipeline.Event{at("s", 2, words(word("yes", 1.5)))}, []pipeline.Event{at("s", 4, words(word("yes", 3.5)))}, "vanished appeared"},
		{"one more", []pipeline.Event{at("s", 2, words(word("no", 1.5), word("yes", 1)))}, []pipeline.Event{at("s", 2, words(word("yes", 1), word("maybe", 0.2), word("no", 1.5)))}, "appeared"},
		{"heard in another file", []pipeline.Event{at("s", 2, words(word("yes", 1.5)))}, []pipeline.Event{at("t", 2, words(word("yes", 1.5)))}, "vanished appeared"},
	} {
		t.Run(c.name, func(t *testing.T) {
			compare := NewComparison(c.was, usual)
			for _, e := range c.is {
				compare.Add(e)
			}
			r := compare.Report()
			if got := kinds(r.Changes); got != c.want {
				t.Errorf("%q, want %q", got, c.want)
			}
			if text := r.Text(0); strings.Contains(text, "%!") || strings.Count(text, "\n") < len(r.Changes) {
				t.Error(text)
			}
		})
	}
}

func TestRename(t *testing.T) {
	e := pipeline.Event{Model: "old", Source: "a.jpg", Result: objects(object("cat", 0.8, 0, 0, 9, 9))}
	c := NewComparison([]pipeline.Event{e}, Tolerances{IoU: 1, Rename: map[string]string{"new": "old"}})
	e.Model = "new"
	c.Add(e)
	if r := c.Report(); len(r.Changes) != 0 || r.Things != 1 {
		t.Errorf("%+v", r)
	}
}

// TestUnread compares findings of tasks that the package does not know, and leaves out what only counts.
func TestUnread(t *testing.T) {
	read := func(finding string) pipeline.Event {
		events, err := Read(strings.NewReader(`{"source":"a.jpg","model":"m","task":"x",` + finding + `}`))
		if err != nil {
			t.Fatal(err)
		}
		return events[0]
	}
	for _, c := range []struct{ was, is, want string }{
		{`"moods":[{"label":"sad","score":0.5}]`, `"moods":[{"label":"sad","score":0.52}]`, ""},
		{`"moods":[{"label":"sad","score":0.5}]`, `"moods":[{"label":"sad","score":0.6}]`, "score"},
		{`"rooms":{"hall":2}`, `"rooms":{"hall":2}`, ""},
		{`"rooms":{"hall":2}`, `"rooms":{"hall":3}`, "vanished appeared"},
		{`"detections":[],"counts":{"zones":{}}`, `"detections":[],"counts":{"zones":{"door":{}}}`, ""},
	} {
		compare := NewComparison([]pipeline.Event{read(c.was)}, usual)
		if changes, _ := compare.Add(read(c.is)); kinds(changes) != c.want {
			t.Errorf("%s, %s: %q, want %q", c.was, c.is, kinds(changes), c.want)
		}
	}
}

// TestGolden: what varies is not in a golden file, and what is there comes back.
func TestGolden(t *testing.T) {
	e := pipeline.Event{Time: time.Now(), Pipeline: "p", Seq: 7, Source: "/home/x/a.jpg", PositionS: 1.25, Model: "m", Task: "detect", Device: "usb:0", Degraded: true, Reason: "hot", Runs: 3,
		Latency: pipeline.Latency{Total: time.Second}, Result: objects(object("c<t", 0.5, 1, 2, 3, 4))}
	e.Ended = pipeline.Tracks{{Track: 1, Label: "c<t", Life: &pipeline.Life{Start: time.Now()}}}
	line, err := Golden(e)
	const want = `{"seq":7,"source":"a.jpg","position_s":1.25,"model":"m","task":"detect",` +
		`"detections":[{"label":"c<t","index":0,"score":0.5,"box":[1,2,3,4]}],"ended":[{"track":1,"label":"c<t","index":0,"frames":0,"seconds":0}]}`
	if err != nil || string(line) != want {
		t.Errorf("%v\n%s\n%s", err, line, want)
	}
	if e.Ended[0].Life == nil {
		t.Error("the event was changed")
	}
	usual, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	events, err := Read(bytes.NewReader(fmt.Appendf(nil, "%s\n\n%s\n", line, usual)))
	if err != nil || len(events) != 2 {
		t.Fatalf("%v, %v", events, err)
	}
	for _, e := range events {
		if again, err := Golden(e); err != nil || string(again) != want {
			t.Errorf("%v\n%s", err, again)
		}
	}
	for _, bad := range []string{"{}", "x", "[]", "\n{\"model\":1}", `{"model":"m","source":"s"}`} {
		if _, err := Read(strings.NewReader(bad)); err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d", strings.Count(bad, "\n")+1)) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func TestLimit(t *testing.T) {
	for _, c := range []struct {
		limit           Limit
		changes, things int
		want            bool
	}{
		{Limit{}, 0, 0, true}, {Limit{}, 1, 100, false}, {Limit{Changes: 3}, 3, 3, true}, {Limit{Changes: 3}, 4, 100, false},
		{Limit{Share: 0.02}, 2, 100, true}, {Limit{Share: 0.02}, 3, 100, false}, {Limit{Share: 0.02}, 0, 0, true},
	} {
		if got := c.limit.Within(c.changes, c.things); got != c.want {
			t.Errorf("%+v", c)
		}
	}
}
