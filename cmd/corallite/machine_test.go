package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"gocv.io/x/gocv"
	"golang.org/x/sys/unix"

	"corallite/delegate/edgetpu"
	"corallite/delegate/edgetpu/simtest"
	"corallite/internal/app"
	"corallite/internal/assemble"
	"corallite/internal/devicepool"
	"corallite/internal/failover"
	"corallite/internal/testdata"
)

const classifier = "mobilenet_v1_0.25_128_quant"

// machine is a simulated machine with Edge TPUs, on which `corallite run` runs in this process; its children are
// processes as ever.
type machine struct {
	t       *testing.T
	control *simtest.Control
	dir     string                    // has the files of runs
	change  func(*devicepool.Options) // nil: nothing more
}

// newMachine makes one. The CPU models are the CPU's models of the test data.
func newMachine(t *testing.T, c simtest.Config) *machine {
	t.Helper()
	m := &machine{t: t, control: simtest.NewControl(t), dir: t.TempDir()}
	c.Control, c.CPUModels = m.control, []string{testdata.Path(t, "models/"+classifier+".tflite")}
	t.Setenv(edgetpu.LibraryEnv, simtest.Use(t, c))
	t.Setenv(assemble.ExtraPathsEnv, strings.Join(append([]string{m.control.Folder()}, c.CPUModels...), string(os.PathListSeparator)))
	t.Setenv("CORALLITE_CACHE", filepath.Join(m.dir, "cache"))
	return m
}

// quick lets a device come back within a short video, and not be given up for long however often it fails.
var quick = failover.BackoffOptions{First: 20 * time.Millisecond, Max: 200 * time.Millisecond, StableAfter: time.Hour}

// ran is what came of a run.
type ran struct {
	code    int
	summary app.Summary
	took    time.Duration // from beginning to end
}

// run runs a configuration (see writeConfig) whose log goes to log. The pool is that of `corallite run`, except that it
// looks for devices on the simulated machine and tries them sooner.
func (m *machine) run(ctx context.Context, text string, log *journal) ran {
	m.t.Helper()
	start := time.Now()
	status := newStatus(log)
	summary := filepath.Join(m.dir, "summary.json")
	r := ran{code: exitCode(m.start(ctx, text, status, app.SummaryFile(summary)), status), took: time.Since(start)}
	if data, err := os.ReadFile(summary); err == nil {
		err = errors.Join(json.Unmarshal(data, &r.summary), os.Remove(summary))
		if err != nil {
			m.t.Fatal(err)
		}
	}
	return r
}

func (m *machine) start(ctx context.Context, text string, status *status, summary app.SummaryFile) error {
	cfg, err := loadConfig([]string{writeConfig(m.t, m.dir, text)}, nil)
	if err != nil {
		return err
	}
	logger := slog.New(slog.NewTextHandler(status, &slog.HandlerOptions{ReplaceAttr: shortTime}))
	std := &streams{in: strings.NewReader(""), out: os.Stdout, err: status}
	o := std.run(logger)
	o.Summary, o.ChangePool = summary, func(o *devicepool.Options) {
		o.EdgeTPU.System.Root, o.Backoff = m.control.Root(), quick
		if m.change != nil {
			m.change(o)
		}
	}
	sum, err := app.Run(ctx, cfg, o)
	sum.Log(logger, cfg.PipelineNames())
	return reported(sum, err)
}

// tpu is what the summary says of a device; the zero Summary when it says nothing.
func (r ran) tpu(name string) devicepool.Summary {
	for _, s := range r.summary.Accelerators {
		if s.Name == name {
			return s
		}
	}
	return devicepool.Summary{}
}

// journal is a log that is read while it is written.
type journal struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.Write(p)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.b.String()
}

// The messages of a failover and of the way back.
const (
	saidFailed = "the device failed: the CPU takes over"
	saidBack   = "the device runs the model again"
)

// said is how many lines of the log have a message.
func (j *journal) said(message string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return bytes.Count(j.b.Bytes(), []byte("msg="+strconv.Quote(message)))
}

// awaits waits until the log has a message so many times.
func (j *journal) awaits(message string, times int) error {
	for begin := time.Now(); j.said(message) < times; time.Sleep(time.Millisecond) {
		if time.Since(begin) > patience {
			return fmt.Errorf("the log has no %q number %d", message, times)
		}
	}
	return nil
}

// showEnd prints the end of the log of a test that failed.
func (j *journal) showEnd(t *testing.T) {
	t.Helper()
	if t.Failed() {
		text := j.String()
		t.Log(text[max(0, len(text)-20_000):])
	}
}

// goRun runs `corallite run` with more arguments, and a log that tells much; its exit code comes when it has ended.
func goRun(ctx context.Context, log *journal, args ...string) <-chan int {
	code := make(chan int, 1)
	go func() {
		status := newStatus(log)
		root := newRoot(&streams{in: strings.NewReader(""), out: io.Discard, err: status})
		root.SetArgs(append([]string{"run", "--log", "debug"}, args...))
		code <- exitCode(root.ExecuteContext(ctx), status)
	}()
	return code
}

// line is what is looked at in a line of JSON.
type line struct {
	Seq        int
	Device     string
	Degraded   bool
	Reason     string
	Classes    json.RawMessage
	Detections json.RawMessage
}

// reader reads the lines of a pipeline from a pipe that holds few, so that it sets the pace. It says what is wrong with
// them: each must be the next, and its classes those wanted.
type reader struct {
	path     string
	want     []string           // the classes, by seq; after the last they begin again; nil: not looked at
	each     func(l line) error // told of each line; nil: none
	lines    int                // so far, and those of them that are degraded
	degraded int
	errs     []error
	ended    chan struct{}
	closed   bool
}

// read makes a pipe and reads from it until the run has ended.
func read(t *testing.T, path string, want []string, each func(line) error) *reader {
	t.Helper()
	if err := unix.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	r := &reader{path: path, want: want, each: each, ended: make(chan struct{})}
	// Made small before anybody writes. This end does not wait for a writer, and keeps the pipe until one has come.
	small, err := os.OpenFile(path, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := unix.FcntlInt(small.Fd(), unix.F_SETPIPE_SZ, 4096); err != nil {
		t.Error(err)
	}
	go r.loop(small)
	t.Cleanup(func() { _ = r.close() })
	return r
}

func (r *reader) loop(small *os.File) {
	defer close(r.ended)
	f, err := os.Open(r.path) // waits for the writer
	_ = small.Close()         // nothing was read from it
	if err != nil {
		r.wrong(err)
		return
	}
	defer f.Close()
	scan := bufio.NewScanner(f)
	for ; scan.Scan(); r.lines++ {
		var l line
		if err := json.Unmarshal(scan.Bytes(), &l); err != nil {
			r.wrong(err)
			continue
		}
		if l.Seq != r.lines {
			r.wrong(fmt.Errorf("line %d has seq %d", r.lines, l.Seq))
		}
		if r.want != nil && string(l.Classes) != r.want[l.Seq%len(r.want)] {
			r.wrong(fmt.Errorf("seq %d on %s has classes %s, not %s", l.Seq, l.Device, l.Classes, r.want[l.Seq%len(r.want)]))
		}
		if l.Degraded {
			r.degraded++
		}
		if l.Degraded != (l.Reason != "") || strings.Contains(l.Reason, "\n") {
			r.wrong(fmt.Errorf("seq %d is degraded %v, with the reason %q", l.Seq, l.Degraded, l.Reason))
		}
		if r.each != nil {
			if err := r.each(l); err != nil {
				r.wrong(fmt.Errorf("seq %d: %w", l.Seq, err))
				r.each = nil
			}
		}
	}
	r.wrong(scan.Err())
}

// wrong keeps an error; of many the first.
func (r *reader) wrong(err error) {
	if err != nil && len(r.errs) < 5 {
		r.errs = append(r.errs, err)
	}
}

// close ends reading once the run has ended, and gives what was wrong. Twice is safe.
func (r *reader) close() error {
	if !r.closed {
		r.closed = true
		// Where the run never came to open it, this lets the reader go.
		if w, err := os.OpenFile(r.path, os.O_WRONLY|unix.O_NONBLOCK, 0); err == nil {
			_ = w.Close() // nothing was written
		}
		<-r.ended
		_ = os.Remove(r.path) // in the test's folder
	}
	return errors.Join(r.errs...)
}

// check reports what is wrong with the lines, of which there must be n.
func (r *reader) check(t *testing.T, n int) {
	t.Helper()
	if err := r.close(); err != nil {
		t.Errorf("%s: %v", filepath.Base(r.path), err)
	}
	if r.lines != n {
		t.Errorf("%s has %d lines, not %d", filepath.Base(r.path), r.lines, n)
	}
}

// cpuClasses runs the classifier on the CPU over a video: what the classes of each frame are.
func cpuClasses(t *testing.T, video string) []string {
	t.Helper()
	code, out, stderr := command("classify", "--model", testdata.Path(t, "models/"+classifier+".tflite"), "--delegate", "xnnpack",
		"--json", video)
	if code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	var all []string
	for text := range strings.Lines(out) {
		var l line
		if err := json.Unmarshal([]byte(text), &l); err != nil {
			t.Fatal(err)
		}
		all = append(all, string(l.Classes))
	}
	return all
}

// clipOf writes the first n frames of a video into a file of its own.
func clipOf(t *testing.T, video, path string, n int) {
	t.Helper()
	in, err := gocv.VideoCaptureFile(video)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	width, height := int(in.Get(gocv.VideoCaptureFrameWidth)), int(in.Get(gocv.VideoCaptureFrameHeight))
	out, err := gocv.VideoWriterFile(path, "MJPG", 10, width, height, true)
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	frame := gocv.NewMat()
	defer frame.Close()
	for range n {
		if !in.Read(&frame) {
			t.Fatalf("%s has no %d frames", video, n)
		}
		if err := out.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
}
