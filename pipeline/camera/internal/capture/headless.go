package capture

import (
	"bytes"
	"net"
	"regexp"
	"slices"
)

// headless is a connection to a server whose responses may have no status line, as in HTTP/0.9: some cameras send the
// pictures, or the fields of the header, at once. net/http accepts neither, so a status line is put before the first response.
type headless struct {
	net.Conn
	started bool
	before  []byte // what comes before the rest of the connection
}

func (h *headless) Read(p []byte) (int, error) {
	if !h.started {
		h.started = true
		first, err := h.firstLine()
		if len(first) == 0 {
			return 0, err
		}
		h.before = append(statusBefore(first), first...)
	}
	if len(h.before) > 0 {
		n := copy(p, h.before)
		h.before = h.before[n:]
		return n, nil
	}
	return h.Conn.Read(p)
}

// firstLine reads the beginning of the response: its first line, and maybe more.
func (h *headless) firstLine() (first []byte, err error) {
	const enough = 64
	for err == nil && len(first) < enough && !hasStatus(first) && !bytes.ContainsRune(first, '\n') {
		var n int
		first = slices.Grow(first, enough)
		n, err = h.Conn.Read(first[len(first):enough])
		first = first[:len(first)+n]
	}
	return first, err
}

// hasStatus reports whether a response begins with a status line, or with a record of TLS (RFC 8446, section 5.1), inside
// which it will begin with one.
func hasStatus(first []byte) bool {
	return bytes.HasPrefix(first, []byte("HTTP/")) || len(first) > 0 && (first[0] == 0x15 || first[0] == 0x16)
}

var fieldLine = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9-]*:`)

// statusBefore returns what is missing before a response that begins with first.
func statusBefore(first []byte) []byte {
	const line = "HTTP/1.0 200 OK\r\n"
	switch {
	case hasStatus(first):
		return nil
	case fieldLine.Match(first):
		return []byte(line)
	}
	return []byte(line + "\r\n")
}
