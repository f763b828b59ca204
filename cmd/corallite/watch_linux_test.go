package main

import (
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/internal/sink/preview"
	"corallite/internal/testdata"
)

var pageAddress = regexp.MustCompile(`preview: (http://\S+)`)

// page is the address of the page that a program serves.
func (s *started) page(t *testing.T) string {
	t.Helper()
	s.waitFor(t, s.stderr, "preview: ")
	return pageAddress.FindStringSubmatch(s.errors(t))[1]
}

// statusUntil asks the page of a program how its only pipeline is, until that is as wanted.
func (s *started) statusUntil(t *testing.T, page, what string, is func(preview.PipelineStatus) bool) preview.PipelineStatus {
	t.Helper()
	client := &http.Client{Timeout: patience, Transport: &http.Transport{DisableKeepAlives: true}}
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		answer, err := client.Get(page + "api/status")
		if err != nil {
			t.Fatalf("%v\n%s", err, s.errors(t))
		}
		var st preview.Status
		err = json.NewDecoder(answer.Body).Decode(&st)
		answer.Body.Close()
		if err != nil || len(st.Pipelines) != 1 {
			t.Fatalf("%+v: %v", st, err)
		}
		if is(st.Pipelines[0]) {
			return st.Pipelines[0]
		}
		if time.Since(begin) > patience {
			t.Fatalf("never: %s: %+v\n%s", what, st.Pipelines[0], s.errors(t))
		}
	}
}

// TestWatchPlaysAFile watches a video that is cut off: it plays at its own pace, the page stays at its end and says what
// was wrong, and Ctrl-C ends it.
func TestWatchPlaysAFile(t *testing.T) {
	clip := filepath.Join(filepath.Dir(testdata.Path(t, "models")), "../cases/slow_end.mp4")
	if _, err := os.Stat(clip); err != nil {
		testdata.Missing(t, "no %s", clip)
	}
	data, err := os.ReadFile(testdata.Path(t, "video/vtest.avi"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	cut := filepath.Join(dir, "cut.avi")
	if err := os.WriteFile(cut, data[:len(data)/60], 0o600); err != nil {
		t.Fatal(err)
	}
	model := []string{"watch", "--no-browser", "--listen", "127.0.0.1:0", "--model", testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"),
		"--labels", testdata.Path(t, "labels/ssd_mobilenet_v1_coco_labelmap.txt")}

	s := start(t, dir, nil, append(model, clip)...)
	page := s.page(t)
	began := time.Now()
	ended := func(p preview.PipelineStatus) bool { return p.State == "ended" }
	p := s.statusUntil(t, page, "the end", ended)
	// From the first frame on, which may have been shown before the page was asked, it takes 3.5 s.
	if took := time.Since(began); took < 2*time.Second {
		t.Errorf("it played for %v; the recording's last frame is at 3.5 s", took)
	}
	if p.Frames+p.Dropped != 36 || p.Errors != 0 || !p.Picture {
		t.Errorf("%+v", p)
	}
	s.waitFor(t, s.stderr, "the page stays available until Ctrl-C")
	if answer, err := http.Get(page + "snapshot.jpg"); err != nil || answer.StatusCode != http.StatusOK {
		t.Errorf("the last picture: %v, %v", answer, err)
	} else {
		answer.Body.Close()
	}
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, exitDone)

	s = start(t, dir, nil, append(model, cut)...)
	p = s.statusUntil(t, s.page(t), "the end", ended)
	said := func(e preview.Entry) bool { return e.Warning && strings.Contains(e.Text, "is truncated") }
	if p.Errors != 1 || !slices.ContainsFunc(p.Events, said) {
		t.Errorf("%+v", p)
	}
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, exitFailed)
}

// TestWatchBeyondThisMachine needs a token, which is printed.
func TestWatchBeyondThisMachine(t *testing.T) {
	s := start(t, t.TempDir(), nil, "watch", "--no-browser", "--listen", "0.0.0.0:0", "--model",
		testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), testdata.Path(t, "images/cat.bmp"))
	if page := s.page(t); !regexp.MustCompile(`^http://[^/]+/\?token=[A-Za-z0-9_-]{16,}$`).MatchString(page) {
		t.Errorf("the page is at %s", page)
	}
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, exitDone)
}

// TestPageSaysWhyItWaits has a camera that nobody serves.
func TestPageSaysWhyItWaits(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := l.Addr().String()
	l.Close()
	for _, scheme := range []string{"http", "rtsp"} {
		dir := t.TempDir()
		writeConfig(t, dir, `
models: {coco: {path: MODELS/ssd_mobilenet_v1_coco_quant.tflite, task: detect}}
pipelines:
  gate:
    source: {url: "`+scheme+`://`+nobody+`/video"}
    models: [coco]
    sinks: [{preview: {listen: "127.0.0.1:0"}}]
`)
		s := start(t, dir, nil, "run", "run.yaml")
		p := s.statusUntil(t, s.page(t), "it says why", func(p preview.PipelineStatus) bool { return p.Lost != "" })
		if p.State != "waiting" || p.Lost != "connection refused" || !strings.Contains(p.Source, nobody) {
			t.Errorf("%s: %+v", scheme, p)
		}
		s.signal(t, syscall.SIGINT)
		s.endsWith(t, exitDone)
	}
}
