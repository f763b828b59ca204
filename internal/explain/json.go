// Package explain rewords errors of parsers for the author of the file.
package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// JSON says where and why the text of a file is not the expected JSON, given the error of encoding/json. The result does
// not name the file.
func JSON(text []byte, err error) error { return JSONOf("the file", text, err) }

// JSONOf is JSON for a text that is not a file but what is named.
func JSONOf(what string, text []byte, err error) error {
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return fmt.Errorf("%s is empty", what)
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return fmt.Errorf("not valid JSON: unexpected end; a bracket or quotation mark is not closed, or %s is truncated", what)
	case errors.As(err, &syntax) && strings.HasSuffix(syntax.Error(), "exceeded max depth"):
		return fmt.Errorf("%s is nested too deep", what)
	case errors.As(err, &syntax):
		// The offset is one past the offending byte.
		line, found := lineAt(text, int(syntax.Offset)-1)
		return fmt.Errorf("not valid JSON: line %d: unexpected %s", line, found)
	case errors.As(err, &value):
		where := value.Field
		if where == "" {
			where = what
		}
		return fmt.Errorf("%s is %s, want %s", where, article(value.Value), kindName(value.Type.Kind()))
	}
	return err
}

// lineAt returns the line of an offset, from 1, and the character there, quoted.
func lineAt(text []byte, offset int) (line int, found string) {
	offset = max(0, min(offset, len(text)-1))
	r := []rune(string(text[offset:min(len(text), offset+4)]))[0]
	return 1 + bytes.Count(text[:offset], []byte("\n")), fmt.Sprintf("%q", r)
}

// article turns encoding/json's name of a value into a noun with its article.
func article(word string) string {
	switch word {
	case "bool":
		return "true or false"
	case "object", "array":
		return "an " + word
	}
	if number, ok := strings.CutPrefix(word, "number "); ok { // one that does not fit
		return number
	}
	return "a " + word
}

// kindName is the JSON name of a Go kind.
func kindName(kind reflect.Kind) string {
	switch kind {
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Slice, reflect.Array:
		return "an array"
	case reflect.Map, reflect.Struct:
		return "an object"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number from 0 on"
	}
	return "a whole number"
}
