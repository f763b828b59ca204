package tflitefile

import (
	"bytes"
	"fmt"
	"math"
	"reflect"

	"corallite/internal/flatfile"
)

// Difference names the first part in which two models differ; "": they have the same contents. Files that are packed into
// them are not compared.
func Difference(a, b *Model) string {
	return difference("", reflect.ValueOf(a).Elem(), reflect.ValueOf(b).Elem())
}

func difference(path string, a, b reflect.Value) string {
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			f := a.Type().Field(i)
			if _, tagged := f.Tag.Lookup("fb"); !tagged && a.Type() != reflect.TypeFor[flatfile.Union]() && a.Type() != reflect.TypeFor[flatfile.Fields]() {
				continue
			}
			if d := difference(path+"."+f.Name, a.Field(i), b.Field(i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Pointer, reflect.Interface:
		if a.IsNil() || b.IsNil() {
			return unlessSame(path, a.IsNil() == b.IsNil())
		}
		if a.Elem().Type() != b.Elem().Type() {
			return path + " is of another kind"
		}
		return difference(path, a.Elem(), b.Elem())
	case reflect.Slice:
		if a.IsNil() != b.IsNil() || a.Len() != b.Len() {
			return fmt.Sprintf("%s has %d elements and %d", path, a.Len(), b.Len())
		}
		if x, ok := a.Interface().([]byte); ok {
			return unlessSame(path, bytes.Equal(x, b.Bytes()))
		}
		for i := range a.Len() {
			if d := difference(fmt.Sprintf("%s[%d]", path, i), a.Index(i), b.Index(i)); d != "" {
				return d
			}
		}
		return ""
	case reflect.Float32, reflect.Float64: // the same bits, also of a NaN
		return unlessSame(path, math.Float64bits(a.Float()) == math.Float64bits(b.Float()))
	default:
		return unlessSame(path, a.Interface() == b.Interface())
	}
}

func unlessSame(path string, same bool) string {
	if same {
		return ""
	}
	return path + " differs"
}
