package worker

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/delegate/edgetpu"
	"corallite/internal/isolate"
	"corallite/tflite"
)

// TestErrorsFit: the longest error fits into a message, however JSON escapes its letters.
func TestErrorsFit(t *testing.T) {
	for name, letter := range map[string]string{"plain": "x", "control": "\x01", "no UTF-8": "\xff", "quotes": `"`, "wide": "\u2028", "emoji": "😀"} {
		long := strings.Repeat(letter, 1<<17)
		err := fmt.Errorf("%s: %w %w", long, &tflite.Error{Op: "TfLiteInterpreterInvoke", Status: tflite.Failed, Detail: long},
			&edgetpu.OpenError{Device: edgetpu.Device{Bus: edgetpu.USB, Path: "/sys/bus/usb/devices/2-1"}, Causes: []string{long}})
		for _, k := range kinds {
			err = fmt.Errorf("%w %w", err, k)
		}
		reply := make([]byte, isolate.MaxMessage)
		n, failed := answered(reply, err)
		if failed != nil {
			t.Errorf("%s: %v", name, failed)
			continue
		}
		s, _, rest, failed := parseReply(reply[:n])
		got := received(rest, edgetpu.System{Root: t.TempDir()})
		if s != statusError || failed != nil || got.Error() == "" {
			t.Errorf("%s: %d, %v, %d bytes", name, s, failed, len(got.Error()))
		}
		for _, k := range kinds {
			if !errors.Is(got, k) {
				t.Errorf("%s: it is no %v any more", name, k)
			}
		}
		if !errors.As(got, new(*tflite.Error)) || !errors.As(got, new(*edgetpu.OpenError)) {
			t.Errorf("%s: it has lost its causes", name)
		}
	}
}

// TestErrorUnreadable: an error that is not JSON is an error.
func TestErrorUnreadable(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"text":5}`} {
		if err := received([]byte(text), edgetpu.System{}); err == nil || errors.As(err, new(*remoteError)) {
			t.Errorf("%q: %v", text, err)
		}
	}
	if err := received([]byte(`{"text":"no","kinds":["nonsense"]}`), edgetpu.System{}); err == nil || err.Error() != "no" || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an unknown kind: %v", err)
	}
}

// TestKinds have texts that distinguish them.
func TestKinds(t *testing.T) {
	for i, a := range kinds {
		for _, b := range kinds[:i] {
			if a.Error() == b.Error() {
				t.Errorf("two kinds are %q", a)
			}
		}
	}
}

// TestOptionsCross: the child gets the parent's options unchanged.
func TestOptionsCross(t *testing.T) {
	length := 7
	o := edgetpu.Options{Performance: edgetpu.Low, AlwaysDFU: true, MaxBulkInQueueLength: &length, System: edgetpu.System{Root: "/machine"}}
	b, err := json.Marshal(sentOptions(o))
	var d deviceOptions
	if err == nil {
		err = json.Unmarshal(b, &d)
	}
	got := d.options()
	if err != nil || got.Performance != o.Performance || !got.AlwaysDFU || *got.MaxBulkInQueueLength != 7 || got.System.Root != "/machine" {
		t.Errorf("%+v became %+v, %v", o, got, err)
	}
}

// TestBadRequests end the child, whose only client is this package; they do not crash it.
func TestBadRequests(t *testing.T) {
	w := &child{engines: map[uint32]*resident{}}
	reply := make([]byte, isolate.MaxMessage)
	for _, request := range []string{"", "r", "r\x01\x00\x00\x00", "o\x00\x00\x00\x00{", "?\x00\x00\x00\x00"} {
		if _, err := w.answer([]byte(request), nil, reply); err == nil {
			t.Errorf("%q was answered", request)
		}
	}
}

// TestPlan places tensors without overlap.
func TestPlan(t *testing.T) {
	l, err := plan([]port{{floats(3), 12, true}, {floats(100), 400, false}},
		[]port{{floats(1), 4, true}, {floats(5, 5), 100, false}, {floats(0), 0, false}, {floats(1000), 4000, true}})
	if err != nil {
		t.Fatal(err)
	}
	end := 0
	for _, p := range append(append(append([]place(nil), l.Inputs...), l.Outputs[0], l.Outputs[3]), l.Room) {
		if p.Offset%tflite.MemoryAlignment != 0 || p.Offset < end {
			t.Errorf("%+v in %+v", p, l)
		}
		end = p.Offset + p.Bytes + behind
	}
	if end > l.Size || l.Room.Bytes < 100 || l.Outputs[1] != (place{}) || l.Outputs[2] != (place{}) {
		t.Errorf("layout %+v", l)
	}
	memory := make([]byte, l.Size)
	if b := l.Inputs[0].of(memory); len(b) != 12 || cap(b) != 12 {
		t.Errorf("%d bytes, %d within reach", len(b), cap(b))
	}
}

// TestModelPath is the compiled file, if there is one.
func TestModelPath(t *testing.T) {
	if p := path(delegate.Files{CPU: "a", EdgeTPU: "b"}) + path(delegate.Files{CPU: "a"}); p != "ba" {
		t.Error(p)
	}
}
