package pipeline

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
)

// ReadEvent reads an event that Event.MarshalJSON wrote. The findings of tasks outside this package become those of their
// kinds, as Kind.New makes them; those of a kind that is not given become Unread.
func ReadEvent(line []byte, kinds ...*Kind) (Event, error) {
	var e Event
	if err := json.Unmarshal(line, &e); err != nil {
		return Event{}, err
	}
	for i, f := range e.Other {
		unread := f.(*Unread)
		k := slices.IndexFunc(kinds, func(k *Kind) bool { return k.Key == unread.kind.Key && k.New != nil })
		if k < 0 {
			continue
		}
		made := kinds[k].New()
		if err := json.Unmarshal(unread.JSON, made); err != nil {
			return Event{}, fmt.Errorf("pipeline: the event's %s: %w", unread.kind.Key, err)
		}
		e.Other[i] = made
	}
	return e, nil
}

// UnmarshalJSON reads what MarshalJSON writes. Fields that are none of an Event's become Unread findings, in their order;
// ReadEvent makes findings of them.
func (e *Event) UnmarshalJSON(b []byte) error {
	type fields Event // without the methods, so that this is not called again
	*e = Event{}
	if err := json.Unmarshal(b, (*fields)(e)); err != nil {
		return err
	}
	d := json.NewDecoder(bytes.NewReader(b))
	if first, err := d.Token(); err != nil || first != json.Delim('{') {
		return err // null
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return err
		}
		name, _ := key.(string)
		if !slices.ContainsFunc(eventKeys(), func(k string) bool { return strings.EqualFold(k, name) }) {
			e.Other = append(e.Other, &Unread{Kind{Key: name, Noun: "result"}, value})
		}
	}
	return nil
}

// eventKeys are the keys of an event in JSON without those of findings outside this package.
var eventKeys = sync.OnceValue(func() (keys []string) {
	for _, t := range []reflect.Type{reflect.TypeFor[Event](), reflect.TypeFor[Result]()} {
		for i := range t.NumField() {
			if name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ","); name != "" && name != "-" {
				keys = append(keys, name)
			}
		}
	}
	return keys
})

// Unread is a finding that was read from JSON and is of a kind that the reader does not know. Written again it is the same.
type Unread struct {
	kind Kind
	JSON json.RawMessage // the value of the field Kind().Key
}

func (u *Unread) Kind() *Kind                  { return &u.kind }
func (u *Unread) MarshalJSON() ([]byte, error) { return u.JSON, nil }

// Len is the number of elements of a list; anything else is one thing.
func (u *Unread) Len() int { return len(u.elements()) }

// Thing has what the element calls label and score.
func (u *Unread) Thing(i int) Thing {
	var of struct {
		Label string
		Score float32
	}
	// Where they are of other types they say something else.
	if json.Unmarshal(u.elements()[i], &of) != nil {
		of.Label, of.Score = "", 0
	}
	return Thing{Label: of.Label, Index: NoIndex, Score: of.Score}
}

func (u *Unread) elements() []json.RawMessage {
	var list []json.RawMessage
	if json.Unmarshal(u.JSON, &list) == nil {
		return list
	}
	return []json.RawMessage{u.JSON}
}
