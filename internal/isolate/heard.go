package isolate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	lastWordsKept = 16       // lines
	lineKept      = 1 << 10  // bytes of a line in LastWords
	lineMost      = 64 << 10 // bytes; longer lines are split
)

// heard reads a child's output: records go to the logger as they are, other lines become records, and the last of these
// lines are kept.
type heard struct {
	logger *slog.Logger // nil: none

	mu     sync.Mutex
	lines  []string
	reason string         // the child's own reason for ending
	signal syscall.Signal // signal reported by Go's runtime in the child
	trace  bool           // Go's runtime is printing its final trace
}

// lastWords is what is known once the child is gone.
type lastWords struct {
	lines  []string
	reason string
	signal syscall.Signal
}

func (h *heard) end() lastWords {
	h.mu.Lock()
	defer h.mu.Unlock()
	return lastWords{slices.Clone(h.lines), h.reason, h.signal}
}

// listen reads the child's output until all writers are gone or the pipe is closed.
func (p *Process) listen() {
	defer close(p.heardAll)
	p.heard.read(p.lines)
}

func (h *heard) read(from io.Reader) {
	lines := bufio.NewReaderSize(from, lineMost)
	for {
		line, err := lines.ReadSlice('\n')
		line = bytes.TrimRight(line, "\r\n")
		// A library may have been in the middle of a line.
		if i := bytes.IndexByte(line, recordMark); i > 0 {
			h.line(string(line[:i]))
			line = line[i:]
		}
		switch {
		case len(line) == 0:
		case line[0] == recordMark && h.record(line[1:]):
		default:
			h.line(string(line))
		}
		if err != nil && err != bufio.ErrBufferFull {
			return
		}
	}
}

// record handles one of the child's own records; false: it is none.
func (h *heard) record(line []byte) bool {
	if len(line) == 0 {
		return false
	}
	switch line[0] {
	case recordLog:
		r, err := parseRecord(line[1:])
		if err != nil {
			return false
		}
		if h.logger != nil && h.logger.Enabled(context.Background(), r.Level) {
			_ = h.logger.Handler().Handle(context.Background(), r) // as slog.Logger does
		}
		return true
	case recordEnd:
		var reason string
		if json.Unmarshal(line[1:], &reason) != nil {
			return false
		}
		h.mu.Lock()
		h.reason = reason
		h.mu.Unlock()
		return true
	}
	return false
}

// Output of Go's runtime: "SIGSEGV: segmentation violation" for a signal in C, and the first line of a trace.
var (
	goSignal = regexp.MustCompile(`^(SIG[A-Z]+): `)
	goTrace  = regexp.MustCompile(`^(goroutine \d+ .*\[.*\]:|PC=0x[0-9a-f]+ m=\d+ )`)
)

// line handles a line that is no record.
func (h *heard) line(text string) {
	text = strings.ToValidUTF8(text, "\ufffd")
	level := lineLevel(text)
	if h.note(text) {
		level = slog.LevelDebug
	}
	if h.logger != nil {
		h.logger.Log(context.Background(), level, text)
	}
}

// note keeps the line, unless it belongs to Go's trace.
func (h *heard) note(text string) (trace bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if m := goSignal.FindStringSubmatch(text); m != nil {
		if s := unix.SignalNum(m[1]); s != 0 {
			h.signal = s
			return true
		}
	}
	h.trace = h.trace || goTrace.MatchString(text)
	if h.trace || strings.TrimSpace(text) == "" {
		return h.trace
	}
	if len(text) > lineKept {
		text = strings.ToValidUTF8(text[:lineKept], "") + "…"
	}
	if len(h.lines) == lastWordsKept {
		copy(h.lines, h.lines[1:])
		h.lines = h.lines[:lastWordsKept-1]
	}
	h.lines = append(h.lines, text)
	return false
}

// lineLevel parses the level at the start of a library's line: TensorFlow Lite "ERROR: …", glog and libedgetpu "E0102
// 03:04:05.6 …" or "E :123] …".
func lineLevel(text string) slog.Level {
	m := linePrefix.FindStringSubmatch(text)
	if m == nil {
		return slog.LevelInfo
	}
	switch (m[1] + m[2])[0] {
	case 'E', 'F':
		return slog.LevelError
	case 'W':
		return slog.LevelWarn
	case 'V':
		return slog.LevelDebug
	}
	return slog.LevelInfo
}

var linePrefix = regexp.MustCompile(`^(?:(VERBOSE|INFO|WARNING|ERROR|FATAL): |([VIWEF])(?:\d{4} | *\S*:\d+\] ))`)
