package environ

import (
	"slices"
	"testing"
)

func TestExpand(t *testing.T) {
	t.Setenv("ONE", "a b")
	t.Setenv("TWO", "${ONE}")
	for text, want := range map[string]string{
		"": "", "plain $ONE ${} ${1}": "plain $ONE ${} ${1}", "x${ONE}y": "xa by", "${ONE}${TWO}": "a b${ONE}",
	} {
		if got, err := Expand(text, nil); got != want || err != nil {
			t.Errorf("%q: %q, %v; want %q", text, got, err, want)
		}
	}
	as := func(before, value string) string { return "<" + before + "|" + value + ">" }
	if got, err := Expand("x${ONE}y${ONE}", as); got != "x<x|a b>y<x${ONE}y|a b>" || err != nil {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := Expand("${ONE}${NOT_SET_1} ${NOT_SET_2}", nil); got != "" || err == nil || err.Error() != "environment variables NOT_SET_1, NOT_SET_2 are not set" {
		t.Errorf("%q, %v", got, err)
	}
	if got := Variables("${ONE} ${NOT_SET_1}${ONE}"); !slices.Equal(got, []string{"ONE", "NOT_SET_1", "ONE"}) {
		t.Errorf("variables %q", got)
	}
	if got := Replace("a${ONE}b", "$1"); got != "a$1b" {
		t.Errorf("%q", got)
	}
}
