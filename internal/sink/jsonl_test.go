package sink

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"go.uber.org/goleak"

	"corallite/internal/pipetest"
	"corallite/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// lines checks that r holds whole lines of JSON and returns the events.
func lines(r io.Reader) ([]pipeline.Event, error) {
	var events []pipeline.Event
	b := bufio.NewReader(r)
	for {
		line, err := b.ReadBytes('\n')
		if err == io.EOF && len(line) == 0 {
			return events, nil
		}
		if err != nil {
			return events, fmt.Errorf("half a line: %q", line)
		}
		var ev pipeline.Event
		if err := json.Unmarshal(line, &ev); err != nil {
			return events, fmt.Errorf("%q: %w", line, err)
		}
		events = append(events, ev)
	}
}

// eventsIn returns the number of events in the first n reports of pipetest: one in six has two.
func eventsIn(reports int) int {
	n := 0
	for i := range reports {
		r := pipetest.FakeReport(&pipetest.Items{}, i)
		n += len(r.Events)
		r.Item.Release()
	}
	return n
}

func TestJSONLConformance(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	written := func(r io.Reader, reports int) error {
		events, err := lines(r)
		if err == nil && len(events) != eventsIn(reports) {
			err = fmt.Errorf("%d events of %d reports, not %d", len(events), reports, eventsIn(reports))
		}
		return err
	}
	t.Run("file", func(t *testing.T) {
		pipetest.TestSink(t, pipetest.SinkCase{
			Open: func() (pipeline.Sink, error) { return OpenJSONL(t.Context(), path, FileOptions{}) },
			Written: func(reports int) error {
				text, err := os.ReadFile(path)
				return errors.Join(err, written(bytes.NewReader(text), reports))
			},
		})
	})
	t.Run("writer", func(t *testing.T) {
		var out bytes.Buffer
		pipetest.TestSink(t, pipetest.SinkCase{
			Open: func() (pipeline.Sink, error) {
				out.Reset()
				return NewJSONL(&out, "standard output"), nil
			},
			Written: func(reports int) error { return written(&out, reports) },
		})
	})
}

// give passes report n of pipetest's cycle to the sink.
func give(s pipeline.Sink, n int) error {
	r := pipetest.FakeReport(&pipetest.Items{}, n)
	defer r.Item.Release()
	return s.Consume(context.Background(), r)
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestLinesCanBeReadWhileTheStreamRuns(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	s, err := OpenJSONL(t.Context(), path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for n := range 3 {
		if err := give(s, n); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(read(t, path), "\n"); got != n+1 {
			t.Errorf("%d lines after report %d", got, n)
		}
	}
}

func TestAppend(t *testing.T) {
	long := strings.Repeat("x", 10000)
	for _, c := range []struct{ before, kept string }{
		{"", ""},
		{"{}\n", "{}\n"},
		{"{}\n{\"half", "{}\n"},
		{"{}\n" + long, "{}\n"},
		{long + "\n{}\n" + long[:4095], long + "\n{}\n"},
		{long, ""},
	} {
		path := filepath.Join(t.TempDir(), "events.jsonl")
		if err := os.WriteFile(path, []byte(c.before), 0o644); err != nil {
			t.Fatal(err)
		}
		s, err := OpenJSONL(t.Context(), path, FileOptions{Append: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(give(s, 0), s.Close()); err != nil {
			t.Fatal(err)
		}
		got, kept := strings.CutPrefix(read(t, path), c.kept)
		if events, err := lines(strings.NewReader(got)); !kept || err != nil || len(events) != 1 {
			t.Errorf("%.20q: kept %v, %d events, %v", c.before, kept, len(events), err)
		}
		if s, err = OpenJSONL(t.Context(), path, FileOptions{}); err != nil || s.Close() != nil || read(t, path) != "" {
			t.Errorf("%v: without Append the file starts empty", err)
		}
	}
}

func TestJSONLCannotOpen(t *testing.T) {
	dir := t.TempDir()
	missing := filepath.Join(dir, "none", "events.jsonl")
	_, err := OpenJSONL(t.Context(), missing, FileOptions{})
	if err == nil || !strings.Contains(err.Error(), missing) || !strings.Contains(err.Error(), "create the folder "+filepath.Dir(missing)) {
		t.Errorf("no folder: %v", err)
	}
	if _, err = OpenJSONL(t.Context(), dir, FileOptions{}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("a folder: %v", err)
	}
	if os.Getuid() != 0 { // root may write anywhere
		if err := os.Chmod(dir, 0o555); err != nil {
			t.Fatal(err)
		}
		if _, err = OpenJSONL(t.Context(), filepath.Join(dir, "x"), FileOptions{}); !errors.Is(err, os.ErrPermission) {
			t.Errorf("a folder that cannot be written: %v", err)
		}
	}
}

func TestFullDevice(t *testing.T) {
	const full = "/dev/full"
	if _, err := os.Stat(full); err != nil {
		t.Skip("this system has no /dev/full")
	}
	s, err := OpenJSONL(t.Context(), full, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	err = give(s, 0)
	var one *pipeline.ItemError
	if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), full) || errors.As(err, &one) {
		t.Errorf("%v: want an error for the stream that names the device and says that it is full", err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// smallDisk is a file on a disk with room for that many bytes.
type smallDisk struct {
	*os.File
	room, size int
}

func (d *smallDisk) Write(p []byte) (int, error) {
	n := min(len(p), d.room-d.size)
	wrote, err := d.File.Write(p[:n])
	d.size += wrote
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: d.Name(), Err: syscall.ENOSPC}
	}
	return wrote, err
}

func (d *smallDisk) Truncate(size int64) error {
	d.size = int(size)
	return d.File.Truncate(size)
}

// TestFullDiskLeavesWholeLines fills a disk at every byte of two reports, one of which has two events.
func TestFullDiskLeavesWholeLines(t *testing.T) {
	path := filepath.Join(t.TempDir(), "events.jsonl")
	whole, err := OpenJSONL(t.Context(), path, FileOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(give(whole, 0), give(whole, 4), whole.Close()); err != nil {
		t.Fatal(err)
	}
	text := read(t, path)
	for room := range len(text) {
		s, err := OpenJSONL(t.Context(), path, FileOptions{})
		if err != nil {
			t.Fatal(err)
		}
		disk := &smallDisk{File: s.file.handle.(*os.File), room: room}
		s.file.out, s.file.handle = disk, disk
		err = give(s, 0)
		if err == nil {
			err = give(s, 4)
		}
		if !errors.Is(err, syscall.ENOSPC) || strings.Count(err.Error(), path) != 1 {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
		want := text[:strings.LastIndexByte(text[:room], '\n')+1]
		if got := read(t, path); got != want {
			t.Fatalf("room for %d bytes: the file has %d bytes, want %d", room, len(got), len(want))
		}
		// With room again, the next report follows the last whole line.
		if err := give(s, 1); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := lines(strings.NewReader(read(t, path))); err != nil {
			t.Fatalf("room for %d bytes: %v", room, err)
		}
	}
}

// shortWriter writes less than it is given and returns no error.
type shortWriter struct{}

func (shortWriter) Write(p []byte) (int, error) { return len(p) - 1, nil }

func TestWriterFails(t *testing.T) {
	err := give(NewJSONL(shortWriter{}, "standard output"), 0)
	if !errors.Is(err, io.ErrShortWrite) || !strings.Contains(err.Error(), "standard output") {
		t.Errorf("%v", err)
	}
}
