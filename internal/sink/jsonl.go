package sink

import (
	"context"
	"fmt"
	"io"
	"os"
	"sync"

	"corallite/pipeline"
)

// JSONL writes one line of JSON for each event, as pipeline.Event.AppendJSON makes it. All lines of a report go out as
// soon as the report comes, to a file in one write, so a reader beside it never waits and never sees half a line, and
// nothing is left to flush: one write of some hundred bytes costs little beside running a model. It is lossless.
type JSONL struct {
	name string // the file, for errors
	out  io.Writer
	file *file // what to close; nil when out is someone else's

	mu     sync.Mutex
	line   []byte
	closed bool
}

// NewJSONL writes to w, which the caller keeps and closes; name is what errors call it: "standard output".
func NewJSONL(w io.Writer, name string) *JSONL { return &JSONL{name: name, out: w} }

// OpenJSONL writes to a file, which is created if it does not exist; its folder must exist. Once ctx ends, a pipe whose reader
// stalls is waited for no longer than output.Patience.
func OpenJSONL(ctx context.Context, path string, o FileOptions) (*JSONL, error) {
	f, err := openFile(ctx, path, o)
	if err != nil {
		return nil, err
	}
	return &JSONL{name: path, out: f, file: f}, nil
}

// Consume writes the events of a report. When the disk is full, the error names the file, and the file ends with the
// last line that went in whole.
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

// EventsOnly says that the sink does not look at pictures.
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
