package capture

import (
	"bufio"
	"bytes"
	"net/http"
	"strings"
)

// content is what a server sends: how it is to be read.
type content int

const (
	otherContent     content = iota // anything else: for libav
	multipartContent                // pictures as the parts of a multipart stream
	pictureContent                  // one picture
	pageContent                     // text for people or programs
)

// headSize is the number of bytes by which content is recognized.
const headSize = 512

// head returns the first bytes of a stream without consuming them: headSize, or fewer where that many are not there yet.
// It waits for a few, which every picture has.
func head(in *bufio.Reader) []byte {
	const enough = 16
	start, _ := in.Peek(enough) // an end or a failure of the stream shows itself in the next read
	if n := min(in.Buffered(), headSize); n > len(start) {
		start, _ = in.Peek(n)
	}
	return start
}

// recognize tells what a response is by its first bytes, because many cameras state no type or a wrong one: a multipart
// stream says that it is an image, a picture that it is an octet-stream. The media type that the server states decides
// where the bytes say nothing. text is the type of a page.
func recognize(start []byte, stated string) (kind content, text string) {
	seen, _, _ := strings.Cut(http.DetectContentType(start), ";")
	isText := strings.HasPrefix(stated, "text/") || strings.HasSuffix(stated, "html") || stated == "application/json"
	switch {
	case firstBoundary(start) != "":
		return multipartContent, ""
	case strings.HasPrefix(seen, "image/") || isPicture(start):
		return pictureContent, ""
	case bytes.HasPrefix(start, []byte("#EXTM3U")) || bytes.Contains(start, []byte("<MPD")): // playlists of HLS (RFC 8216) and DASH
		return otherContent, ""
	case seen == "text/html":
		return pageContent, seen
	case strings.HasPrefix(stated, "multipart/"):
		return multipartContent, ""
	case isText && (len(start) == 0 || strings.HasPrefix(seen, "text/")):
		return pageContent, stated
	}
	return otherContent, ""
}

// isPicture reports whether data is a picture of a kind that browsers do not show: TIFF, PNM, JPEG 2000.
func isPicture(data []byte) bool {
	for _, begins := range []string{"II*\x00", "MM\x00*", "P4\n", "P5\n", "P6\n", "\x00\x00\x00\x0cjP  "} {
		if bytes.HasPrefix(data, []byte(begins)) {
			return true
		}
	}
	return false
}

// firstBoundary returns the boundary with which a multipart stream begins (RFC 2046, section 5.1.1), without its hyphens;
// "": it does not begin with one.
func firstBoundary(start []byte) string {
	start = bytes.TrimLeft(start, "\r\n")
	line, _, _ := bytes.Cut(start, []byte("\n"))
	name, hyphens := bytes.CutPrefix(bytes.TrimRight(line, "\r \t"), []byte("--"))
	if !hyphens || len(name) == 0 || len(name) > 200 {
		return ""
	}
	for _, c := range name {
		if c < ' ' || c > '~' {
			return ""
		}
	}
	return strings.TrimLeft(string(name), "-")
}
