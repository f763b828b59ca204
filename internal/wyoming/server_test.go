package wyoming

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// loud hears a word wherever a sample of 16 bits has the word's number.
type loud struct {
	words []string

	mu     sync.Mutex
	sounds []Sound
	err    error
}

func (l *loud) Hear(ctx context.Context, s Sound, found func(string, time.Duration)) error {
	l.mu.Lock()
	l.sounds = append(l.sounds, s)
	err := l.err
	l.mu.Unlock()
	if err != nil {
		return err
	}
	b := make([]byte, 2)
	for i := int64(1); ; i++ {
		if _, err := io.ReadFull(s.Samples, b); err != nil {
			return nil
		}
		if n := int(b[0]); n > 0 && n <= len(l.words) {
			found(l.words[n-1], time.Duration(i)*time.Second/time.Duration(s.Rate))
		}
	}
}

// rig is a server and its hearer.
type rig struct {
	*Server
	hears *loud
	log   *bytes.Buffer
}

func serve(t *testing.T, most int) *rig {
	t.Helper()
	r := &rig{hears: &loud{words: []string{"alexa", "okay_nabu"}}, log: new(bytes.Buffer)}
	var lock sync.Mutex
	s, err := Listen(Options{
		URI: "unix://" + filepath.Join(t.TempDir(), "s"), Hearer: r.hears, Version: "1", Most: most,
		Words:  []Word{{Name: "alexa", Phrase: "Alexa"}, {Name: "okay_nabu", Phrase: "Okay Nabu", Languages: []string{"en"}, Author: "A", URL: "u"}},
		Logger: slog.New(slog.NewTextHandler(writer(func(b []byte) { lock.Lock(); defer lock.Unlock(); r.log.Write(b) }), nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	done := make(chan error)
	go func() { done <- s.Serve(t.Context()) }()
	t.Cleanup(func() {
		for range 2 {
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return r
}

type writer func(b []byte)

func (w writer) Write(b []byte) (int, error) { w(b); return len(b), nil }

// dialled is a client of a test.
type dialled struct {
	t *testing.T
	net.Conn
	in *reader
}

func (r *rig) dial(t *testing.T) *dialled {
	t.Helper()
	c, err := net.Dial("unix", r.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	// It guards a failing test only.
	if err := c.SetDeadline(time.Now().Add(2 * time.Minute)); err != nil {
		t.Fatal(err)
	}
	return &dialled{t: t, Conn: c, in: newReader(c)}
}

func (d *dialled) send(kind, data string, payload ...byte) {
	d.t.Helper()
	if data == "" {
		data = "{}"
	}
	line := fmt.Sprintf(`{"type": %q, "data": %s, "payload_length": %d}`+"\n", kind, data, len(payload))
	if _, err := d.Write(append([]byte(line), payload...)); err != nil {
		d.t.Fatal(err)
	}
}

const mono = `{"rate": 16000, "width": 2, "channels": 1}`

func (d *dialled) expect(kind, data string) {
	d.t.Helper()
	e, err := d.in.next()
	if err != nil || e.Type != kind || data != "" && string(e.Data) != data {
		d.t.Fatalf("got %s %s, %v; want %s %s", e.Type, e.Data, err, kind, data)
	}
}

// ended expects an error of the protocol and the end of the connection.
func (d *dialled) ended(code, text string) {
	d.t.Helper()
	e, err := d.in.next()
	var f failure
	if err != nil || e.Type != "error" || e.decode(&f) != nil || f.Code != code || !strings.Contains(f.Text, text) {
		d.t.Fatalf("got %s %s, %v; want error %s with %q", e.Type, e.Data, err, code, text)
	}
	if e, err := d.in.next(); err == nil {
		d.t.Errorf("the connection goes on with %s", e.Type)
	}
}

func TestDescribe(t *testing.T) {
	d := serve(t, 0).dial(t)
	d.send("unheard-of", "")
	d.send("describe", "")
	e, err := d.in.next()
	var i info
	if err != nil || e.Type != "info" || json.Unmarshal(e.Data, &i) != nil || len(i.Wake) != 1 || i.Satellite != nil || !i.Wake[0].Installed {
		t.Fatalf("%s %s, %v", e.Type, e.Data, err)
	}
	if m := i.Wake[0].Models; len(m) != 2 || m[1].Name != "okay_nabu" || m[1].Phrase != "Okay Nabu" || !m[1].Installed || m[1].Languages[0] != "en" || m[0].Languages == nil {
		t.Errorf("%+v", m)
	}
	d.send("ping", `{"text": "hello"}`)
	d.expect("pong", `{"text":"hello"}`)
	d.send("ping", `{"text": null}`)
	d.expect("pong", "")
}

// TestDetect: detections with times from the client's own, those of other words are kept back, and what follows audio-stop.
func TestDetect(t *testing.T) {
	r := serve(t, 0)
	d := r.dial(t)
	d.send("detect", `{"names": ["okay_nabu"]}`)
	d.send("audio-start", `{"rate": 16000, "width": 2, "channels": 1, "timestamp": 5000}`)
	d.send("audio-chunk", mono, append(make([]byte, 3200), 1, 0, 2, 0)...) // alexa, then okay_nabu
	d.expect("detection", `{"name":"okay_nabu","timestamp":5100}`)
	d.send("audio-chunk", mono, 2, 0)
	d.expect("detection", "")
	d.send("audio-stop", "") // nothing follows, because something was detected
	d.send("detect", `{"names": null}`)
	d.send("audio-start", mono)
	d.send("audio-chunk", mono, 0, 0, 0, 0)
	d.send("audio-stop", "")
	d.expect("not-detected", "")
	d.send("audio-chunk", mono, 1, 0) // without audio-start, for all words
	d.expect("detection", `{"name":"alexa","timestamp":0}`)
	d.send("audio-start", mono)
	d.send("audio-stop", "")
	d.expect("not-detected", "")
	d.send("detect", `{"names": ["hey_me"]}`) // unknown: what Home Assistant's own servers do
	d.send("audio-chunk", mono, 1, 0, 2, 0)
	d.expect("detection", `{"name":"okay_nabu","timestamp":0}`)
	d.send("ping", "")
	d.expect("pong", "")
	r.hears.mu.Lock()
	defer r.hears.mu.Unlock()
	if n := len(r.hears.sounds); n != 4 || len(r.hears.sounds[0].Words) != 1 || len(r.hears.sounds[1].Words) != 2 || r.hears.sounds[0].Format != "s16le" {
		t.Errorf("%d sounds: %+v", n, r.hears.sounds)
	}
	if !strings.Contains(r.log.String(), "hey_me") {
		t.Errorf("the unknown word is not logged: %s", r.log)
	}
}

// TestTogether: several clients at once, each with its own words and sound.
func TestTogether(t *testing.T) {
	r := serve(t, 0)
	var all []*dialled
	for i := range 8 {
		d := r.dial(t)
		d.send("detect", fmt.Sprintf(`{"names": [%q]}`, r.hears.words[i%2]))
		d.send("audio-start", mono)
		all = append(all, d)
	}
	for range 3 {
		for _, d := range all {
			d.send("audio-chunk", mono, 1, 0, 2, 0)
		}
		for i, d := range all {
			e, err := d.in.next()
			var found detection
			if err != nil || e.decode(&found) != nil || found.Name != r.hears.words[i%2] {
				t.Fatalf("client %d: %s %s, %v", i, e.Type, e.Data, err)
			}
		}
	}
}

// TestHostile: each gets the protocol's error, and others are served.
func TestHostile(t *testing.T) {
	r := serve(t, 0)
	good := r.dial(t)
	deep := strings.Repeat(`{"a":`, 10000) + "1" + strings.Repeat("}", 10000)
	for in, want := range map[string]string{
		strings.Repeat("x", maxHeader+4096): "header has more than", "{}\n": "no type",
		fmt.Sprintf(`{"type": "detect", "data_length": %d}`+"\n%s", len(deep), deep): "more than 32 deep",
		`{"type": "detect", "data": {"names": 7}}` + "\n":                            "detect:", `{"type": "audio-chunk", "payload_length": 99999999}` + "\n": "payload_length",
		`{"type": "audio-start"}` + "\n": "rate is 0", `{"type": "audio-start", "data": {"rate": 16000, "width": 5, "channels": 1}}` + "\n": "width is 5",
		`{"type": "audio-start", "data": {"rate": 16000, "width": 2, "channels": 1000}}` + "\n":                      "channels is 1000",
		`{"type": "audio-chunk", "data": {"rate": 16000, "width": 2, "channels": 1}, "payload_length": 3}` + "\nabc": "no whole samples",
	} {
		d := r.dial(t)
		go func() { _, _ = io.WriteString(d, in) }() // may be cut off while it writes
		d.ended("protocol-error", want)
	}
	good.send("ping", "")
	good.expect("pong", "")
}

// TestIdle: connections that are silent make room for new ones, those that are being heard do not.
func TestIdle(t *testing.T) {
	r := serve(t, 3)
	good := r.dial(t)
	good.send("audio-chunk", mono, 1, 0)
	good.expect("detection", "")
	for range 200 {
		r.dial(t)
	}
	last := r.dial(t)
	last.send("ping", "")
	last.expect("pong", "")
	good.send("audio-chunk", mono, 2, 0)
	good.expect("detection", "")
}

// TestTooMany: one more than may be is told so, and is served when there is room again.
func TestTooMany(t *testing.T) {
	r := serve(t, 2)
	a, b := r.dial(t), r.dial(t)
	for _, d := range []*dialled{a, b} {
		d.send("audio-chunk", mono, 1, 0)
		d.expect("detection", "")
		d.send("ping", "")
		d.expect("pong", "")
	}
	for range 100 {
		d := r.dial(t)
		d.ended("busy", "2 connections")
		d.Close()
	}
	a.Close()
	for end := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		d := r.dial(t)
		d.send("ping", "")
		if e, err := d.in.next(); err == nil && e.Type == "pong" {
			break
		}
		if time.Now().After(end) {
			t.Fatal("there is no room again")
		}
	}
}

// TestCannotHear: the client is told, and may try again.
func TestCannotHear(t *testing.T) {
	r := serve(t, 0)
	for err, code := range map[error]string{errors.New("the model has gone"): "failed", fmt.Errorf("%w: 16", ErrBusy): "busy"} {
		d := r.dial(t)
		r.hears.mu.Lock()
		r.hears.err = err
		r.hears.mu.Unlock()
		d.send("audio-start", mono)
		d.send("audio-chunk", mono, 0, 0)
		d.send("audio-stop", "")
		e, failed := d.in.next()
		var f failure
		if failed != nil || e.Type != "error" || e.decode(&f) != nil || f.Code != code || f.Text != err.Error() {
			t.Fatalf("%s %s, %v", e.Type, e.Data, failed)
		}
		r.hears.mu.Lock()
		r.hears.err = nil
		r.hears.mu.Unlock()
		d.send("audio-chunk", mono, 1, 0)
		for {
			if e, failed = d.in.next(); failed != nil || e.Type == "detection" {
				break
			}
		}
		if failed != nil {
			t.Error(failed)
		}
		d.Close()
	}
}

func TestAddress(t *testing.T) {
	for uri, want := range map[string]string{
		"tcp://127.0.0.1:10400": "tcp 127.0.0.1:10400", "tcp://[::1]:7": "tcp [::1]:7", "tcp://localhost": "tcp localhost:10400",
		"unix:///run/w.sock": "unix /run/w.sock", "unix://w.sock": "unix w.sock", "tcp://:10400": "tcp :10400",
	} {
		if network, address, err := Address(uri); err != nil || network+" "+address != want {
			t.Errorf("%s: %s %s, %v", uri, network, address, err)
		}
	}
	for _, uri := range []string{"", "10400", "127.0.0.1:10400", "http://127.0.0.1:1", "tcp://", "unix://", "tcp://h:1/path", "tcp://h:x"} {
		if _, _, err := Address(uri); err == nil || !strings.Contains(err.Error(), "invalid address") {
			t.Errorf("%q: %v", uri, err)
		}
	}
}

// TestSocket: the socket of a killed program is no obstacle, that of a running one is.
func TestSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	o := Options{URI: "unix://" + path, Hearer: &loud{}, Words: []Word{{Name: "a"}}}
	if _, err := Listen(o); err == nil || !strings.Contains(err.Error(), "another program listens") {
		t.Errorf("%v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	s, err := Listen(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestInterfaces: what only this machine reaches is not announced.
func TestInterfaces(t *testing.T) {
	for _, ip := range []string{"127.0.0.1", "203.0.113.77"} {
		if names, err := interfacesOf(net.ParseIP(ip)); err == nil || !strings.Contains(err.Error(), ip) {
			t.Errorf("%s: %v, %v", ip, names, err)
		}
	}
	if err := announce(t.Context(), "x", &net.UnixAddr{Name: "s"}); err == nil || !strings.Contains(err.Error(), "only a TCP address") {
		t.Errorf("%v", err)
	}
}
