package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"corallite/pipeline/camera/cameratest"
)

// recording is a run that records a camera in dir/rec, with lines beside it that go elsewhere.
func recording(t *testing.T, dir string) (config string) {
	t.Helper()
	server := cameratest.NewRTSP(t, 320, 240)
	return writeConfig(t, dir, `
models:
  net: {path: MODELS/`+classifier+`.tflite, task: classify}
pipelines:
  yard:
    source: {url: "`+server.URL("/yard")+`", deadline: 600}
    models: [net]
    sinks: [jsonl: {path: rec/found.jsonl}, video: {path: rec/found.mp4}, jsonl: {path: other.jsonl}]
`)
}

// wholeLines checks that a file holds whole lines of JSON, and counts them.
func wholeLines(t *testing.T, path string) int {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for line := range bytes.Lines(data) {
		if !json.Valid(line) || !bytes.HasSuffix(line, []byte("\n")) {
			t.Errorf("%s: line %d is %q", path, n+1, line)
		}
		n++
	}
	return n
}

// TestRecordingSurvives kills a run, and starts another, and another beside it: what was recorded plays, stays, and is
// written by one.
func TestRecordingSurvives(t *testing.T) {
	dir := t.TempDir()
	config := recording(t, dir)
	rec := filepath.Join(dir, "rec")
	if err := os.Mkdir(rec, 0o755); err != nil {
		t.Fatal(err)
	}
	video, lines := filepath.Join(rec, "found.mp4"), filepath.Join(rec, "found.jsonl")
	killed := start(t, dir, nil, "run", config)
	killed.waitFor(t, video, "moof") // a fragment
	killed.signal(t, syscall.SIGKILL)
	<-killed.ended
	if n, err := countFrames(video); err != nil || n == 0 {
		t.Errorf("the killed recording has %d frames, %v", n, err)
	}
	before, err := os.ReadFile(video)
	if err != nil {
		t.Fatal(err)
	}
	wrote := wholeLines(t, lines)

	next := start(t, dir, nil, "run", config)
	next.waitFor(t, filepath.Join(rec, "found-2.mp4"), "moof")
	other := exec.Command("corallite", "run", config)
	other.Dir = dir
	said, err := other.CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(string(said), fmt.Sprintf("is being written by process %d", next.Process.Pid)) {
		t.Errorf("a second instance: %v\n%s", err, said)
	}
	next.signal(t, syscall.SIGHUP)
	next.endsWith(t, exitDone)
	if after, err := os.ReadFile(video); err != nil || !bytes.Equal(after, before) {
		t.Errorf("the first recording is now %d bytes, not %d, %v", len(after), len(before), err)
	}
	if text := next.errors(t); !strings.Contains(text, "rec/found.mp4 exists and is kept; writing rec/found-2.mp4") {
		t.Errorf("it said\n%s", text)
	}
	if n, err := countFrames(filepath.Join(rec, "found-2.mp4")); err != nil || n == 0 {
		t.Errorf("the next recording has %d frames, %v", n, err)
	}
	if n := wholeLines(t, lines); n <= wrote {
		t.Errorf("%d lines after the next run, %d before", n, wrote)
	}
	wantFiles(t, rec, "found-2.mp4", "found.jsonl", "found.mp4")
}

// TestFullDiskInALiveRun fills the disk of a recording, and makes room again.
func TestFullDiskInALiveRun(t *testing.T) {
	dir := t.TempDir()
	config := recording(t, dir)
	rec := filepath.Join(dir, "rec")
	if err := os.Mkdir(rec, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", rec, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("a small disk cannot be mounted here: %v", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(rec, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	s := start(t, dir, nil, "run", "--summary", "summary.json", config)
	s.waitFor(t, filepath.Join(rec, "found.mp4"), "moof")
	fillDisk(t, filepath.Join(rec, "fill"))
	s.waitFor(t, s.stderr, "sink video: ")
	s.waitFor(t, s.stderr, "sink jsonl: ")
	other := filepath.Join(dir, "other.jsonl")
	for at, begin := wholeLines(t, other), time.Now(); wholeLines(t, other) < at+10; time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > patience {
			t.Fatalf("the other sink gets nothing:\n%s", s.errors(t))
		}
	}
	if err := os.Remove(filepath.Join(rec, "fill")); err != nil {
		t.Fatal(err)
	}
	s.waitFor(t, s.stderr, "sink video works again after ")
	s.waitFor(t, s.stderr, "sink jsonl works again after ")
	s.waitFor(t, filepath.Join(rec, "found-2.mp4"), "moof")
	s.signal(t, syscall.SIGTERM)
	s.endsWith(t, exitDone) // both work again, and what they lost was said
	for _, name := range []string{"found.mp4", "found-2.mp4"} {
		if n, err := countFrames(filepath.Join(rec, name)); err != nil || n == 0 {
			t.Errorf("%s has %d frames, %v", name, n, err)
		}
	}
	kept, all := wholeLines(t, filepath.Join(rec, "found.jsonl")), wholeLines(t, other)
	summary := summaryOf(t, dir)
	p := summary.Pipelines["yard"]
	if lost := p.Drops.Sinks["jsonl"]; lost == 0 || uint64(kept)+lost != p.Frames || uint64(all)+p.Drops.Sinks["jsonl#2"] != p.Frames {
		t.Errorf("%d lines, %d beside them, %d frames, drops %v", kept, all, p.Frames, p.Drops.Sinks)
	}
	if text := s.errors(t); !strings.Contains(text, "rec/found.mp4: no space left on device (the file keeps its first ") ||
		!strings.Contains(text, "write rec/found.jsonl: no space left on device; the pipeline continues") {
		t.Errorf("it said\n%s", text)
	}
}

// fillDisk fills the disk that path is on.
func fillDisk(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for block := make([]byte, 1<<12); err == nil; {
		_, err = f.Write(block)
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
}
