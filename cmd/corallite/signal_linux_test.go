package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"corallite/internal/app"
	"corallite/internal/testdata"
)

// patience is how long a test waits for what must come; it is long because the machine may be busy.
const patience = time.Minute

// started is a corallite that runs beside the test.
type started struct {
	*exec.Cmd
	stdout, stderr string // files
	ended          chan struct{}
}

// start starts corallite in a folder. It is killed when the test ends before it does.
func start(t *testing.T, dir string, environ []string, args ...string) *started {
	t.Helper()
	s := &started{
		Cmd: exec.Command("corallite", args...), ended: make(chan struct{}),
		stdout: filepath.Join(t.TempDir(), "stdout"), stderr: filepath.Join(t.TempDir(), "stderr"),
	}
	for path, to := range map[string]func(*os.File){
		s.stdout: func(f *os.File) { s.Stdout = f }, s.stderr: func(f *os.File) { s.Stderr = f },
	} {
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		to(f)
	}
	s.Dir, s.Env = dir, append(os.Environ(), environ...)
	s.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // as a shell does: Ctrl-C is for the whole group
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(s.ended)
		_ = s.Wait() // the exit code is looked at
	}()
	t.Cleanup(func() {
		_ = s.Process.Kill() // fails when it has ended
		<-s.ended
	})
	return s
}

// waitFor waits until a file has a text, and fails when the program ends before.
func (s *started) waitFor(t *testing.T, path, text string) {
	t.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		data, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(text)) {
			return
		}
		select {
		case <-s.ended:
			t.Fatalf("it ended with %v before %s had %q:\n%s", s.ProcessState, filepath.Base(path), text, s.errors(t))
		default:
		}
		if time.Since(begin) > patience {
			t.Fatalf("%s has no %q:\n%s", filepath.Base(path), text, s.errors(t))
		}
	}
}

func (s *started) errors(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(s.stderr)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func (s *started) signal(t *testing.T, sig syscall.Signal) {
	t.Helper()
	if err := s.Process.Signal(sig); err != nil {
		t.Fatal(err)
	}
}

// endsWith waits for the end and compares the exit code.
func (s *started) endsWith(t *testing.T, code int) {
	t.Helper()
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("it does not end:\n%s", s.errors(t))
	}
	if got := s.ProcessState.ExitCode(); got != code {
		t.Fatalf("exit code %d, not %d:\n%s", got, code, s.errors(t))
	}
}

// summaryOf reads what a run has written to summary.json in a folder.
func summaryOf(t *testing.T, dir string) (summary app.Summary) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(dir, "summary.json"))
	if err == nil {
		err = json.Unmarshal(data, &summary)
	}
	if err != nil {
		t.Fatal(err)
	}
	return summary
}

// writeConfig writes a configuration with the paths of models and the video filled in.
func writeConfig(t *testing.T, dir, text string) string {
	t.Helper()
	text = strings.NewReplacer("MODELS", testdata.Path(t, "models"), "VTEST", testdata.Path(t, "video/vtest.avi"),
		"PICTURE", testdata.Path(t, "images/cat.bmp")).Replace(text)
	path := filepath.Join(dir, "run.yaml")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// addPicture puts a picture into a folder, whole.
func addPicture(t *testing.T, folder, name string) {
	t.Helper()
	data, err := os.ReadFile(testdata.Path(t, "images/cat.bmp"))
	if err != nil {
		t.Fatal(err)
	}
	part := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(part, data, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(part, filepath.Join(folder, name)); err != nil {
		t.Fatal(err)
	}
}

// TestSignalEndsRun checks that one signal ends a run in order: what is in hand is finished, every sink is complete, the
// summary says so, and that is no failure.
func TestSignalEndsRun(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(sig.String(), func(t *testing.T) {
			dir := t.TempDir()
			folder := filepath.Join(dir, "in")
			if err := os.Mkdir(folder, 0o755); err != nil {
				t.Fatal(err)
			}
			addPicture(t, folder, "first.bmp")
			config := writeConfig(t, dir, `
models:
  coco: {path: MODELS/ssd_mobilenet_v1_coco_quant.tflite, task: detect}
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify}
pipelines:
  video:
    source: {video: VTEST}
    models: [coco]
    sinks: [jsonl: {path: video.jsonl}, video: {path: video.mp4}]
  folder:
    source: {folder: in}
    models: [net]
    sinks: [jsonl: {path: folder.jsonl}]
`)
			// The video cannot end before the signal: nobody reads its lines then, and few fit into the pipe.
			reached, signalled := make(chan struct{}), make(chan struct{})
			goOn := sync.OnceFunc(func() { close(signalled) })
			lines := read(t, filepath.Join(dir, "video.jsonl"), nil, func(l line) error {
				if l.Seq == 5 {
					close(reached)
					<-signalled
				}
				return nil
			})
			defer goOn()
			s := start(t, dir, nil, "run", "--summary", "summary.json", config)
			s.waitFor(t, filepath.Join(dir, "folder.jsonl"), `in/first.bmp"`)
			addPicture(t, folder, "second.bmp") // while it watches
			s.waitFor(t, filepath.Join(dir, "folder.jsonl"), `in/second.bmp"`)
			select {
			case <-reached:
			case <-time.After(patience):
				t.Fatalf("no line 5 of the video:\n%s", s.errors(t))
			}
			s.signal(t, sig)
			s.waitFor(t, s.stderr, "finishing up")
			goOn()
			s.endsWith(t, exitDone)
			if text := s.errors(t); strings.Count(text, "corallite: "+sig.String()+": finishing up; press Ctrl-C again to quit now\n") != 1 {
				t.Errorf("it said\n%s", text)
			}

			var summary struct {
				Pipelines map[string]struct {
					Frames      int  `json:"frames"`
					Interrupted bool `json:"interrupted"`
				} `json:"pipelines"`
			}
			data, err := os.ReadFile(filepath.Join(dir, "summary.json"))
			if err == nil {
				err = json.Unmarshal(data, &summary)
			}
			if err != nil {
				t.Fatal(err)
			}
			video, watched := summary.Pipelines["video"], summary.Pipelines["folder"]
			if !video.Interrupted || !watched.Interrupted || watched.Frames != 2 || video.Frames < 6 || video.Frames >= 795 {
				t.Errorf("the summary is %+v", summary)
			}
			lines.check(t, video.Frames)
			if n, err := countFrames(filepath.Join(dir, "video.mp4")); err != nil || n != video.Frames {
				t.Errorf("the annotated video has %d of %d frames: %v", n, video.Frames, err)
			}
			wantFiles(t, dir, "folder.jsonl", "in", "run.yaml", "summary.json", "video.mp4") // the pipe is the test's
		})
	}
}

// TestSignalEndsOneShot checks the same for a command over files, which has not done what was asked for and says so.
func TestSignalEndsOneShot(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, nil, "detect", "--model", testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), "--json",
		"--out", "found", testdata.Path(t, "video/vtest.avi"))
	s.waitFor(t, s.stdout, `"seq":3,`)
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, 130)
	if text := s.errors(t); !strings.HasSuffix(text, "\ncorallite: interrupted\n") {
		t.Errorf("it said\n%s", text)
	}
	lines, err := os.ReadFile(s.stdout)
	if err != nil {
		t.Fatal(err)
	}
	n := bytes.Count(lines, []byte("\n"))
	if got, err := countFrames(filepath.Join(dir, "found", "vtest.mp4")); err != nil || got != n {
		t.Errorf("the annotated video has %d of %d frames: %v", got, n, err)
	}
	wantFiles(t, filepath.Join(dir, "found"), "vtest.mp4")
}

// TestSignalEndsPull: a pull that is cut short says so in one word, whatever it was waiting for, and leaves no file.
func TestSignalEndsPull(t *testing.T) {
	for sig, word := range map[syscall.Signal]string{syscall.SIGINT: "interrupted", syscall.SIGTERM: "terminated"} {
		asked := make(chan struct{}, 1)
		server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			select {
			case asked <- struct{}{}:
			default:
			}
			<-r.Context().Done()
		}))
		defer server.Close()
		dir := t.TempDir()
		s := start(t, dir, []string{"CORALLITE_CACHE=cache", "CORALLITE_DOWNLOADS=downloads", "CORALLITE_MODEL_MIRROR=" + server.URL, "NO_PROXY=*"},
			"models", "pull", "face_detection_front", "alexa")
		select {
		case <-asked:
		case <-time.After(patience):
			t.Fatalf("the mirror is not asked:\n%s", s.errors(t))
		}
		s.signal(t, sig)
		s.endsWith(t, 128+int(sig))
		if text := s.errors(t); text != "corallite: "+sig.String()+": finishing up; press Ctrl-C again to quit now\ncorallite: "+word+"\n" {
			t.Errorf("it said\n%s", text)
		}
	}
}

// TestSignalWhileOpening checks that a signal that comes before the streams begin ends them in order as well.
func TestSignalWhileOpening(t *testing.T) {
	dir := t.TempDir()
	config := writeConfig(t, dir, `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify}
pipelines:
  p:
    source: {images: PICTURE}
    models: [net]
    sinks: [jsonl: {path: "-"}]
`)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, stderr bytes.Buffer
	status := newStatus(&stderr)
	root := newRoot(&streams{in: strings.NewReader(""), out: &out, err: status})
	root.SetArgs([]string{"run", "--log", "error", "--summary", "-", config})
	if code := exitCode(root.ExecuteContext(ctx), status); code != exitDone || stderr.Len() > 0 {
		t.Errorf("exit code %d, %s", code, &stderr)
	}
	if !strings.Contains(out.String(), `"interrupted": true`) || !strings.Contains(out.String(), `"frames": 0,`) {
		t.Errorf("the summary is\n%s", &out)
	}
}

// stalled is a run that cannot go on: its line is longer than the pipe that nobody reads.
func stalled(t *testing.T) *started {
	t.Helper()
	dir := t.TempDir()
	config := writeConfig(t, dir, `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify, max_results: 0}
pipelines:
  stuck:
    source: {images: PICTURE}
    models: [net]
    sinks: [jsonl: {path: pipe}]
`)
	pipe := filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that neither side waits for the other
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { reader.Close() })
	size, err := unix.FcntlInt(reader.Fd(), unix.F_SETPIPE_SZ, 4096)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, nil, "run", "--summary", "summary.json", config)
	for begin, waiting := time.Now(), 0; waiting < size; time.Sleep(5 * time.Millisecond) {
		if waiting, err = unix.IoctlGetInt(int(reader.Fd()), unix.TIOCINQ); err != nil {
			t.Fatal(err)
		}
		if time.Since(begin) > patience {
			t.Fatalf("%d bytes came:\n%s", waiting, s.errors(t))
		}
	}
	return s
}

// TestStalledReaderDoesNotKeepTheEnd checks that one signal is enough where nobody reads what the run writes.
func TestStalledReaderDoesNotKeepTheEnd(t *testing.T) {
	s := stalled(t)
	s.signal(t, syscall.SIGTERM)
	s.endsWith(t, exitFailed)
	if text := s.errors(t); !strings.Contains(text, "sink jsonl: write pipe: gave up on its reader") {
		t.Errorf("it said\n%s", text)
	}
}

// TestNoReaderDoesNotKeepTheEnd is the same for a pipe that nobody has opened.
func TestNoReaderDoesNotKeepTheEnd(t *testing.T) {
	dir := t.TempDir()
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, nil, "run", writeConfig(t, dir, `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify}
pipelines:
  p:
    source: {images: PICTURE}
    models: [net]
    sinks: [jsonl: {path: pipe}]
`))
	s.waitFor(t, s.stderr, "no Edge TPU found") // it is past the beginning
	s.signal(t, syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(patience):
		t.Fatalf("it does not end:\n%s", s.errors(t))
	}
}

// TestSecondSignal checks that a second signal ends the process at once. What is in hand cannot be finished: the line is
// longer than the pipe that nobody reads.
func TestSecondSignal(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM} {
		t.Run(sig.String(), func(t *testing.T) {
			s := stalled(t)
			s.signal(t, syscall.SIGTERM)
			s.waitFor(t, s.stderr, "finishing up")
			s.signal(t, sig)
			s.endsWith(t, 128+int(sig))
			wantFiles(t, s.Dir, "pipe", "run.yaml")
		})
	}
}

// wantFiles compares the names in a folder, hidden ones included.
func wantFiles(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := []string{}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s has %v, not %v", dir, got, want)
	}
}
