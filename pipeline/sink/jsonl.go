package sink

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"corallite/pipeline"
)

// JSONL writes one line of JSON for each event, as pipeline.Event.AppendJSON makes it. All lines of a report go out in
// one write as soon as the report comes, so a reader beside it never waits and never sees half a line, and nothing is
// left to flush: one write of some hundred bytes costs little beside running a model. It is lossless.
type JSONL struct {
	name string // the file, for errors
	out  io.Writer
	file file // the file to cut and close; nil when out is someone else's

	mu     sync.Mutex
	end    int64 // where the last whole line of a regular file ends
	cut    bool  // whether file can be cut back to end
	line   []byte
	closed bool
}

// file is what JSONL needs of *os.File.
type file interface {
	io.WriteSeeker
	io.Closer
	Truncate(size int64) error
}

// JSONLOptions says how a file is opened.
type JSONLOptions struct {
	// Append keeps what is in the file and writes behind it; half a line at its end, as a power cut leaves it, is
	// removed. Otherwise the file starts empty.
	Append bool
}

// NewJSONL writes to w, which the caller keeps and closes; name is what errors call it: "standard output".
func NewJSONL(w io.Writer, name string) *JSONL { return &JSONL{name: name, out: w} }

// OpenJSONL writes to a file, which is made when it is not there; its folder must be.
func OpenJSONL(path string, o JSONLOptions) (*JSONL, error) {
	flags := os.O_RDWR | os.O_CREATE
	if !o.Append {
		flags |= os.O_TRUNC
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() {
		flags = os.O_WRONLY // a pipe or a device: nothing to read, cut or make
	}
	f, err := os.OpenFile(path, flags, 0o644)
	if err != nil {
		return nil, explain(path, err)
	}
	s := &JSONL{name: path, out: f, file: f}
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() {
		s.cut = true
		s.end, err = wholeLines(f, info.Size())
		if err == nil {
			err = s.backToEnd()
		}
	}
	if err != nil {
		return nil, errors.Join(explain(path, err), f.Close())
	}
	return s, nil
}

// explain says what the system's error leaves open.
func explain(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: make the folder %s first", err, filepath.Dir(path))
	}
	return err
}

// wholeLines is the length of a file of size bytes without what stands after its last line feed.
func wholeLines(f io.ReaderAt, size int64) (int64, error) {
	const block = 4096
	buf := make([]byte, block)
	for end := size; end > 0; {
		start := max(0, end-block)
		n, err := f.ReadAt(buf[:end-start], start)
		if err != nil && !(err == io.EOF && int64(n) == end-start) {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return start + int64(i) + 1, nil
		}
		end = start
	}
	return 0, nil
}

// backToEnd removes what stands behind the last whole line.
func (s *JSONL) backToEnd() error {
	if err := s.file.Truncate(s.end); err != nil {
		return err
	}
	_, err := s.file.Seek(s.end, io.SeekStart)
	return err
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
	n, err := s.out.Write(s.line)
	if err == nil && n < len(s.line) {
		err = io.ErrShortWrite
	}
	if err == nil {
		s.end += int64(n)
		return nil
	}
	// A path is in the system's error already; other writers have none.
	var path *fs.PathError
	if !errors.As(err, &path) {
		err = fmt.Errorf("write %s: %w", s.name, err)
	}
	if s.cut {
		s.end += int64(bytes.LastIndexByte(s.line[:n], '\n') + 1)
		err = errors.Join(err, s.backToEnd())
	}
	return err
}

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
	return s.file.Close()
}
