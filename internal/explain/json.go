// Package explain rewords errors of parsers for the author of the file.
package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// JSON says where and why a text is not the expected JSON, given the error of encoding/json. The result does not name
// the file.
func JSON(text []byte, err error) error {
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return errors.New("the file is empty")
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return errors.New("not valid JSON: unexpected end; a bracket or quotation mark is not closed, or the file is truncated")
	case errors.As(err, &syntax):
		// The offset is one past the offending byte.
		line, found := lineAt(text, int(syntax.Offset)-1)
		return fmt.Errorf("not valid JSON: line %d: unexpected %s", line, found)
	case errors.As(err, &value):
		where := value.Field
		if where == "" {
			where = "the file"
		}
		return fmt.Errorf("%s is %s, want %s", where, article(value.Value), kindName(value.Type.Kind().String()))
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
	return "a " + word
}

// kindName is the JSON name of a Go kind.
func kindName(kind string) string {
	switch kind {
	case "string":
		return "a string"
	case "bool":
		return "true or false"
	case "slice", "array":
		return "an array"
	case "map", "struct":
		return "an object"
	}
	return "a number"
}
