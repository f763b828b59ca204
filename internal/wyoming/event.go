package wyoming

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// The limits of an event from a peer. Real ones are far below: a line has some 100 bytes, and a chunk of sound some 10 ms.
const (
	maxHeader  = 64 << 10 // the line
	maxData    = 256 << 10
	maxPayload = 1 << 20 // 32 s of 16-bit sound at 16 kHz
	maxDepth   = 32      // of JSON
)

// version is what this side says in its events: that of the package wyoming whose events these are.
const version = "1.10.2"

// Event is one message of the protocol: a line of JSON, then the rest of its data as JSON, then bytes that are no JSON.
// See github.com/OHF-Voice/wyoming.
type Event struct {
	Type    string
	Data    json.RawMessage // an object; nil: none
	Payload []byte
}

// ProtocolError is what a peer did against the protocol. Nothing that follows on its connection can be understood.
type ProtocolError struct{ text string }

func (e *ProtocolError) Error() string { return e.text }

func wrong(format string, args ...any) error { return &ProtocolError{fmt.Sprintf(format, args...)} }

// header is the line of an event.
type header struct {
	Type          string          `json:"type"`
	Version       string          `json:"version,omitempty"`
	Data          json.RawMessage `json:"data,omitempty"`
	DataLength    *int64          `json:"data_length,omitempty"`
	PayloadLength *int64          `json:"payload_length,omitempty"`
}

// reader reads events. It holds no more than one, and no more of that than the limits.
type reader struct {
	in      *bufio.Reader
	begun   func() // is called when the first byte of an event is there; may be nil
	payload []byte // is used again
}

func newReader(in io.Reader) *reader { return &reader{in: bufio.NewReaderSize(in, 4096)} }

// next returns the next event, whose payload is valid until the next call. io.EOF is the end between two events; what is
// against the protocol is a *ProtocolError.
func (r *reader) next() (Event, error) {
	if _, err := r.in.Peek(1); err != nil {
		return Event{}, err
	}
	if r.begun != nil {
		r.begun()
	}
	line, err := r.line()
	if err != nil {
		return Event{}, err
	}
	var h header
	if err := unmarshal(line, &h); err != nil {
		return Event{}, wrong("the header is no event: %v", err)
	}
	if h.Type == "" {
		return Event{}, wrong("the header has no type")
	}
	dataLength, err := length("data_length", h.DataLength, maxData)
	if err != nil {
		return Event{}, err
	}
	payloadLength, err := length("payload_length", h.PayloadLength, maxPayload)
	if err != nil {
		return Event{}, err
	}
	event := Event{Type: h.Type}
	outside := make([]byte, dataLength)
	if err := r.fill(outside); err != nil {
		return Event{}, err
	}
	if event.Data, err = merged(h.Data, outside); err != nil {
		return Event{}, err
	}
	if cap(r.payload) < payloadLength {
		r.payload = make([]byte, payloadLength)
	}
	event.Payload = r.payload[:payloadLength]
	return event, r.fill(event.Payload)
}

// line reads a line without its end.
func (r *reader) line() ([]byte, error) {
	var line []byte
	for {
		part, err := r.in.ReadSlice('\n')
		if len(line)+len(part) > maxHeader {
			return nil, wrong("the header has more than %d bytes", maxHeader)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return line[:len(line)-1], nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, cut(err)
		}
	}
}

// fill reads exactly so many bytes.
func (r *reader) fill(b []byte) error {
	_, err := io.ReadFull(r.in, b)
	return cut(err)
}

// cut makes of the end of the connection within an event an error.
func cut(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

func length(name string, n *int64, most int) (int, error) {
	switch {
	case n == nil:
		return 0, nil
	case *n < 0 || *n > int64(most):
		return 0, wrong("%s is %d: want 0 to %d", name, *n, most)
	}
	return int(*n), nil
}

// merged puts the data outside of the header over that in it.
func merged(inside json.RawMessage, outside []byte) (json.RawMessage, error) {
	if bytes.Equal(bytes.TrimSpace(inside), []byte("null")) {
		inside = nil
	}
	if len(inside) == 0 && len(outside) == 0 {
		return nil, nil
	}
	all := map[string]json.RawMessage{}
	for _, part := range [][]byte{inside, outside} {
		if len(part) == 0 {
			continue
		}
		if err := unmarshal(part, &all); err != nil {
			return nil, wrong("the data is no JSON object: %v", err)
		}
	}
	return json.Marshal(all)
}

// unmarshal is json.Unmarshal of text that is not too deep.
func unmarshal(text []byte, to any) error {
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			if depth++; depth > maxDepth {
				return fmt.Errorf("it is nested more than %d deep", maxDepth)
			}
		case c == '}' || c == ']':
			depth--
		}
	}
	return json.Unmarshal(text, to)
}

// decode reads the data of an event into what to points to. What is not there, or null, stays as it is.
func (e Event) decode(to any) error {
	if len(e.Data) == 0 {
		return nil
	}
	if err := json.Unmarshal(e.Data, to); err != nil {
		return wrong("%s: %v", e.Type, err)
	}
	return nil
}

// encode makes an event of data that JSON can say, with its data after the header, as the package wyoming sends it.
func encode(kind string, data any) ([]byte, error) {
	h := header{Type: kind, Version: version}
	var body []byte
	if data != nil {
		var err error
		if body, err = json.Marshal(data); err != nil {
			return nil, err
		}
		n := int64(len(body))
		h.DataLength = &n
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), body...), nil
}
