package worker

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"corallite/delegate"
	"corallite/internal/isolate"
	"corallite/tflite/tensor"
)

// script is the answers of a hijacked child.
type script struct {
	Open string // JSON
	Run  []byte // the whole reply, also to the request for more room
}

// lie gives the answers of its script.
func lie(c *isolate.Child, text string) error {
	var s script
	if err := json.Unmarshal([]byte(text), &s); err != nil {
		return err
	}
	return c.Serve(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		what, _, _, err := parseRequest(request)
		switch what {
		case opOpen:
			putReply(reply, statusOK, 0)
			return replySize + copy(reply[replySize:], s.Open), err
		case opRun, opRoom:
			return copy(reply, s.Run), err
		default:
			return answered(reply, err)
		}
	})
}

func liar(t *testing.T, s script) *Host {
	t.Helper()
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	h, err := StartHost(t.Context(), HostOptions{Library: "lie:" + string(text)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.Close() })
	return h
}

// opened is a reply to opening that describes one output.
func opened(info tensor.Info, bytes int, movable bool) string {
	b, _ := json.Marshal(openReply{Engine: 1, Device: tensor.Device{Name: "cpu:lie"},
		Inputs: []port{{floats(2), 8, true}}, Outputs: []port{{info, bytes, movable}}})
	return string(b)
}

func floats(shape ...int) tensor.Info {
	return tensor.Info{Name: "x", Type: tensor.Float32, Shape: shape}
}

// TestLiesOfOpening: impossible descriptions of tensors are errors.
func TestLiesOfOpening(t *testing.T) {
	for _, c := range []struct{ name, open, says string }{
		{"no JSON", "{", "JSON"},
		{"negative size", opened(floats(2), -8, true), "-8 bytes"},
		{"larger than its shape", opened(floats(2), 12, true), "8 bytes, and its memory 12"},
		{"smaller than its shape", opened(floats(2), 4, true), "8 bytes, and its memory 4"},
		{"none", opened(floats(2), 0, true), "8 bytes, and its memory 0"},
		{"negative shape", opened(floats(-2, -1), 8, true), "no shape"},
		{"shape that overflows", opened(floats(1<<31, 1<<31, 4), 0, true), "no shape"},
		{"huge shape", opened(floats(1<<20, 1<<20), 8, true), "larger than"},
		{"larger than memory", opened(tensor.Info{Type: tensor.String}, math.MaxInt32, false), "more than"},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := liar(t, script{Open: c.open})
			_, err := h.Open(t.Context(), Request{Files: delegate.Files{CPU: "door"}})
			if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "model door: ") {
				t.Errorf("error %v", err)
			}
		})
	}
}

// reply is one of a run that took a millisecond.
func reply(s status, body ...byte) []byte {
	b := make([]byte, replySize)
	putReply(b, s, time.Millisecond)
	return append(b, body...)
}

// TestLiesOfRunning: impossible replies are errors, and views stay within their memory.
func TestLiesOfRunning(t *testing.T) {
	list := func(c ...copied) []byte { return reply(statusOK, appendCopied(nil, c)...) }
	for _, c := range []struct {
		name string
		run  []byte
		says string
	}{
		// The room has 8 bytes and 16 more.
		{"nothing", nil, "a reply of 0 bytes"},
		{"short", []byte{0, 1, 2}, "a reply of 3 bytes"},
		{"unknown kind", reply(99), "unknown kind 99"},
		{"an error that is none", reply(statusError, []byte("what")...), "cannot be read"},
		{"room without a size", reply(statusRoom), "a reply of 0 bytes"},
		{"room of no size", reply(statusRoom, make([]byte, 8)...), "outputs of 0 bytes"},
		{"too much room", reply(statusRoom, binary.LittleEndian.AppendUint64(nil, math.MaxUint64)...), "outputs of 18446744073709551615 bytes"},
		{"ever more room", reply(statusRoom, appendCount(nil, 100)...), "wants more"},
		{"output that is not", list(copied{1, 0, 8, []int{2}}), "not well formed"},
		{"offset beyond the room", list(copied{0, 25, 0, []int{0}}), "not well formed"},
		{"bytes beyond the room", list(copied{0, 0, 28, []int{7}}), "not well formed"},
		{"end beyond the room", list(copied{0, 20, 8, []int{2}}), "not well formed"},
		{"offset that overflows", list(copied{0, -8, 8, []int{2}}), "not well formed"},
		{"other shape than size", list(copied{0, 0, 8, []int{3}}), "12 bytes, and its memory 8"},
		{"cut off", list(copied{0, 0, 8, []int{2}})[:replySize+20], "not well formed"},
		{"good", list(copied{0, 0, 8, []int{2}}), ""},
		{"good, and shorter", list(copied{0, 0, 4, []int{1, 1}}), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := liar(t, script{Open: opened(floats(2), 8, false), Run: c.run})
			e, err := h.Open(t.Context(), Request{Files: delegate.Files{CPU: "door"}})
			if err != nil {
				t.Fatal(err)
			}
			for range 2 {
				err = e.Invoke(t.Context())
				if c.says == "" {
					if err != nil || len(e.Output(0).Data) != 4*e.Output(0).Elements() {
						t.Errorf("output %v, %v", e.Output(0), err)
					}
				} else if err == nil || !strings.Contains(err.Error(), c.says) || !strings.Contains(err.Error(), "model door on cpu:lie: ") {
					t.Errorf("error %v", err)
				}
				for _, b := range e.Output(0).Data { // nothing that is not mapped
					_ = b
				}
				clear(e.Input(0).Data)
			}
			if err := e.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestLieAboutTime: a child that reports a very long run gets no longer deadline for the next.
func TestLieAboutTime(t *testing.T) {
	run := make([]byte, replySize)
	putReply(run, statusOK, math.MaxInt64)
	h := liar(t, script{Open: opened(floats(2), 8, true), Run: run})
	e, err := h.Open(t.Context(), Request{})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if err := e.Invoke(t.Context()); err != nil {
		t.Fatal(err)
	}
	if next := e.limit.next(); next > time.Hour {
		t.Errorf("the next run may take %v", next)
	}
}

// TestParseCopied parses valid and broken lists: the results are within the room.
func TestParseCopied(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	const outputs, room = 4, 1000
	good := 0
	for range 20_000 {
		var list []copied
		for range r.IntN(3) {
			c := copied{output: r.IntN(outputs), offset: r.IntN(room), shape: make([]int, r.IntN(4))}
			c.bytes = r.IntN(room - c.offset)
			list = append(list, c)
		}
		b := appendCopied(nil, list)
		if got, err := parseCopied(b, outputs, room); err != nil || !equalCopied(got, list) {
			t.Fatalf("%v is read as %v, %v", list, got, err)
		}
		for range r.IntN(4) {
			if len(b) > 0 {
				b[r.IntN(len(b))] = byte(r.Uint32())
			}
		}
		if err := within(b[:r.IntN(len(b)+1)], outputs, room); err != nil {
			t.Fatal(err)
		}
		if within(b, outputs, room) == nil {
			good++
		}
	}
	if good == 0 {
		t.Error("none was read")
	}
}

// FuzzParseCopied does the same with arbitrary data.
func FuzzParseCopied(f *testing.F) {
	f.Add(appendCopied(nil, []copied{{0, 0, 8, []int{2}}, {3, 500, 500, nil}}), 1000)
	f.Fuzz(func(t *testing.T, b []byte, room int) {
		if err := within(b, 4, max(room, 0)); err != nil {
			t.Error(err)
		}
	})
}

// within checks a list. The error is one of parseCopied, not of the list.
func within(b []byte, outputs, room int) error {
	list, _ := parseCopied(b, outputs, room)
	for _, c := range list {
		if c.output < 0 || c.output >= outputs || c.offset < 0 || c.bytes < 0 || c.offset+c.bytes > room {
			return fmt.Errorf("%+v is not within %d outputs and %d bytes", c, outputs, room)
		}
	}
	return nil
}
