package isolate

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestLineLevel(t *testing.T) {
	for line, want := range map[string]slog.Level{
		"ERROR: Didn't find op for builtin opcode":              slog.LevelError,
		"INFO: Created TensorFlow Lite XNNPACK delegate.":       slog.LevelInfo,
		"VERBOSE: Replacing 31 nodes":                           slog.LevelDebug,
		"F0102 03:04:05.678901  12 usb_driver.cc:857] failed":   slog.LevelError,
		"E :1157] HandleQueuedBulkIn transfer in failed":        slog.LevelError,
		"W driver/usb/usb_driver.cc:12] slower than superspeed": slog.LevelWarn,
		"I :237] Minimum runtime version required":              slog.LevelInfo,
		"Everything is fine":                                    slog.LevelInfo,
		"E":                                                     slog.LevelInfo,
		"":                                                      slog.LevelInfo,
	} {
		if got := lineLevel(line); got != want {
			t.Errorf("%q has level %v, want %v", line, got, want)
		}
	}
}

// TestGoCrash parses the output of Go's runtime when C gets a signal on one of its threads.
func TestGoCrash(t *testing.T) {
	var h heard
	h.read(strings.NewReader(`E :1157] transfer failed
SIGSEGV: segmentation violation
PC=0x7f3b4ad2c1a0 m=4 sigcode=1 addr=0x8
signal arrived during cgo execution

goroutine 1 gp=0xc000002380 m=4 mp=0xc000100008 [syscall, locked to thread]:
runtime.cgocall(0x4b2c60, 0xc00011fe28)
`))
	if w := h.end(); w.signal != syscall.SIGSEGV || len(w.lines) != 1 || w.lines[0] != "E :1157] transfer failed" {
		t.Errorf("%+v", w)
	}
}

// TestLongLines splits lines that no buffer can hold.
func TestLongLines(t *testing.T) {
	var h heard
	h.read(strings.NewReader(strings.Repeat("x", 3*lineMost/2) + "\nshort"))
	w := h.end()
	if len(w.lines) != 3 || w.lines[2] != "short" || len(w.lines[0]) != lineKept+len("…") {
		t.Errorf("%d lines", len(w.lines))
	}
}

func TestDeathErrorText(t *testing.T) {
	for want, d := range map[string]DeathError{
		"x (process 7) died: signal SIGABRT":                             {Signal: syscall.SIGABRT},
		"x (process 7) died: signal SIGABRT: last":                       {Signal: syscall.SIGABRT, LastWords: []string{"first", " last"}},
		"x (process 7) ended by itself: exit code 0":                     {},
		"x (process 7) ended by itself: exit code 1: because":            {Code: 1, Reason: "because", LastWords: []string{"last"}},
		"x (process 7) did not answer for 1.5s and was killed":           {Signal: syscall.SIGKILL, Hung: 1500 * time.Millisecond},
		"x (process 7) was killed, but the kernel has not let it go yet": {Signal: syscall.SIGKILL, Code: -1},
		"x (process 7) died: signal 200":                                 {Signal: 200},
	} {
		d.Name, d.PID = "x", 7
		if got := d.Error(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestThreadName(t *testing.T) {
	for name, want := range map[string]string{
		"echo": "echo", "edgetpu usb:2-1": "edgetpu usb:2-1", "edgetpu pci:/dev/apex_0": "pci:/dev/apex_0",
		"edgetpu usb:/sys/bus/usb/devices/2-1": "usb/devices/2-1", "": "",
	} {
		if got := threadName(name); got != want {
			t.Errorf("%q becomes %q, want %q", name, got, want)
		}
	}
}

// FuzzHeard is a child with arbitrary output.
func FuzzHeard(f *testing.F) {
	for _, s := range []string{
		"line\n", "\x1el{\"level\":\"INFO\",\"msg\":\"m\",\"a\":{\"b\":[1,2.5,null]}}\n", "\x1ee\"reason\"\n", "\x1el{}\n\x1e\n\x1ex",
		"\x1el{\"level\":\"INFO+3\",\"time\":3,\"msg\":1}\n", "half\x1el{\"a\":1e999}\n", "SIGSEGV: x\n\xff\xfe\n", "\x1el[1]\n\x1elnull\n",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, said []byte) {
		var out bytes.Buffer
		h := heard{logger: slog.New(slog.NewTextHandler(&out, nil))}
		h.read(bytes.NewReader(said))
		if n := len(h.end().lines); n > lastWordsKept {
			t.Errorf("%d lines are kept", n)
		}
	})
}

// FuzzRecord reads back what slog wrote.
func FuzzRecord(f *testing.F) {
	f.Add("message", "key", "value", int64(3), 2.5)
	f.Fuzz(func(t *testing.T, message, key, text string, i int64, x float64) {
		var line bytes.Buffer
		in := slog.NewRecord(time.Unix(1_700_000_000, 123), slog.LevelWarn, message, 0)
		in.AddAttrs(slog.String("s", text), slog.Int64("i", i), slog.Group("g", slog.Float64("x", x), slog.String("k"+key, text)))
		if slog.NewJSONHandler(&line, nil).Handle(context.Background(), in) != nil {
			t.Skip("JSON has no such number")
		}
		out, err := parseRecord(line.Bytes())
		if err != nil {
			t.Fatalf("%s: %v", line.Bytes(), err)
		}
		if !out.Time.Equal(in.Time) || out.Level != in.Level || out.NumAttrs() != in.NumAttrs() ||
			out.Message != strings.ToValidUTF8(message, "\ufffd") && strings.ToValidUTF8(message, "") == message {
			t.Errorf("%s became %+v", line.Bytes(), out)
		}
	})
}
