package wyoming

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// TestRead reads events as the package wyoming writes them (data outside of the header, nulls), as others do (data inside,
// lengths of 0), and in single bytes.
func TestRead(t *testing.T) {
	const stream = "" +
		"{\"type\": \"describe\", \"version\": \"1.10.2\"}\n" +
		"{\"type\": \"detect\", \"version\": \"1.10.2\", \"data_length\": 24}\n{\"names\": [\"ok\"], \"a\":1}" +
		"{\"type\": \"detect\", \"data\": {\"names\": null}, \"data_length\": 0, \"payload_length\": null}\n" +
		"{\"type\": \"audio-chunk\", \"data\": {\"rate\": 1, \"width\": 2}, \"data_length\": 12, \"payload_length\": 4}\n{\"rate\": 16}\x01\x02\n\x04"
	for name, in := range map[string]io.Reader{"at once": strings.NewReader(stream), "bytes": iotest.OneByteReader(strings.NewReader(stream))} {
		r := newReader(in)
		for i, want := range []struct{ kind, data, payload string }{
			{"describe", "", ""}, {"detect", `{"a":1,"names":["ok"]}`, ""}, {"detect", `{"names":null}`, ""}, {"audio-chunk", `{"rate":16,"width":2}`, "\x01\x02\n\x04"},
		} {
			e, err := r.next()
			if err != nil || e.Type != want.kind || string(e.Data) != want.data || string(e.Payload) != want.payload {
				t.Fatalf("%s, event %d: %s %s %q, %v", name, i, e.Type, e.Data, e.Payload, err)
			}
		}
		if _, err := r.next(); err != io.EOF {
			t.Errorf("%s, at the end: %v", name, err)
		}
	}
}

func TestEncode(t *testing.T) {
	b, err := encode("detection", detection{Name: "okay_nabu", Timestamp: 7})
	if err != nil || !bytes.HasPrefix(b, []byte(`{"type":"detection","version":"1.10.2","data_length":34}`+"\n"+`{"name"`)) {
		t.Fatalf("%s, %v", b, err)
	}
	e, err := newReader(bytes.NewReader(b)).next()
	var d detection
	if err != nil || e.Type != "detection" || e.decode(&d) != nil || d != (detection{"okay_nabu", 7}) {
		t.Errorf("%+v, %v, %v", e, d, err)
	}
}

// endless gives the same byte for ever.
type endless byte

func (e endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = byte(e)
	}
	return len(b), nil
}

// TestBad: what is against the protocol is an error that says so, and reading it takes bounded memory.
func TestBad(t *testing.T) {
	deep := strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000)
	for in, want := range map[string]string{
		"\n": "no event", "x\n": "no event", "[]\n": "no event", `{"type": 7}` + "\n": "no event", "{}\n": "no type", `{"type": ""}` + "\n": "no type",
		`{"type": "x", "data": [1]}` + "\n": "no JSON object", `{"type": "x", "data_length": 2}` + "\n" + "[]": "no JSON object",
		`{"type": "x", "data_length": -1}` + "\n": "data_length is -1", `{"type": "x", "data_length": 262145}` + "\n": "data_length is 262145",
		`{"type": "x", "payload_length": -1}` + "\n": "payload_length is -1", `{"type": "x", "payload_length": 1048577}` + "\n": "payload_length is 1048577",
		`{"type": "x", "payload_length": 1e30}` + "\n": "no event", `{"type": "x", "payload_length": 1.5}` + "\n": "no event",
		`{"type": "x", "data": ` + deep + "}\n": "more than 32 deep", `{"type": "x", "data_length": 60001}` + "\n" + deep: "more than 32 deep",
	} {
		_, err := newReader(strings.NewReader(in)).next()
		var against *ProtocolError
		if !errors.As(err, &against) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v, want %q", in, err, want)
		}
	}
	_, err := newReader(io.MultiReader(strings.NewReader(`{"type": "`), endless('x'))).next()
	if err == nil || !strings.Contains(err.Error(), "header has more than") {
		t.Errorf("a header without end: %v", err)
	}
	for _, in := range []string{`{"type": "x"`, `{"type": "x", "data_length": 5}` + "\n{}", `{"type": "x", "payload_length": 5}` + "\n1234"} {
		if _, err := newReader(strings.NewReader(in)).next(); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%q: %v", in, err)
		}
	}
}

// FuzzRead: whatever comes, an event is whole and within the limits.
func FuzzRead(f *testing.F) {
	for _, in := range []string{
		"{\"type\": \"describe\"}\n", "{\"type\": \"detect\", \"data_length\": 15}\n{\"names\": [\"a\"]}",
		"{\"type\": \"audio-chunk\", \"data\": {\"rate\": 16000, \"width\": 2, \"channels\": 1}, \"payload_length\": 4}\n\x01\x02\x03\x04", "{}\n", "[\n",
	} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		r := newReader(bytes.NewReader(in))
		for {
			e, err := r.next()
			if err != nil {
				return
			}
			if e.Type == "" || len(e.Payload) > len(in) || len(e.Data) > 0 && !json.Valid(e.Data) {
				t.Fatalf("%+v", e)
			}
			var d detect
			_ = e.decode(&d)
			if a, err := formatOf(e); err == nil && (a.Width < 1 || a.Width >= len(formats)) {
				t.Fatalf("%+v", a)
			}
		}
	})
}
