package key

import (
	"reflect"
	"testing"
	"time"
)

type options struct {
	Share  float32
	Wait   time.Duration
	Offset *int
	Lists  map[string][]string
	Inner  inner
	Extra  *inner
}

func (o *options) Keys() Table {
	return Table{
		Number(&o.Share, "share").Max(1),
		Seconds(&o.Wait, "wait").Default(time.Second),
		Optional(&o.Offset, "offset"),
		StringLists(&o.Lists, "lists"),
		Group(&o.Inner, "inner"),
		OptionalGroup(&o.Extra, "extra").Switch(),
	}
}

type inner struct{ N int }

func (i *inner) Keys() Table { return Table{Int(&i.N, "n").Max(9).Default(3)} }

func TestTable(t *testing.T) {
	o := New[options]()
	if want := (options{Wait: time.Second}); !reflect.DeepEqual(*o, want) {
		t.Fatalf("%+v, want %+v", o, want)
	}
	zero := 0
	o.Keys().Set(map[string]any{
		"share": 0.1, "wait": 2.5, "offset": 0, "lists": map[string][]string{"a": {"b"}}, "inner": map[string]any{"n": 4}, "extra": true,
	})
	want := options{0.1, 2500 * time.Millisecond, &zero, map[string][]string{"a": {"b"}}, inner{4}, &inner{3}}
	if !reflect.DeepEqual(*o, want) {
		t.Fatalf("%+v, want %+v", o, want)
	}
	// What was set comes back, as people write it, and nothing that is not there.
	values := map[string]any{
		"share": 0.1, "wait": 2.5, "offset": 0, "lists": map[string][]string{"a": {"b"}}, "inner": map[string]any{"n": 4}, "extra": map[string]any{"n": 3},
	}
	if got := o.Keys().Values(); !reflect.DeepEqual(got, values) {
		t.Errorf("%v, want %v", got, values)
	}
	if got := new(options).Keys().Values(); !reflect.DeepEqual(got, map[string]any{"wait": 0.0, "inner": map[string]any{"n": 0}}) {
		t.Errorf("nothing is set: %v", got)
	}
	if o.Keys().IsDefault() || !o.Extra.Keys().IsDefault() {
		t.Error("wrong about defaults")
	}
	o.Keys().Field("extra").Set(false)
	if o.Extra != nil {
		t.Errorf("%+v is there after false", o.Extra)
	}
	o.Share = 2
	if err := o.Keys().Check(); err == nil || err.Error() != "invalid share 2: expected a number of at most 1" {
		t.Errorf("%v", err)
	}
	o.Share, o.Inner.N = 1, 10
	if err := o.Keys().Check(); err == nil || err.Error() != "invalid inner.n 10: expected an integer of at most 9" {
		t.Errorf("%v", err)
	}
}

func TestWrongType(t *testing.T) {
	defer func() {
		if got := recover(); got != "key n is set to a string: expected a int" {
			t.Errorf("%v", got)
		}
	}()
	new(inner).Keys().Set(map[string]any{"n": "x"})
}
