package explain_test

import (
	"encoding/json"
	"strings"
	"testing"

	"corallite/internal/explain"
)

func TestJSON(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"", "the file is empty"},
		{" \n", "the file is empty"},
		{`{"a": 1`, "not valid JSON: unexpected end; a bracket or quotation mark is not closed, or the file is truncated"},
		{"{\n\"a\": 1,\n}", `not valid JSON: line 3: unexpected '}'`},
		{"{\n\"a\": tru,\n}", `not valid JSON: line 2: unexpected ','`},
		{"{é: 1}", `not valid JSON: line 1: unexpected 'é'`},
		{`[1]`, "the file is an array, want an object"},
		{`{"a": "x"}`, "a is a string, want a whole number"},
		{`{"a": 1.5}`, "a is 1.5, want a whole number"},
		{`{"d": [{"e": "x"}]}`, "d.e is a string, want a number"},
		{strings.Repeat("[", 10_001), "the file is nested too deep"},
		{`{"b": {}}`, "b is an object, want true or false"},
		{`{"c": 3}`, "c is a number, want an array"},
	} {
		var into struct {
			A int      `json:"a"`
			B bool     `json:"b"`
			C []string `json:"c"`
			D []struct {
				E float64 `json:"e"`
			} `json:"d"`
		}
		err := json.Unmarshal([]byte(c.text), &into)
		if err == nil {
			t.Fatalf("%q is taken", c.text)
		}
		if got := explain.JSON([]byte(c.text), err).Error(); got != c.want {
			t.Errorf("%.40q: %q, want %q", c.text, got, c.want)
		}
	}
}
