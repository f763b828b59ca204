package key

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Table is the keys of a struct, each bound to one of its fields, in the order in which they are documented and shown.
type Table []*Field

// Configurable is a struct that describes its keys: a pointer to it.
type Configurable interface {
	Keys() Table
}

// New makes a T with the defaults of its keys.
func New[T any, P interface {
	*T
	Configurable
}]() P {
	c := P(new(T))
	c.Keys().SetDefaults()
	return c
}

// With is the table with the keys of another behind its own.
func (t Table) With(other Table) Table { return append(t[:len(t):len(t)], other...) }

// Keys are the descriptions of the keys.
func (t Table) Keys() []*Key {
	keys := make([]*Key, len(t))
	for i, f := range t {
		keys[i] = &f.key
	}
	return keys
}

// Field is the field of the key called name; nil: there is none.
func (t Table) Field(name string) *Field {
	for _, f := range t {
		if f.key.Name == name {
			return f
		}
	}
	return nil
}

// Set sets fields by the names of their keys; the others stay as they are. A name that is no key is a mistake in the
// program, and panics.
func (t Table) Set(values map[string]any) {
	found := 0
	for _, f := range t {
		if v, ok := values[f.key.Name]; ok {
			f.Set(v)
			found++
		}
	}
	if found < len(values) {
		panic(fmt.Sprintf("%d values for the keys %v", len(values), t.names()))
	}
}

// SetDefaults sets the fields whose keys have a default to it.
func (t Table) SetDefaults() {
	for _, f := range t {
		if f.key.Default != nil {
			f.Set(f.key.Default)
		}
	}
}

// IsDefault reports whether each field has the default of its key, or the zero value where there is none.
func (t Table) IsDefault() bool {
	return !slices.ContainsFunc(t, func(f *Field) bool {
		if f.key.Default == nil {
			return !f.IsZero()
		}
		return !reflect.DeepEqual(f.Value(), f.key.Default)
	})
}

// Values are the values of the fields by the names of their keys, without zero values of keys that have no other
// default.
func (t Table) Values() map[string]any {
	values := map[string]any{}
	for _, f := range t {
		if f.IsShown() {
			values[f.key.Name] = f.Value()
		}
	}
	return values
}

// IsShown reports whether the value says something: it is not zero, or zero is not the default, or it is always shown.
func (f *Field) IsShown() bool {
	if f.Value() == nil {
		return false
	}
	return f.key.ShowZero || !f.IsZero() || f.key.Default != nil && !isZero(f.key.Default)
}

func isZero(v any) bool { return v == "" || v == 0 || v == 0.0 || v == false }

// Check holds the values against limits, choices and patterns, for structs that were not read from a file. Zero values
// fit: they stand for the default. The error is an *InvalidError.
func (t Table) Check() error {
	for _, f := range t {
		switch {
		case f.IsZero():
		case f.below != nil:
			var wrong *InvalidError
			if errors.As(f.below().Check(), &wrong) {
				wrong.Key = f.key.Name + "." + wrong.Key
				return wrong
			}
		case !f.fits():
			e := &InvalidError{Key: f.key.Name, Value: f.Value(), Expects: f.key.Expects()}
			if f.key.Secret {
				e.Value = nil
			}
			return e
		}
	}
	return nil
}

// InvalidError is a value that does not fit its key.
type InvalidError struct {
	Key     string // with the groups that it is in: "track.max_lost"
	Value   any    // nil: it may be secret
	Expects string
}

// Error names the key, numbers, and what was expected. Strings may be long, and are not repeated.
func (e *InvalidError) Error() string {
	switch e.Value.(type) {
	case int, float64, []float64:
		return fmt.Sprintf("invalid %s %v: expected %s", e.Key, e.Value, e.Expects)
	}
	return fmt.Sprintf("invalid %s: expected %s", e.Key, e.Expects)
}

// fits reports whether the field's value fits.
func (f *Field) fits() bool {
	switch v := f.Value().(type) {
	case int:
		return f.key.Fits(float64(v))
	case float64:
		return f.key.Fits(v)
	case []float64:
		return (f.key.Lengths == nil || slices.Contains(f.key.Lengths, len(v))) &&
			!slices.ContainsFunc(v, func(x float64) bool { return !f.key.Fits(x) })
	case map[string]float64:
		score := Key{Min: Limit(0), Max: Limit(1)}
		return !slices.ContainsFunc(slices.Collect(maps.Values(v)), func(x float64) bool { return !score.Fits(x) })
	case string:
		return (len(f.key.Choices) == 0 || slices.Contains(f.key.Choices, v)) &&
			(f.key.Pattern == nil || f.key.Pattern.MatchString(v))
	default:
		return true
	}
}

func (t Table) names() []string {
	names := make([]string, len(t))
	for i, f := range t {
		names[i] = f.key.Name
	}
	return names
}
