package pipeline_test

import (
	"reflect"
	"strings"
	"testing"

	"corallite/pipeline"
)

// TestFindingsHaveEveryField fills each field of a Result in turn, so that a new one is not forgotten, and checks that
// the finding's key is the field's in JSON.
func TestFindingsHaveEveryField(t *testing.T) {
	if r := (pipeline.Result{Mask: &pipeline.Mask{}, Classes: pipeline.Classes{}}); !r.Empty() {
		t.Error("nothing is something")
	}
	for i := range reflect.TypeFor[pipeline.Result]().NumField() {
		field := reflect.TypeFor[pipeline.Result]().Field(i)
		key, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		var r pipeline.Result
		switch f := reflect.ValueOf(&r).Elem().Field(i); {
		case field.Name == "Other":
			r.Other, key = []pipeline.Finding{pipeline.Classes{{}}}, "classes"
		case field.Name == "Mask":
			r.Mask = &pipeline.Mask{Segments: []pipeline.Segment{{}}}
		case f.Kind() == reflect.Slice:
			f.Set(reflect.MakeSlice(f.Type(), 1, 1))
		default: // Suppress
			continue
		}
		n := 0
		for f := range r.Findings() {
			n++
			if kind := f.Kind(); kind.Key != key || f.Len() != 1 || kind.Noun == "" != kind.Gone || len(kind.Columns) > len(f.Thing(0).Values) {
				t.Errorf("%s: %d of %+v", field.Name, f.Len(), kind)
			}
		}
		if n != 1 || r.Empty() {
			t.Errorf("a result with %s has %d findings, empty %v", field.Name, n, r.Empty())
		}
	}
	all := pipeline.Result{Detections: pipeline.Detections{}, Classes: pipeline.Classes{}, Other: []pipeline.Finding{pipeline.Keywords{}}}
	for range all.Findings() {
		break // ends the sequence
	}
}
