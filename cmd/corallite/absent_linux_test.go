package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"corallite/internal/testdata"
)

// absentCamera has a pipeline that can run, and one whose camera is not there.
const absentCamera = `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify}
pipelines:
  a-camera:
    source: {camera: 4097}
    models: [net]
    sinks: [jsonl: {path: camera.jsonl}]
  pictures:
    source: {images: PICTURE}
    models: [net]
    sinks: [jsonl: {path: pictures.jsonl}]
`

// TestAbsentCamera runs a pipeline beside one whose camera is not there: it runs, the camera is waited for, which is said
// once, and the summary says why it gave nothing.
func TestAbsentCamera(t *testing.T) {
	dir := t.TempDir()
	config := writeConfig(t, dir, absentCamera)
	s := start(t, dir, nil, "run", "--summary", "summary.json", config)
	s.waitFor(t, filepath.Join(dir, "pictures.jsonl"), `"pipeline":"pictures"`)
	s.signal(t, syscall.SIGTERM)
	s.endsWith(t, exitDone)
	const why = `no camera found (looked for "4097")`
	data, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err != nil {
		t.Fatal(err)
	}
	var summary struct {
		Pipelines map[string]struct {
			Frames int
			Lost   string
		}
	}
	if err := json.Unmarshal(data, &summary); err != nil {
		t.Fatal(err)
	}
	if c, p := summary.Pipelines["a-camera"], summary.Pipelines["pictures"]; c.Frames != 0 || !strings.HasPrefix(c.Lost, why) || p.Frames != 1 || p.Lost != "" {
		t.Errorf("the summary is %+v", summary)
	}
	text := s.errors(t)
	if n := strings.Count(text, "no data from the source yet"); n != 1 {
		t.Errorf("said %d times that the source gives nothing:\n%s", n, text)
	}

	s = start(t, dir, nil, "config", "check", config)
	s.endsWith(t, exitDone)
	if text := s.errors(t); !strings.Contains(text, `note: pipelines.a-camera.source.camera: camera "4097" not found`) {
		t.Errorf("config check said\n%s", text)
	}
	s = start(t, dir, nil, "watch", "--model", testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), "--no-browser", "--listen", "127.0.0.1:0", "4097")
	s.endsWith(t, exitFailed)
	if text := s.errors(t); !strings.Contains(text, why) {
		t.Errorf("watch said\n%s", text)
	}
}
