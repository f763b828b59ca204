// Package explain puts the errors of parsers into words for who wrote the file.
package explain

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// JSON says where and why a text is not the JSON that is expected: err is what encoding/json said of it. The error does
// not name the file.
func JSON(text []byte, err error) error {
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		return errors.New("the file is empty")
	case errors.As(err, &syntax) && syntax.Error() == "unexpected end of JSON input":
		return errors.New("not valid JSON: it ends too early; a bracket or a quotation mark is not closed, or the file is cut off")
	case errors.As(err, &syntax):
		// The offset is behind the byte that does not fit.
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

// lineAt is the line of an offset, from 1, and the character there, for a message.
func lineAt(text []byte, offset int) (line int, found string) {
	offset = max(0, min(offset, len(text)-1))
	r := []rune(string(text[offset:min(len(text), offset+4)]))[0]
	return 1 + bytes.Count(text[:offset], []byte("\n")), fmt.Sprintf("%q", r)
}

// article is encoding/json's word for what a text has, as a noun.
func article(word string) string {
	switch word {
	case "bool":
		return "true or false"
	case "object", "array":
		return "an " + word
	}
	return "a " + word
}

// kindName is a Go kind as JSON has it.
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
