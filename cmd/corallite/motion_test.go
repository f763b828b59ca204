package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline"
)

// TestRunWithMotion looks at two parts of a street: one in which people walk all the time, and one that nobody enters.
func TestRunWithMotion(t *testing.T) {
	dir := t.TempDir()
	config, summary := filepath.Join(dir, "run.yaml"), filepath.Join(dir, "summary.json")
	text := fmt.Sprintf("models:\n  net: {path: %s, task: classify}\npipelines:\n", testdata.Path(t, "models/"+classifier+".tflite"))
	for name, region := range map[string]string{"street": "[0, 0, 1, 1]", "corner": "[0, 0, 0.2, 0.2]"} {
		text += fmt.Sprintf("  %s:\n    source: {video: %s}\n    models: [net]\n    every: 2\n    region: %s\n    motion: {hold: 1}\n    sinks: [jsonl: {path: %s}]\n",
			name, testdata.Path(t, "video/vtest.avi"), region, filepath.Join(dir, name))
	}
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command("run", "--summary", summary, config)
	if code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	data, err := os.ReadFile(summary)
	if err != nil {
		t.Fatal(err)
	}
	var all pipeline.Summaries
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]struct{ least, most uint64 }{"street": {0, 0}, "corner": {350, 391}} {
		s := all.Pipelines[name]
		m := s.Motion
		if m == nil {
			t.Fatalf("%s: no motion in the summary", name)
		}
		if m.Looked != 398 || m.HeldBack < want.least || m.HeldBack > want.most || s.Frames+m.HeldBack != m.Looked || s.Skipped != 397 || m.RunsSaved != m.HeldBack {
			t.Errorf("%s: %d frames, %d skipped, %+v", name, s.Frames, s.Skipped, m)
		}
		lines, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil || uint64(bytes.Count(lines, []byte("\n"))) != s.Frames {
			t.Errorf("%s: %d events of %d frames, %v", name, bytes.Count(lines, []byte("\n")), s.Frames, err)
		}
		if said := fmt.Sprintf("motion: %d of 398 frames skipped", m.HeldBack); !strings.Contains(stderr, said) {
			t.Errorf("%s: the log does not say %q:\n%s", name, said, stderr)
		}
	}
}
