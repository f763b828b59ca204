package flatfile

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"sync"
)

var plans sync.Map // of reflect.Type, to *plan

// planOf reads the tags of a struct. A mistake in them is one of the program's, and panics.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{}
	for i := range t.NumField() {
		tag, ok := t.Field(i).Tag.Lookup("fb")
		if !ok {
			continue
		}
		f := field{index: i}
		parts := strings.Split(tag, ",")
		f.id = number(t, parts[0])
		for _, option := range parts[1:] {
			name, value, _ := strings.Cut(option, "=")
			switch name {
			case "default":
				f.def = int64(number(t, value))
			case "align":
				f.align = number(t, value)
			case "union":
				f.union = value
			default:
				panic(fmt.Sprintf("flatfile: %s: unknown option %q", t, name))
			}
		}
		p.fields = append(p.fields, f)
		p.count = max(p.count, f.id+1)
	}
	plans.Store(t, p)
	return p
}

func number(t reflect.Type, s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		panic(fmt.Sprintf("flatfile: %s: %v", t, err))
	}
	return n
}
