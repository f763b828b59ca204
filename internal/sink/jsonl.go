package sink

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"corallite/pipeline"
)

// JSONL writes one line of JSON per event, as formatted by pipeline.Event.AppendJSON. All lines of a report are written
// at once, to a file in one write, so a reader of the file never waits and never sees half a line, and nothing needs
// flushing: a write of some hundred bytes costs little compared to running a model. It is lossless.
type JSONL struct {
	name string // file name, for errors
	out  io.Writer
	file *file // file to close; nil if the caller owns out

	mu     sync.Mutex
	line   []byte
	closed bool
}

// NewJSONL writes to w, which the caller closes; name is its name in errors: "standard output".
func NewJSONL(w io.Writer, name string) *JSONL { return &JSONL{name: name, out: w} }

// OpenJSONL writes to a file, which is created if it does not exist; its folder must exist. Once ctx ends, a pipe with
// a stalled reader is waited for no longer than output.Patience.
func OpenJSONL(ctx context.Context, path string, o FileOptions) (*JSONL, error) {
	f, err := openFile(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return &JSONL{name: path, out: f, file: f}, nil
}

// Consume writes the events of a report. If the disk is full, the error names the file, and the file ends with the last
// complete line.
func (s *JSONL) Consume(_ context.Context, r pipeline.Report) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return fmt.Errorf("write %s: %w", s.name, os.ErrClosed)
	}
	s.line = s.line[:0]
	for _, ev := range r.Events {
		var err error
		if s.line, err = ev.AppendJSON(s.line); err != nil {
			return &pipeline.ItemError{Source: ev.Source, Err: fmt.Errorf("write %s: %w", s.name, err)}
		}
		s.line = append(s.line, '\n')
	}
	if len(s.line) == 0 {
		return nil
	}
	return writeAll(s.out, s.line, s.name)
}

// EventsOnly tells that the sink does not use pictures.
func (*JSONL) EventsOnly() {}

// Lossless is true.
func (s *JSONL) Lossless() bool { return true }

// Close closes a file that OpenJSONL opened.
func (s *JSONL) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	if s.file == nil {
		return nil
	}
	return s.file.close()
}
