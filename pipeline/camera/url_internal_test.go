package camera

import "testing"

// TestNothingSecret leaves an address without secrets as it is.
func TestNothingSecret(t *testing.T) {
	for _, c := range []Credentials{{}, {User: "me"}, {Token: "abc-token"}} {
		a, err := parseAddress("http://127.0.0.1:8080/stream", c)
		if err != nil || a.shown != "http://127.0.0.1:8080/stream" {
			t.Errorf("%+v: %q, %v", c.User, a.shown, err)
		}
	}
}
