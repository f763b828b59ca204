package key

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"
)

// Field is a key bound to a field of a struct, which holds its value. The constructors bind it; the methods describe it
// and return it, so that a table reads as one line a key:
//
//	key.Int(&c.Retries, "retries").Min(0).Max(100).Default(5).Example("0").Doc("How often an event is sent again.")
type Field struct {
	key     Key
	set     func(value any)
	value   func() any   // nil: the field says nothing
	pointer bool         // nil, and not the zero value, says nothing
	below   func() Table // KindGroup: the keys with what the field holds; of an optional group that is not there, its defaults
}

// String binds a string.
func String[T ~string](to *T, name string) *Field {
	f := field(name, KindString)
	f.set = func(value any) { *to = T(typed[string](f, value)) }
	f.value = func() any { return string(*to) }
	return f
}

// Int binds an integer.
func Int(to *int, name string) *Field { return bind(to, name, KindInteger) }

// Number binds a number. The value of a float32 is the shortest number that it stands for: 0.1, and not 0.10000000149.
func Number[T float32 | float64](to *T, name string) *Field {
	f := field(name, KindNumber)
	f.set = func(value any) { *to = T(typed[float64](f, value)) }
	f.value = func() any {
		short, isShort := any(*to).(float32)
		if !isShort {
			return float64(*to)
		}
		// The error is one of text that is no number.
		v, _ := strconv.ParseFloat(strconv.FormatFloat(float64(short), 'g', -1, 32), 64)
		return v
	}
	return f
}

// Seconds binds a duration, which is a number of seconds.
func Seconds(to *time.Duration, name string) *Field {
	f := field(name, KindNumber)
	f.set = func(value any) { *to = time.Duration(typed[float64](f, value) * float64(time.Second)) }
	f.value = func() any { return to.Seconds() }
	return f
}

// Bool binds true or false.
func Bool(to *bool, name string) *Field { return bind(to, name, KindBoolean) }

// Optional binds an integer, a number, or true or false for which nil means that nothing is said.
func Optional[T int | float64 | bool](to **T, name string) *Field {
	kind := KindInteger
	switch any(*new(T)).(type) {
	case float64:
		kind = KindNumber
	case bool:
		kind = KindBoolean
	}
	f := field(name, kind)
	f.set = func(value any) { v := typed[T](f, value); *to = &v }
	f.value = func() any {
		if *to == nil {
			return nil
		}
		return **to
	}
	f.pointer = true
	return f
}

// Strings binds a list of strings.
func Strings(to *[]string, name string) *Field { return bindList(to, name, KindStringList) }

// Numbers binds a list of numbers.
func Numbers(to *[]float64, name string) *Field { return bindList(to, name, KindNumberList) }

// Scores binds numbers from 0 to 1 by name.
func Scores(to *map[string]float64, name string) *Field { return bindMap(to, name, KindFloatMap) }

// StringMap binds strings by name.
func StringMap(to *map[string]string, name string) *Field { return bindMap(to, name, KindStringMap) }

// StringLists binds lists of strings by name.
func StringLists(to *map[string][]string, name string) *Field {
	return bindMap(to, name, KindStringListMap)
}

// Group binds a struct with keys of its own.
func Group(to Configurable, name string) *Field {
	f := field(name, KindGroup)
	f.key.Keys = to.Keys().Keys()
	f.set = func(value any) { to.Keys().Set(typed[map[string]any](f, value)) }
	f.value = func() any { return orNil(len(to.Keys().Values()), to.Keys().Values()) }
	f.below = to.Keys
	return f
}

// OptionalGroup binds a struct with keys of its own for which nil means that the group is not given. Set makes it, with the
// defaults of its keys; with [Field.Switch] also of true, and takes it away with false.
func OptionalGroup[T any, P interface {
	*T
	Configurable
}](to *P, name string) *Field {
	f := field(name, KindGroup)
	f.key.Keys, f.key.Optional = New[T, P]().Keys().Keys(), true
	f.set = func(value any) {
		*to = New[T, P]()
		if on, isBool := value.(bool); isBool {
			if !on {
				*to = nil
			}
			return
		}
		(*to).Keys().Set(typed[map[string]any](f, value))
	}
	f.value = func() any {
		if *to == nil {
			return nil
		}
		return (*to).Keys().Values()
	}
	f.below = func() Table {
		if *to == nil {
			return New[T, P]().Keys()
		}
		return (*to).Keys()
	}
	return f
}

// Bind binds a key that none of the other constructors makes: set gets its values, value gives it, nil when nothing is
// said.
func Bind(k Key, set func(value any), value func() any) *Field {
	return &Field{key: k, set: set, value: value}
}

func field(name string, kind Kind) *Field { return &Field{key: Key{Name: name, Kind: kind}} }

func bind[T any](to *T, name string, kind Kind) *Field {
	f := field(name, kind)
	f.set = func(value any) { *to = typed[T](f, value) }
	f.value = func() any { return *to }
	return f
}

func bindList[T any](to *[]T, name string, kind Kind) *Field {
	f := field(name, kind)
	f.set = func(value any) { *to = slices.Clone(typed[[]T](f, value)) }
	f.value = func() any { return orNil(len(*to), *to) }
	return f
}

func bindMap[T any](to *map[string]T, name string, kind Kind) *Field {
	f := field(name, kind)
	f.set = func(value any) { *to = maps.Clone(typed[map[string]T](f, value)) }
	f.value = func() any { return orNil(len(*to), *to) }
	return f
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

// Tasks are the tasks of models, the only ones that the key means something for.
func (f *Field) Tasks(names ...string) *Field { f.key.Tasks = names; return f }

// Flag is for keys of models that commands have as a flag: what help says of it. The commands are those of the tasks that are
// listed, or of all that the key means something for.
func (f *Field) Flag(usage string, tasks ...string) *Field {
	f.key.Flag, f.key.FlagTasks = usage, tasks
	return f
}

// ShowZero is for keys that config show shows whatever their value is.
func (f *Field) ShowZero() *Field { f.key.ShowZero = true; return f }

// Switch is for an optional group that true stands for as well, with the defaults of its keys; false, the default, is that
// it is not given.
func (f *Field) Switch() *Field { f.key.Switch = true; return f }

// FormerChoices are the new values of Choices by those of earlier versions, which are refused with the new ones.
func (f *Field) FormerChoices(choices map[string]string) *Field {
	f.key.FormerChoices = choices
	return f
}

// Set sets the field to a value of the key's kind: string, int, float64, bool, []string, []float64, map[string]float64,
// map[string]string, map[string][]string, or of a group the values of its keys by their names. Another type is a mistake in the program, and
// panics.
func (f *Field) Set(value any) { f.set(value) }

func typed[T any](f *Field, value any) T {
	v, ok := value.(T)
	if !ok {
		panic(fmt.Sprintf("key %s is set to a %T: expected a %T", f.key.Name, value, v))
	}
	return v
}

// Value is the field's value, of the types that Set takes; nil for an empty list or map, and for what is optional and not
// there.
func (f *Field) Value() any { return f.value() }

// Below are the keys of a group with what the field holds; nil for other kinds.
func (f *Field) Below() Table {
	if f.below == nil {
		return nil
	}
	return f.below()
}

func orNil(length int, v any) any {
	if length == 0 {
		return nil
	}
	return v
}

// IsZero reports whether the field has the zero value of its type: nil where it is optional.
func (f *Field) IsZero() bool {
	if f.pointer {
		return f.Value() == nil
	}
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
