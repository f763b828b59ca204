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
	"syscall"
	"time"

	"corallite/internal/output"
	"corallite/pipeline"
)

// FileOptions are the options for opening a text output file.
type FileOptions struct {
	// Append keeps the file's contents and appends to them; an incomplete last line, as after a power loss, is removed.
	// Otherwise the file starts empty.
	Append bool
}

// handle is the part of *os.File that file uses.
type handle interface {
	io.WriteCloser
	Stat() (fs.FileInfo, error)
	Truncate(size int64) error
}

// file is a file of lines that recovers from failures: a failed write leaves only complete lines, and after a failure,
// or if the file was moved or removed (by logrotate, for example), the next write reopens it by name. One process at a
// time writes it.
type file struct {
	path    string
	ending  context.Context
	handle  handle // nil after a failure
	out     io.Writer
	regular bool
	looked  time.Time // when its name was last checked
}

// lookEvery is how often the file's name is checked.
const lookEvery = time.Second

func openFile(ctx context.Context, path string, o FileOptions) (*file, error) {
	f := &file{path: path, ending: ctx}
	if err := f.open(!o.Append, output.OpenPipe); err != nil {
		return nil, err
	}
	return f, nil
}

// open opens the file by name; pipe opens a named pipe.
func (f *file) open(empty bool, pipe func(context.Context, string) (*os.File, error)) (err error) {
	var opened *os.File
	info, statErr := os.Stat(f.path)
	switch {
	case statErr == nil && info.Mode()&fs.ModeNamedPipe != 0:
		opened, err = pipe(f.ending, f.path)
	case statErr == nil && !info.Mode().IsRegular():
		opened, err = os.OpenFile(f.path, os.O_WRONLY, 0) // a device: nothing to read, truncate or create
	default:
		opened, err = os.OpenFile(f.path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o644)
	}
	if err != nil {
		return explain(f.path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(explain(f.path, err), opened.Close())
		}
	}()
	if info, err = opened.Stat(); err != nil {
		return err
	}
	if f.regular = info.Mode().IsRegular(); f.regular {
		if err := output.Lock(opened, f.path); err != nil {
			return err
		}
		end := int64(0)
		if !empty {
			if end, err = wholeLines(opened, info.Size()); err != nil {
				return err
			}
		}
		if end != info.Size() {
			if err := opened.Truncate(end); err != nil {
				return err
			}
		}
	}
	f.handle, f.out, f.looked = opened, output.NewWriter(f.ending, opened), time.Now()
	return nil
}

// explain adds to the system's error what to do.
func explain(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: create the folder %s first", err, filepath.Dir(path))
	}
	return err
}

// wholeLines is the length of a file of size bytes up to and including its last line feed.
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

// moved reports whether the name is now another file's, or missing.
func (f *file) moved() bool {
	if !f.regular || time.Since(f.looked) < lookEvery {
		return false
	}
	f.looked = time.Now()
	here, err := f.handle.Stat()
	if err != nil {
		return true
	}
	there, err := os.Stat(f.path)
	return err != nil || !os.SameFile(here, there)
}

// Write writes whole lines. When the disk is full, the file ends with the last complete line.
func (f *file) Write(lines []byte) (n int, err error) {
	if f.handle != nil && f.moved() {
		if err := f.close(); err != nil {
			return 0, err
		}
	}
	if f.handle == nil {
		if err := f.open(false, func(_ context.Context, path string) (*os.File, error) { return output.TryPipe(path) }); err != nil {
			return 0, err
		}
	}
	n, err = f.out.Write(lines)
	if err == nil {
		return n, nil
	}
	if f.regular {
		if info, statErr := f.handle.Stat(); statErr != nil {
			err = errors.Join(err, statErr)
		} else if half := n - (bytes.LastIndexByte(lines[:n], '\n') + 1); half > 0 {
			err = errors.Join(err, f.handle.Truncate(info.Size()-int64(half)))
		}
	}
	var stalled *output.StalledError
	if errors.As(err, &stalled) { // abandoned, which the writer remembers
		return n, err
	}
	return n, errors.Join(err, f.close())
}

// close closes the file. Twice is safe.
func (f *file) close() error {
	if f.handle == nil {
		return nil
	}
	h := f.handle
	f.handle, f.out = nil, nil
	return h.Close()
}

// writeAll writes text to w, and adds w's name to errors without it.
func writeAll(w io.Writer, text []byte, name string) error {
	n, err := w.Write(text)
	if err == nil && n < len(text) {
		err = io.ErrShortWrite
	}
	if err == nil {
		return nil
	}
	var at *fs.PathError
	var stalled *output.StalledError
	if !errors.As(err, &at) && !errors.As(err, &stalled) {
		err = fmt.Errorf("write %s: %w", name, err)
	}
	// A reader that was abandoned at the end, or one that is gone and cannot be reopened by name.
	if _, reopens := w.(*file); stalled != nil || !reopens && errors.Is(err, syscall.EPIPE) {
		return &pipeline.FinalError{Err: err}
	}
	return err
}
