package key

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

// Field is a key bound to a field of a struct, which holds its value. The constructors bind it; the methods describe it
// and return it, so that a table reads as one line a key:
//
//	key.Int(&c.Retries, "retries").Min(0).Max(100).Default(5).Example("0").Doc("How often an event is sent again.")
type Field struct {
	key    Key
	target any // a pointer to the field
}

// String binds a string.
func String(to *string, name string) *Field { return bind(to, name, KindString) }

// Int binds an integer.
func Int(to *int, name string) *Field { return bind(to, name, KindInteger) }

// Number binds a number.
func Number(to *float64, name string) *Field { return bind(to, name, KindNumber) }

// Seconds binds a duration, which is a number of seconds.
func Seconds(to *time.Duration, name string) *Field { return bind(to, name, KindNumber) }

// Bool binds true or false.
func Bool(to *bool, name string) *Field { return bind(to, name, KindBoolean) }

// Strings binds a list of strings.
func Strings(to *[]string, name string) *Field { return bind(to, name, KindStringList) }

// StringLists binds lists of strings by name.
func StringLists(to *map[string][]string, name string) *Field {
	return bind(to, name, KindStringListMap)
}

func bind(target any, name string, kind Kind) *Field {
	return &Field{key: Key{Name: name, Kind: kind}, target: target}
}

// Key is the description of the field's key. It must not be changed.
func (f *Field) Key() *Key { return &f.key }

// Doc says what the key means: sentences in Markdown.
func (f *Field) Doc(doc string) *Field { f.key.Doc = doc; return f }

// Default is the value of a key that is not given: an int, float64 (seconds for a duration), string, bool or a list.
func (f *Field) Default(value any) *Field {
	if d, ok := value.(time.Duration); ok {
		value = d.Seconds()
	}
	f.key.Default = value
	return f
}

// DefaultDoc says the default in words, where it depends on something.
func (f *Field) DefaultDoc(doc string) *Field { f.key.DefaultDoc = doc; return f }

// Example is a value as it stands in YAML.
func (f *Field) Example(yaml string) *Field { f.key.Example = yaml; return f }

// Required is for keys that must be given.
func (f *Field) Required() *Field { f.key.Required = true; return f }

// Min is the inclusive lower limit.
func (f *Field) Min(limit float64) *Field { f.key.Min = &limit; return f }

// Max is the inclusive upper limit.
func (f *Field) Max(limit float64) *Field { f.key.Max = &limit; return f }

// Above is the exclusive lower limit.
func (f *Field) Above(limit float64) *Field { f.key.Above = &limit; return f }

// Lengths are the possible lengths of a list of numbers.
func (f *Field) Lengths(lengths ...int) *Field { f.key.Lengths = lengths; return f }

// Choices are the only values that a string may have.
func (f *Field) Choices(values ...string) *Field { f.key.Choices = values; return f }

// Pattern is what a string must match, and the same in words.
func (f *Field) Pattern(pattern *regexp.Regexp, doc string) *Field {
	f.key.Pattern, f.key.PatternDoc = pattern, doc
	return f
}

// Secret is for addresses that whoever knows them could use: messages and config show do not repeat them.
func (f *Field) Secret() *Field { f.key.Secret = true; return f }

// AcceptInt takes an integer for its digits, where a string is expected.
func (f *Field) AcceptInt() *Field { f.key.AcceptInt = true; return f }

// PicturesOnly is for keys of pipelines that only those of pictures have.
func (f *Field) PicturesOnly() *Field { f.key.Pictures = true; return f }

// FormerNames are those that the key had in earlier versions: they are refused with the new name.
func (f *Field) FormerNames(names ...string) *Field { f.key.FormerNames = names; return f }

// Excludes names keys of the same table that must not be given together with this one.
func (f *Field) Excludes(names ...string) *Field { f.key.Excludes = names; return f }

// Needs names keys of the same table that must be given together with this one.
func (f *Field) Needs(names ...string) *Field { f.key.Needs = names; return f }

// Set sets the field to a value of the key's kind: string, int, float64, bool, []string or map[string][]string.
// Another type is a mistake in the program, and panics.
func (f *Field) Set(value any) {
	switch to := f.target.(type) {
	case *string:
		*to = typed[string](f, value)
	case *int:
		*to = typed[int](f, value)
	case *float64:
		*to = typed[float64](f, value)
	case *time.Duration:
		*to = time.Duration(typed[float64](f, value) * float64(time.Second))
	case *bool:
		*to = typed[bool](f, value)
	case *[]string:
		*to = slices.Clone(typed[[]string](f, value))
	case *map[string][]string:
		*to = typed[map[string][]string](f, value)
	default:
		panic(fmt.Sprintf("key %s is bound to a %T", f.key.Name, f.target))
	}
}

func typed[T any](f *Field, value any) T {
	v, ok := value.(T)
	if !ok {
		panic(fmt.Sprintf("key %s is set to a %T: expected a %T", f.key.Name, value, v))
	}
	return v
}

// Value is the field's value, of the types that Set takes; nil for an empty list or map.
func (f *Field) Value() any {
	switch to := f.target.(type) {
	case *string:
		return *to
	case *int:
		return *to
	case *float64:
		return *to
	case *time.Duration:
		return to.Seconds()
	case *bool:
		return *to
	case *[]string:
		return orNil(len(*to), *to)
	case *map[string][]string:
		return orNil(len(*to), *to)
	default:
		return nil
	}
}

func orNil(length int, v any) any {
	if length == 0 {
		return nil
	}
	return v
}

// IsZero reports whether the field has the zero value of its type.
func (f *Field) IsZero() bool {
	switch v := f.Value().(type) {
	case nil:
		return true
	case string:
		return v == ""
	case int:
		return v == 0
	case float64:
		return v == 0
	case bool:
		return !v
	default:
		return false
	}
}
