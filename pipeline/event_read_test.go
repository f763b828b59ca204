package pipeline_test

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"corallite/pipeline"
)

// rooms are findings of a kind that package pipeline does not know.
type rooms map[string]int

var kindRooms = pipeline.Kind{Key: "rooms", Noun: "room", New: func() pipeline.Finding { return new(rooms) }}

func (r rooms) Kind() *pipeline.Kind     { return &kindRooms }
func (r rooms) Len() int                 { return len(r) }
func (r rooms) Thing(int) pipeline.Thing { return pipeline.Thing{Index: pipeline.NoIndex} }

// TestReadEvent reads events with findings of kinds that are known, that are given, and that nobody knows.
func TestReadEvent(t *testing.T) {
	e := pipeline.Event{Model: "m", Result: pipeline.Result{
		Classes: pipeline.Classes{{Label: "a", Score: 0.5}},
		Other:   []pipeline.Finding{rooms{"hall": 2}, pipeline.Keywords{{Label: "yes", Score: 0.75}}},
	}}
	line, err := json.Marshal(e)
	if err != nil {
		t.Fatal(err)
	}
	line = append(line[:len(line)-1], `,"moods":[{"label":"sad","score":0.25},{"label":7},3],"last":"x<y"}`...)

	got, err := pipeline.ReadEvent(line, &kindRooms)
	if err != nil {
		t.Fatal(err)
	}
	if want := (rooms{"hall": 2}); len(got.Other) != 3 || !reflect.DeepEqual(got.Other[0], &want) {
		t.Fatalf("%+v", got.Other)
	}
	if !reflect.DeepEqual(got.Classes, e.Classes) || len(got.Keywords) != 1 || got.Keywords[0].Label != "yes" {
		t.Errorf("%+v", got.Result)
	}
	moods, last := got.Other[1], got.Other[2]
	if moods.Kind().Key != "moods" || moods.Len() != 3 || last.Len() != 1 {
		t.Errorf("%s has %d, %s has %d", moods.Kind().Key, moods.Len(), last.Kind().Key, last.Len())
	}
	for i, want := range []pipeline.Thing{{Label: "sad", Score: 0.25, Index: pipeline.NoIndex}, {Index: pipeline.NoIndex}, {Index: pipeline.NoIndex}} {
		if thing := moods.Thing(i); !reflect.DeepEqual(thing, want) {
			t.Errorf("thing %d: %+v", i, thing)
		}
	}
	again, err := got.AppendJSON(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"rooms":{"hall":2}`, `"moods":[{"label":"sad","score":0.25},{"label":7},3]`, `"last":"x<y"`} {
		if !strings.Contains(string(again), want) {
			t.Errorf("written again it has no %s: %s", want, again)
		}
	}

	if got, err := pipeline.ReadEvent(line); err != nil || got.Other[0].Kind().Key != "rooms" {
		t.Errorf("without its kind: %+v, %v", got.Other, err)
	}
	for _, bad := range []string{"", "[]", "{", `{"rooms":[1]}`, `{"rooms":{"hall":"x"}}`} {
		if got, err := pipeline.ReadEvent([]byte(bad), &kindRooms); err == nil {
			t.Errorf("%q is read: %+v", bad, got)
		}
	}
	if got, err := pipeline.ReadEvent([]byte("null")); err != nil || len(got.Other) != 0 {
		t.Errorf("null: %+v, %v", got, err)
	}
}
