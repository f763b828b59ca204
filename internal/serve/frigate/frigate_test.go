package frigate

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/part"
	"corallite/internal/serve/hub"
	"corallite/internal/serve/servetest"
)

// rig is a server with one model of the configuration, and what is handed over to it.
type rig struct {
	*Server
	folder string
	opened []string // contents
}

const bad = "not a model"

func newRig(t *testing.T, folder string) *rig {
	t.Helper()
	r := &rig{folder: folder}
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	var err error
	r.Server, err = New(Options{
		Endpoint: "ipc://" + filepath.Join(t.TempDir(), "z"), Folder: folder, Hub: h, Logger: servetest.Logger(t),
		Open: func(_ context.Context, path string) (part.Served, error) {
			data, err := os.ReadFile(path)
			if err == nil && string(data) == bad {
				err = errors.New("it is damaged")
			}
			r.opened = append(r.opened, string(data))
			return servetest.Pets(filepath.Base(path)), err
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	r.Start()
	t.Cleanup(func() {
		for range 2 {
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		}
	})
	return r
}

// req is a REQ socket.
type req struct {
	t *testing.T
	p *peer
}

func dial(t *testing.T, s *Server) *req {
	t.Helper()
	c, err := net.Dial("unix", s.path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(time.Minute))
	q := &req{t, &peer{conn: c, max: 1 << 20}}
	c.Write(greeting())
	if _, err := io.ReadFull(c, make([]byte, 64)); err != nil {
		t.Fatal(err)
	}
	if err := q.p.writeFrame(flagCommand, append([]byte("\x05READY"), property("Socket-Type", "REQ")...)); err != nil {
		t.Fatal(err)
	}
	if flags, size, err := q.p.header(); err != nil || flags != flagCommand {
		t.Fatal(flags, err)
	} else if _, err := io.CopyN(io.Discard, c, int64(size)); err != nil {
		t.Fatal(err)
	}
	return q
}

// ask sends a request and gives the answer.
func (q *req) ask(header map[string]any, data ...[]byte) []byte {
	q.t.Helper()
	text, err := json.Marshal(header)
	if err != nil {
		q.t.Fatal(err)
	}
	q.p.writeFrame(flagMore, nil)
	last := byte(0)
	if len(data) > 0 {
		last = flagMore
	}
	q.p.writeFrame(last, text)
	for i, d := range data {
		flags := byte(flagMore)
		if i == len(data)-1 {
			flags = 0
		}
		q.p.writeFrame(flags, d)
	}
	_, parts, err := q.p.receive()
	if err != nil || len(parts) != 1 {
		q.t.Fatalf("%d parts: %v", len(parts), err)
	}
	q.p.conn.SetDeadline(time.Now().Add(time.Minute))
	return parts[0]
}

var frame = map[string]any{"shape": []int{1, 2, 2, 3}, "dtype": "uint8", "model_type": "ssd"}

// found holds an answer to a frame against what the made-up model finds.
func found(t *testing.T, answer []byte) {
	t.Helper()
	if len(answer) != 480 {
		t.Fatalf("%d bytes: %s", len(answer), answer[:min(len(answer), 200)])
	}
	row := make([]float32, 6)
	for i := range row {
		row[i] = math.Float32frombits(binary.LittleEndian.Uint32(answer[4*i:]))
	}
	if want := []float32{0, 0.75, 2. / 2, 1. / 2, 12. / 2, 11. / 2}; !bytes.Equal(floats(row), floats(want)) {
		t.Errorf("the first row is %v; want %v", row, want)
	}
	if !bytes.Equal(answer[3*24:], make([]byte, 480-3*24)) {
		t.Error("rows without a detection are not zero")
	}
}

func floats(v []float32) []byte {
	var b []byte
	for _, x := range v {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(x))
	}
	return b
}

// says holds an answer against JSON, or a part of an error.
func says(t *testing.T, answer []byte, want string) {
	t.Helper()
	if !json.Valid(answer) || !strings.Contains(string(answer), want) {
		t.Errorf("%s; want %s", answer, want)
	}
}

func TestConfiguredModel(t *testing.T) {
	r := newRig(t, filepath.Join(t.TempDir(), "models"))
	q := dial(t, r.Server)
	for _, name := range []string{"pets", "pets.tflite", "pets_edgetpu.tflite"} {
		says(t, q.ask(map[string]any{"model_request": true, "model_name": name}), `{"model_available":true,"model_loaded":true}`)
		found(t, q.ask(frame, make([]byte, 12)))
	}
	says(t, q.ask(map[string]any{"model_request": true, "model_name": "dogs"}), `{"model_available":false,"model_loaded":false}`)
	if len(r.opened) != 0 {
		t.Errorf("%d models were opened", len(r.opened))
	}
}

// TestHandedOver hands models over: twice the same, one that is bad, and after a restart none.
func TestHandedOver(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "models")
	r := newRig(t, folder)
	q := dial(t, r.Server)
	says(t, q.ask(frame, make([]byte, 12)), "there is no model")
	model := []byte(strings.Repeat("model ", 1000))
	data := map[string]any{"model_data": true, "model_name": "../x.tflite"}
	for range 2 {
		says(t, q.ask(data, model), `{"model_loaded":true,"model_saved":true}`)
		found(t, q.ask(frame, make([]byte, 12)))
	}
	if len(r.opened) != 1 || r.opened[0] != string(model) {
		t.Errorf("%d models were opened", len(r.opened))
	}
	says(t, q.ask(data, []byte(bad)), `{"model_loaded":false,"model_saved":false}`)
	says(t, q.ask(frame, make([]byte, 12)), "it is damaged") // not what the model before it finds
	found(t, dial(t, r.Server).ask(frame, make([]byte, 12)))
	files, _ := filepath.Glob(filepath.Join(folder, "*"))
	if len(files) != 2 {
		t.Errorf("the folder has %v", files)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}

	again := newRig(t, folder)
	found(t, dial(t, again.Server).ask(frame, make([]byte, 12)))
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if strings.HasSuffix(f, ".tflite") {
			os.WriteFile(f, []byte("another model"), 0o600)
		}
	}
	says(t, dial(t, newRig(t, folder).Server).ask(frame, make([]byte, 12)), "was changed")
}

func TestBadFrames(t *testing.T) {
	r := newRig(t, t.TempDir())
	q := dial(t, r.Server)
	q.ask(map[string]any{"model_request": true, "model_name": "pets"})
	with := func(key string, value any) map[string]any {
		h := map[string]any{"shape": []int{1, 2, 2, 3}, "dtype": "uint8", "model_type": "ssd"}
		h[key] = value
		return h
	}
	says(t, q.ask(with("shape", []int{1, 300, 300, 3}), make([]byte, 12)), "takes [1 2 2 3]")
	says(t, q.ask(with("dtype", "float32"), make([]byte, 48)), "takes uint8")
	says(t, q.ask(frame, make([]byte, 11)), "has 11 bytes")
	says(t, q.ask(frame), "1 parts came")
	says(t, q.ask(frame, nil, nil), "3 parts came")
	says(t, q.ask(map[string]any{"model_data": true}), "1 parts came")
	found(t, q.ask(frame, make([]byte, 12)))
}

// TestBadPeers has connections that break the protocol: each is ended, and the others are served.
func TestBadPeers(t *testing.T) {
	r := newRig(t, t.TempDir())
	good := dial(t, r.Server)
	good.ask(map[string]any{"model_request": true, "model_name": "pets"})
	ready := append([]byte{flagCommand, 22}, append([]byte("\x05READY"), property("Socket-Type", "REQ")...)...)
	hello := append(greeting(), ready...)
	for name, bytes := range map[string][]byte{
		"HTTP":              []byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n" + strings.Repeat("x", 64)),
		"ZMTP 2":            append([]byte{0xff, 0, 0, 0, 0, 0, 0, 0, 1, 0x7f, 1}, make([]byte, 53)...),
		"another mechanism": append(append(greeting()[:12], "CURVE"...), make([]byte, 47)...),
		"no READY":          append(greeting(), 0, 1, 'x'),
		"a short READY":     append(greeting(), flagCommand, 8, 5, 'R', 'E', 'A', 'D', 'Y', 11, 'S'),
		"a PUB socket":      append(greeting(), append([]byte{flagCommand, 22}, append([]byte("\x05READY"), property("Socket-Type", "PUB")...)...)...),
		"a huge frame":      append(hello, 0, 0, flagLong, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff),
		"no envelope":       append(hello, 0, 1, 'x'),
		"unknown flags":     append(hello, 0x80, 1, 'x'),
		"many parts":        append(hello, append([]byte{flagMore, 0}, []byte(strings.Repeat("\x01\x00", 100))...)...),
	} {
		c, err := net.Dial("unix", r.path)
		if err != nil {
			t.Fatal(err)
		}
		c.SetDeadline(time.Now().Add(time.Minute))
		c.Write(bytes)
		if _, err := io.Copy(io.Discard, c); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("%s: the connection is kept", name)
		}
		c.Close()
		found(t, good.ask(frame, make([]byte, 12)))
	}
}

func TestEndpoints(t *testing.T) {
	h := servetest.Hub(t, hub.Options{Models: []part.Served{servetest.Pets("pets")}})
	open := func(endpoint string, public bool) (*Server, error) {
		return New(Options{Endpoint: endpoint, Public: public, Hub: h, Logger: servetest.Logger(t)})
	}
	path := filepath.Join(t.TempDir(), "z")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open("ipc://"+path, false); err == nil || !strings.Contains(err.Error(), "another program") {
		t.Errorf("a socket in use: %v", err)
	}
	l.(*net.UnixListener).SetUnlinkOnClose(false)
	l.Close()
	s, err := open("ipc://"+path, false)
	if err != nil {
		t.Fatalf("a socket that was left behind: %v", err)
	}
	s.Close()
	os.WriteFile(path, []byte("a file"), 0o600)
	if _, err := open("ipc://"+path, false); err == nil {
		t.Error("a file was replaced by a socket")
	}
	if _, err := open("tcp://*:0", false); err == nil || !strings.Contains(err.Error(), "open: true") {
		t.Errorf("an open port: %v", err)
	}
	for endpoint, public := range map[string]bool{"tcp://127.0.0.1:0": false, "tcp://*:0": true} {
		s, err := open(endpoint, public)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(s.Endpoint(), ":0") {
			t.Errorf("the endpoint is %s", s.Endpoint())
		}
		s.Close()
	}
}

// TestErrorsAreNoResults: an error of 480 bytes would be taken for one.
func TestErrorsAreNoResults(t *testing.T) {
	for n := range 600 {
		if len(failure(errors.New(strings.Repeat("x", n)))) == 480 {
			t.Errorf("an error of %d bytes makes an answer of 480", n)
		}
	}
}

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// conn is a connection that gives some bytes and takes all.
type conn struct {
	net.Conn
	io.Reader
}

func (c conn) Read(b []byte) (int, error)     { return c.Reader.Read(b) }
func (conn) Write(b []byte) (int, error)      { return len(b), nil }
func (conn) SetDeadline(time.Time) error      { return nil }
func (conn) SetReadDeadline(time.Time) error  { return nil }
func (conn) SetWriteDeadline(time.Time) error { return nil }

func FuzzPeer(f *testing.F) {
	ready := append([]byte{flagCommand, 22}, append([]byte("\x05READY"), property("Socket-Type", "REQ")...)...)
	f.Add(append(append(greeting(), ready...), flagMore, 0, 0, 2, '{', '}'))
	f.Fuzz(func(t *testing.T, data []byte) {
		p := &peer{conn: conn{Reader: bytes.NewReader(data)}, max: 1 << 16}
		if p.handshake() != nil {
			return
		}
		for {
			_, parts, err := p.receive()
			if err != nil {
				return
			}
			total := 0
			for _, part := range parts {
				total += len(part)
			}
			if total > p.max {
				t.Fatalf("a message of %d bytes", total)
			}
		}
	})
}
