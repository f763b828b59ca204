package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
	"golang.org/x/sys/unix"

	"corallite/delegate/edgetpu/simtest"
	"corallite/pipeline/camera/cameratest"
	"corallite/tflite"
)

// allFaultsText runs a model on an Edge TPU, another with sinks of every kind, and cameras that come to harm. SINKS are
// those that the test can harm.
const allFaultsText = `
models:
  tpu: {path: MODELS/` + classifier + `.tflite, task: classify, deadline: 2, engines: 1, max_results: 1}
  cpu: {path: MODELS/` + classifier + `.tflite, task: classify, delegate: xnnpack, engines: 1, threads: 1, max_results: 1, score_threshold: 0, labels: things.txt}
pipelines:
  tpu: {source: {url: "STEADY", deadline: 600}, fps: 20, models: [tpu], sinks: [jsonl: {path: tpu.jsonl}]}
  out: {source: {url: "STEADY", deadline: 600}, fps: 10, models: [cpu], sinks: [SINKS]}
  door: {source: {url: "DOOR", deadline: 2}, fps: 10, models: [cpu], sinks: [jsonl: {path: door.jsonl}]}
  yard: {source: {url: "YARD", deadline: 10}, fps: 10, models: [cpu], sinks: [jsonl: {path: yard.jsonl}]}
  late: {source: {url: "LATE", deadline: 600}, fps: 10, models: [cpu], sinks: [jsonl: {path: late.jsonl}]}
  none: {source: {camera: corallite-has-no-such-camera}, models: [cpu], sinks: [jsonl: {path: none.jsonl}]}
`

// allFaultsSinks: lines and video on a good disk and on one that fills up, a folder that goes, a pipe that nobody reads,
// a server that goes and a program that fails and hangs.
const allFaultsSinks = `jsonl: {path: out.jsonl}, video: {path: out.mp4}, jsonl: {path: disk/found.jsonl}, video: {path: disk/found.mp4},
    pictures: {dir: pictures}, jsonl: {path: stalled, queue: 1}, webhook: {url: "HOOK", empty: true, retries: 0, timeout: 5, flush: 0.1},
    command: {on: {thing: [./program]}, timeout: 1, queue: 1}`

// program does what the file mode says.
const program = `#!/bin/sh
case $(cat mode) in
fail) exit 3 ;;
hang) exec sleep 1000 ;;
esac
echo ran >> ran
`

// stalledPipe is how much the pipe that nobody reads holds, in bytes.
const stalledPipe = 4096

// TestAllFaults lets everything happen in one run: to the Edge TPU, to the cameras, to the sinks and to the disk, one of
// each at a time, and three of them at once. All the while every pipeline that is not itself harmed gives events, and
// each that was harmed gives them again. A signal ends the run in order, with all that was written whole. The next run
// adds to that, and ends with another signal. Nothing is left behind by either.
func TestAllFaults(t *testing.T) {
	f := newAllFaults(t)
	f.run(syscall.SIGTERM, exitFailed, func() { // as not all that was asked for was done
		var lanes sync.WaitGroup
		for name, lane := range map[string]func() error{"Edge TPU": f.harmDevice, "cameras": f.harmCameras, "sinks": f.harmSinks} {
			lanes.Go(func() {
				begin := time.Now()
				defer func() { t.Logf("%s: %v", name, time.Since(begin).Round(time.Millisecond)) }()
				if err := lane(); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			})
		}
		lanes.Wait()
	})
	f.checkSummary()
	recorded := f.contents("out.mp4", "disk/found.mp4", "disk/found-2.mp4", "out.jsonl")
	files := descriptors(t)

	f.sinks = "jsonl: {path: out.jsonl}, video: {path: out.mp4}, jsonl: {path: disk/found.jsonl}, video: {path: disk/found.mp4}"
	f.run(hangup(), exitDone, func() {
		if err := f.goOn("nothing", "tpu", "out", "door", "yard", "late"); err != nil {
			t.Error(err)
		}
	})
	for name, before := range recorded {
		after := f.contents(name)[name]
		if strings.HasSuffix(name, ".mp4") && !bytes.Equal(after, before) || !bytes.HasPrefix(after, before) {
			t.Errorf("the next run has changed %s", name)
		}
	}
	if now := descriptors(t); now > files {
		t.Errorf("%d files are open, %d after the run before", now, files)
	}
}

// hangup is SIGHUP, unless this process ignores it, as under nohup.
func hangup() syscall.Signal {
	if signal.Ignored(syscall.SIGHUP) {
		return syscall.SIGTERM
	}
	return syscall.SIGHUP
}

// allFaults is a machine on which everything goes wrong.
type allFaults struct {
	t     *testing.T
	m     *machine
	log   *journal
	sinks string
	temp  string        // the folder of temporary files
	ended chan struct{} // the run has
	last  ran

	steady, door, late *cameratest.HTTP
	yard               *cameratest.RTSP
	hook               *hookServer
	small              bool // disk is a small one
}

func newAllFaults(t *testing.T) *allFaults {
	t.Helper()
	f := &allFaults{t: t, m: newMachine(t, simtest.Config{Compute: simtest.CPUModel}), temp: t.TempDir(), sinks: allFaultsSinks}
	f.steady, f.door, f.late = cameratest.NewHTTP(t, 320, 240), cameratest.NewHTTP(t, 320, 240), cameratest.NewHTTP(t, 320, 240)
	f.yard, f.hook = cameratest.NewRTSP(t, 320, 240), newHookServer(t)
	f.late.Kill() // until it comes
	t.Setenv("TMPDIR", f.temp)
	t.Chdir(f.m.dir)
	disk := "disk"
	if err := errors.Join(os.Mkdir(disk, 0o755), os.WriteFile("things.txt", bytes.Repeat([]byte("thing\n"), 1001), 0o644),
		os.WriteFile("program", []byte(program), 0o755), os.WriteFile("mode", []byte("run"), 0o644), unix.Mkfifo("stalled", 0o600)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", disk, "tmpfs", 0, "size=16m"); err != nil {
		t.Logf("a small disk cannot be mounted here, and none is filled: %v", err)
	} else {
		f.small = true
		t.Cleanup(func() {
			if err := unix.Unmount(filepath.Join(f.m.dir, disk), unix.MNT_DETACH); err != nil {
				t.Error(err)
			}
		})
	}
	stalled, err := os.OpenFile("stalled", os.O_RDONLY|unix.O_NONBLOCK, 0) // and never reads
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { stalled.Close() })
	if _, err := unix.FcntlInt(stalled.Fd(), unix.F_SETPIPE_SZ, stalledPipe); err != nil {
		t.Fatal(err)
	}
	return f
}

// run runs the configuration while during does what it does, ends it with a signal, and looks what is left.
func (f *allFaults) run(sig syscall.Signal, code int, during func()) {
	f.t.Helper()
	before, processes := goleak.IgnoreCurrent(), children(f.t)
	f.log = &journal{}
	ctx, cancel := context.WithCancelCause(context.Background())
	stop := onSignals(cancel, newStatus(f.log))
	text := strings.NewReplacer("STEADY", f.steady.URL("/stream"), "DOOR", f.door.URL("/stream"),
		"YARD", f.yard.URL("/yard"), "LATE", f.late.URL("/stream"), "HOOK", f.hook.url()).Replace(strings.Replace(allFaultsText, "SINKS", f.sinks, 1))
	f.ended = make(chan struct{})
	go func() {
		defer close(f.ended)
		f.last = f.m.run(ctx, text, f.log)
	}()
	defer f.log.showEnd(f.t)
	during()
	if err := syscall.Kill(os.Getpid(), sig); err != nil {
		f.t.Fatal(err)
	}
	select {
	case <-f.ended:
	case <-time.After(patience):
		f.t.Fatalf("%v does not end it:\n%s", sig, f.log)
	}
	stop()
	if f.last.code != code {
		f.t.Errorf("exit code %d, not %d", f.last.code, code)
	}
	for _, name := range []string{"tpu", "out", "door", "yard", "late"} {
		wholeLines(f.t, name+".jsonl")
	}
	wholeLines(f.t, "disk/found.jsonl")
	videos, _ := filepath.Glob("*.mp4") // the patterns are well formed
	onDisk, _ := filepath.Glob("disk/*.mp4")
	for _, video := range append(videos, onDisk...) {
		if n, err := countFrames(video); err != nil || n == 0 {
			f.t.Errorf("%s has %d frames, %v", video, n, err)
		}
	}
	f.nothingIsLeft(processes)
	for _, c := range []interface{ Kill() }{f.yard, f.steady, f.door, f.late} { // whose goroutines serve what has ended
		c.Kill()
	}
	f.hook.kill()
	goleak.VerifyNone(f.t, before)
	for _, c := range []interface{ Start() }{f.yard, f.steady, f.door, f.late} {
		c.Start()
	}
}

// nothingIsLeft of a run: no process, no interpreter, no temporary file.
func (f *allFaults) nothingIsLeft(before []int) {
	f.t.Helper()
	left := slices.DeleteFunc(children(f.t), func(pid int) bool { return slices.Contains(before, pid) })
	if len(left) > 0 || tflite.Live() != 0 {
		f.t.Errorf("processes %v and %d interpreters are left", left, tflite.Live())
	}
	wantFiles(f.t, f.temp)
	if parts, _ := filepath.Glob(".*"); len(parts) > 0 { // the pattern is well formed
		f.t.Errorf("%v are left", parts)
	}
}

// contents are those of files.
func (f *allFaults) contents(names ...string) map[string][]byte {
	f.t.Helper()
	all := map[string][]byte{}
	for _, name := range names {
		data, err := os.ReadFile(name)
		if err != nil && (f.small || !strings.HasPrefix(name, "disk/")) {
			f.t.Error(err)
		}
		all[name] = data
	}
	return all
}

// until waits until something holds.
func (f *allFaults) until(what string, holds func() bool) error {
	for begin := time.Now(); !holds(); time.Sleep(5 * time.Millisecond) {
		select {
		case <-f.ended:
			return fmt.Errorf("%s: the run has ended", what)
		default:
		}
		if time.Since(begin) > patience {
			return fmt.Errorf("%s: waited for %v", what, patience)
		}
	}
	return nil
}

// linesOf is how many lines a pipeline has written.
func linesOf(pipeline string) int {
	data, _ := os.ReadFile(pipeline + ".jsonl") // none is no line
	return bytes.Count(data, []byte("\n"))
}

// goOn waits until each of those pipelines has given more events, while what is wrong.
func (f *allFaults) goOn(what string, pipelines ...string) error {
	before := map[string]int{}
	for _, name := range pipelines {
		before[name] = linesOf(name)
	}
	for _, name := range pipelines {
		if err := f.until(what+": events of "+name, func() bool { return linesOf(name) >= before[name]+3 }); err != nil {
			return err
		}
	}
	return nil
}

// hookServer is a server for events that can be ended and started again under its address.
type hookServer struct {
	t       *testing.T
	address string
	server  *http.Server
	got     atomic.Int64 // events
}

func newHookServer(t *testing.T) *hookServer {
	t.Helper()
	h := &hookServer{t: t, address: "127.0.0.1:0"}
	h.start()
	t.Cleanup(h.kill)
	return h
}

func (h *hookServer) url() string { return "http://" + h.address + "/hook" }

func (h *hookServer) start() {
	listener, err := net.Listen("tcp", h.address)
	if err != nil {
		h.t.Error(err)
		return
	}
	h.address = listener.Addr().String()
	server := &http.Server{Handler: http.HandlerFunc(func(http.ResponseWriter, *http.Request) { h.got.Add(1) })}
	h.server = server
	go func() { _ = server.Serve(listener) }()
}

func (h *hookServer) kill() { _ = h.server.Close() }
