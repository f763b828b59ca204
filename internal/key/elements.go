package key

// Element is one of the groups of a KindGroups key: its name, and its keys' values by their names.
type Element struct {
	Name   string
	Values map[string]any
}

// Called is a struct with keys that has a name: a pointer to it.
type Called[T any] interface {
	*T
	Configurable
	Called() *string
}

// Groups binds a list of structs with keys, each under a name that the user chooses, in the order in which they are written.
func Groups[T any, P Called[T]](to *[]T, name string) *Field {
	f := field(name, KindGroups)
	f.key.Keys = New[T, P]().Keys().Keys()
	f.set = func(value any) {
		*to = nil
		for _, e := range typed[[]Element](f, value) {
			one := New[T, P]()
			one.Keys().Set(e.Values)
			*one.Called() = e.Name
			*to = append(*to, *one)
		}
	}
	f.value = func() any {
		var all []Element
		for i := range *to {
			one := P(&(*to)[i])
			all = append(all, Element{*one.Called(), one.Keys().Values()})
		}
		return orNil(len(all), all)
	}
	return f
}

// Points binds the points of a shape in a picture, x and y in turn: "0.1,0.2,0.9,0.2,0.9,0.8". Least is the smallest number
// of points.
func Points(name string, least int, set func(text string), text func() string) *Field {
	f := field(name, KindPoints)
	f.key.LeastPoints = least
	f.set = func(value any) { set(typed[string](f, value)) }
	f.value = func() any { return text() }
	return f
}

// PointsList binds shapes as Points has them.
func PointsList(name string, least int, set func(texts []string), texts func() []string) *Field {
	f := field(name, KindPointsList)
	f.key.LeastPoints = least
	f.set = func(value any) { set(typed[[]string](f, value)) }
	f.value = func() any { all := texts(); return orNil(len(all), all) }
	return f
}
