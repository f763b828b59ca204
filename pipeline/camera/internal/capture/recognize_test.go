package capture

import (
	"bufio"
	"bytes"
	"strings"
	"testing"
)

func TestRecognize(t *testing.T) {
	const jpeg = "\xff\xd8\xff\xe0\x00\x10JFIF\x00"
	for _, c := range []struct {
		start, stated string
		want          content
		text          string
	}{
		{jpeg, "", pictureContent, ""},
		{jpeg, "text/html", pictureContent, ""},
		{"\x89PNG\r\n\x1a\n\x00\x00", "application/octet-stream", pictureContent, ""},
		{"\r\n--b\r\nContent-Type: image/jpeg\r\n\r\n" + jpeg, "image/jpeg", multipartContent, ""},
		{"preamble\r\n--b\r\n", "multipart/x-mixed-replace", multipartContent, ""},
		{"II*\x00\x08\x00\x00\x00", "image/tiff", pictureContent, ""},
		{"<!DOCTYPE html><title>log in</title>", "application/octet-stream", pageContent, "text/html"},
		{"<!DOCTYPE html><title>log in</title>", "image/jpeg", pageContent, "text/html"},
		{"", "text/html", pageContent, "text/html"},
		{`{"error": "busy"}`, "application/json", pageContent, "application/json"},
		{"#EXTM3U\n#EXT-X-VERSION:3\n", "text/plain", otherContent, ""},
		{`<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011">`, "text/xml", otherContent, ""},
		{"G@\x00\x10\x00\x00\xb0\x0d\x00\x01", "text/html", otherContent, ""},
		{"\x00\x00\x00\x18ftypmp42", "", otherContent, ""},
		{"\x1a\x45\xdf\xa3\x01\x00\x00\x00", "image/x-unknown", otherContent, ""},
	} {
		if kind, text := recognize([]byte(c.start), c.stated); kind != c.want || text != c.text {
			t.Errorf("%q as %q is %v, %q; want %v, %q", c.start, c.stated, kind, text, c.want, c.text)
		}
	}
}

func TestReadJPEG(t *testing.T) {
	const (
		plain     = "\xff\xd8\xff\xdb\x00\x04ab\xff\xda\x00\x03c12\xff\x0034\xff\xd056\xff\xd9"
		thumbnail = "\xff\xd8\xff\xe1\x00\x08\xff\xd8\xff\xd9xy\xff\xda\x00\x03c78\xff\xd9"
		filled    = "\xff\xd8\xff\xff\xff\xdb\x00\x04ab\xff\xda\x00\x03c1\xff\xff\xd9"
		unfilled  = "\xff\xd8\xff\xdb\x00\x04ab\xff\xda\x00\x03c1\xff\xd9"
		large     = "\xff\xd8\xff\xfe\xff\xff"
	)
	huge := large + strings.Repeat("\xff\xd9", 65533/2) + "z\xff\xd9"
	stream := "noise\xff\x01" + plain + "\r\n" + thumbnail + filled + huge + "\xff\xd8\xff\xda\x00\x03c broke off" + plain + "\xff\xd8\xff\xda\x00\x02"
	in := bufio.NewReaderSize(strings.NewReader(stream), 64)
	var data []byte
	for i, want := range []string{plain, thumbnail, unfilled, huge, plain} {
		var err error
		if data, err = readJPEG(in, data); err != nil || !bytes.Equal(data, []byte(want)) {
			t.Fatalf("picture %d: %q, %v; want %q", i, data, err, want)
		}
	}
	if _, err := readJPEG(in, data); err == nil || !strings.Contains(err.Error(), "ended the stream") {
		t.Errorf("after the last picture: %v", err)
	}
	if _, err := readJPEG(bufio.NewReader(strings.NewReader(strings.Repeat("noise ", maxHead))), nil); err == nil || !strings.Contains(err.Error(), "no JPEG") {
		t.Errorf("of noise: %v", err)
	}
}
