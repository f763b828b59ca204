package redact

import (
	"net/url"
	"strings"
	"testing"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"open rtsp://anna:hunter2@10.0.0.2/live: refused":               "open rtsp://10.0.0.2/live: refused",
		"http://anna@host/x":                                            "http://host/x",
		"rtsp://anna:hun@ter2@10.0.0.2:554/live":                        "rtsp://10.0.0.2:554/live",
		"rtsp://anna:hun/ter2@10.0.0.2/live":                            "rtsp://10.0.0.2/live",
		"rtsp://anna:hun?ter2@10.0.0.2/live":                            "rtsp://10.0.0.2/live",
		`Get "https://anna:hunter2@mirror.invalid/a?token=hunter2": no`: `Get "https://mirror.invalid/a?***": no`,
		"https://host/hook?key=hunter2 and https://a:hunter2@b":         "https://host/hook?*** and https://b",
		"password=hunter2 user_token=\"hunter2 x\" n=3":                 "password=*** user_token=*** n=3",
		// What is not secret stays.
		"http://127.0.0.1:8080/pictures/cat@2x.jpg": "http://127.0.0.1:8080/pictures/cat@2x.jpg",
		"mail anna@example.org":                     "mail anna@example.org",
		"file:///a/b.tflite":                        "file:///a/b.tflite",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestURL(t *testing.T) {
	u, err := url.Parse("https://anna:hunter2@host:8443/a%20b/c?sig=hunter2&x=1#hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if got := URL(u); got != "https://host:8443/a%20b/c?***" {
		t.Error(got)
	}
	if !strings.Contains(u.String(), "hunter2") {
		t.Error("the address itself was changed")
	}
}
