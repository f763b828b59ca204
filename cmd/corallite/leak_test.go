package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"

	"corallite/internal/testdata"
	"corallite/tflite"
)

// TestNothingIsLeftOpen runs commands in this process, those that succeed and those that fail half way, and counts
// goroutines, interpreters and file descriptors after them.
func TestNothingIsLeftOpen(t *testing.T) {
	made, dir := makeFiles(t), t.TempDir()
	t.Setenv("CORALLITE_CACHE", filepath.Join(dir, "cache"))
	model := testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite")
	small, clip := filepath.Join(made, "small.png"), filepath.Join(made, "clip.avi")
	config := filepath.Join(dir, "run.yaml")
	text := `
models:
  coco: {path: ` + model + `, task: detect}
pipelines:
  pictures:
    source: {images: ` + small + `}
    models: [coco]
    sinks: [jsonl: {path: ` + filepath.Join(dir, "p.jsonl") + `}, pictures: {dir: ` + filepath.Join(dir, "p") + `}, table: {path: ` + filepath.Join(dir, "p.txt") + `}]
  video:
    source: {video: ` + clip + `}
    models: [coco]
    sinks: [video: {path: ` + filepath.Join(dir, "v.mp4") + `}]
`
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	lines := []struct {
		code int
		args []string
	}{
		{exitDone, []string{"detect", "--model", model, "--json", small}},
		{exitFailed, []string{"detect", "--model", model, "--out", filepath.Join(dir, "found"), clip, small}},
		{exitFailed, []string{"detect", "--model", model, "--out", filepath.Join(small, "found"), small}},
		{exitFailed, []string{"classify", "--model", model, small}},
		{exitFailed, []string{"detect", "--model", filepath.Join(made, "short.tflite"), small}},
		{exitFailed, []string{"run", config}}, // the video is cut
		{exitFailed, []string{"run", "--set", "pipelines.video.sinks=[{jsonl: {path: /sys/x}}]", config}},
		{exitFailed, []string{"run", "--set", "models.coco.task=classify", config}},
		{exitUsage, []string{"run", "--set", "models.coco.task=guess", config}},
		{exitDone, []string{"devices"}},
	}
	round := func() {
		for _, l := range lines {
			if code, _, stderr := command(l.args...); code != l.code {
				t.Fatalf("corallite %q: exit code %d, not %d:\n%s", l.args, code, l.code, stderr)
			}
		}
	}
	round() // what is loaded once stays
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	before := descriptors(t)
	round()
	if n := tflite.Live(); n != 0 {
		t.Errorf("%d interpreters are open", n)
	}
	if n := tflite.Leaked(); n != 0 {
		t.Errorf("%d interpreters were lost", n)
	}
	if after := descriptors(t); after > before {
		t.Errorf("%d files are open, %d before", after, before)
	}
}

// descriptors is how many files this process has open.
func descriptors(t *testing.T) int {
	t.Helper()
	return descriptorsOf(t, os.Getpid())
}

// descriptorsOf is how many files a process has open.
func descriptorsOf(t *testing.T, pid int) int {
	t.Helper()
	entries, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	if err != nil {
		t.Skipf("no list of open files: %v", err)
	}
	return len(entries)
}
