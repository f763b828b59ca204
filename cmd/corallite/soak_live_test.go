package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/testdata"
	"corallite/pipeline/camera/cameratest"
	"corallite/tflite"
)

// liveSoakText runs three cameras, of which the first two come to harm.
const liveSoakText = `
models:
  net: {path: MODELS/` + classifier + `.tflite, task: classify, max_results: 5}
pipelines:
  yard: {source: {url: "%s"}, models: [net], sinks: [jsonl: {path: DIR/yard.jsonl}]}
  door: {source: {url: "%s"}, models: [net], sinks: [jsonl: {path: DIR/door.jsonl}]}
  gate: {source: {url: "%s", deadline: 30}, models: [net], sinks: [jsonl: {path: DIR/gate.jsonl}]}
`

// The messages of a source that is lost, and of the way back.
const (
	saidLost     = "source lost; reconnecting"
	saidReturned = "source is back"
)

// TestSoakLive runs an RTSP and an HTTP camera that are killed, frozen or lose their child process now and then, and an
// RTSP camera that is left alone: every loss is mended, and what the run and the child of the third take does not grow.
// CORALLITE_SOAK=1h makes its 15 seconds an hour.
func TestSoakLive(t *testing.T) {
	long, every, growth := 15*time.Second, 500*time.Millisecond, growthShort
	if text := os.Getenv(soakEnv); text != "" {
		var err error
		if long, err = time.ParseDuration(text); err != nil {
			t.Fatalf("%s: %v", soakEnv, err)
		}
		every, growth = long/180, growthLong
	} else if testing.Short() {
		t.Skipf("it takes %v; %s=1h makes it longer", long, soakEnv)
	}
	t.Setenv("CORALLITE_CACHE", filepath.Join(t.TempDir(), "cache"))
	testdata.Path(t, "models/"+classifier+".tflite")
	before, others := goleak.IgnoreCurrent(), children(t)
	yard, door, gate := cameratest.NewRTSP(t, 320, 240), cameratest.NewHTTP(t, 320, 240), cameratest.NewRTSP(t, 320, 240)
	dir, log := t.TempDir(), &journal{}
	summary := filepath.Join(dir, "summary.json")
	config := writeConfig(t, dir, strings.ReplaceAll(fmt.Sprintf(liveSoakText, yard.URL("/yard"), door.URL("/stream"), gate.URL("/yard")), "DIR", dir))
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code := goRun(ctx, log, "--summary", summary, config)

	s := liveSoak{soak: soak{t: t, log: log, random: rand.New(rand.NewPCG(1, 2))}, others: others}
	s.harms = []harm{
		{"the RTSP server killed", yard.Kill, yard.Start},
		{"the HTTP server killed", door.Kill, door.Start},
		{"the RTSP server frozen", func() { yard.Frozen.Store(true) }, func() { yard.Frozen.Store(false) }},
		{"the HTTP server frozen", func() { door.Frozen.Store(true) }, func() { door.Frozen.Store(false) }},
		{"garbage over HTTP", func() { door.Garbage.Store(true) }, func() { door.Garbage.Store(false) }},
	}
	if err := log.awaits("first frame", 3); err != nil {
		t.Fatalf("%v\n%s", err, log)
	}
	s.leave(gate.URL("/yard"))
	// Before the first results not all that runs has begun, and what is counted then is no measure for later.
	for _, name := range []string{"yard", "door", "gate"} {
		s.awaitsLine(filepath.Join(dir, name+".jsonl"))
	}
	begin := time.Now()
	// On a busy machine the cameras take longer to come back, and it takes as long as the samples need.
	for n := 1; (time.Since(begin) < long || len(s.samples) < leastSamples) && !t.Failed(); n++ {
		if n%3 == 0 {
			if s.random.IntN(4) == 0 {
				s.killChild()
			} else {
				s.harm(s.random.IntN(len(s.harms)))
			}
		}
		time.Sleep(time.Until(begin.Add(time.Duration(n) * every)))
		s.sample(begin)
	}
	stop()
	if c := <-code; c != exitDone {
		t.Errorf("exit code %d", c)
	}
	s.check(growth)
	t.Log("the child of the camera that was left alone:")
	s.child.check(growth)
	s.summary(summary)
	t.Logf("%v, %d losses", time.Since(begin).Round(time.Second), s.losses)
	yard.Kill()
	door.Kill()
	gate.Kill()
	if left := children(t); len(left) > len(others) || tflite.Live() != 0 {
		t.Errorf("processes %v and %d interpreters are left", left, tflite.Live())
	}
	log.showEnd(t)
	goleak.VerifyNone(t, before)
}

// awaitsLine waits until a pipeline has written a line.
func (s *liveSoak) awaitsLine(path string) {
	s.t.Helper()
	for begin := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if data, err := os.ReadFile(path); err == nil && len(data) > 0 { // not there yet is no error
			return
		}
		if time.Since(begin) > patience {
			s.t.Fatalf("%s has no line\n%s", filepath.Base(path), s.log)
		}
	}
}

// harm is what can happen to a camera, and how it is mended.
type harm struct {
	what       string
	begin, end func()
}

// liveSoak is what happens to the cameras during a soak, and what is measured of it.
type liveSoak struct {
	soak
	child  soak  // of the child process that lives all the time
	pid    int   // its process id
	others []int // children that were there before
	harms  []harm
	losses int
}

// settle waits until there are so many child processes that capture, and no others.
func (s *liveSoak) settle(n int) {
	s.t.Helper()
	for begin := time.Now(); len(s.capturing()) != n; time.Sleep(10 * time.Millisecond) {
		if time.Since(begin) > patience {
			s.t.Fatalf("children: %v\n%s", s.capturing(), s.log)
		}
	}
}

func (s *liveSoak) capturing() []int {
	return slices.DeleteFunc(children(s.t), func(pid int) bool { return slices.Contains(s.others, pid) })
}

// harm lets something happen, waits until it is noticed, mends it, and waits until the source is back.
func (s *liveSoak) harm(which int) {
	s.t.Helper()
	h := s.harms[which]
	losses := s.log.said(saidLost) + 1 // on a machine that is very busy a source may have been lost by itself
	h.begin()
	s.losses++
	err := s.log.awaits(saidLost, losses)
	h.end()
	if err == nil {
		err = s.log.awaits(saidReturned, losses)
	}
	if err != nil {
		s.t.Fatalf("%s: %v\n%s", h.what, err, s.log)
	}
}

// killChild kills one of the children that are not left alone.
func (s *liveSoak) killChild() {
	s.t.Helper()
	s.settle(3)
	pids := slices.DeleteFunc(s.capturing(), func(pid int) bool { return pid == s.pid })
	pid := pids[s.random.IntN(len(pids))]
	kill := func() {
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
			s.t.Error(err)
		}
	}
	s.harms = append(s.harms, harm{"a child killed", kill, func() {}})
	s.harm(len(s.harms) - 1)
	s.harms = s.harms[:len(s.harms)-1]
}

// leave finds the child that reads a camera, which is left alone from now on.
func (s *liveSoak) leave(url string) {
	s.t.Helper()
	said := regexp.MustCompile(`msg=capturing source=` + regexp.QuoteMeta(url) + ` pid=(\d+)`).FindStringSubmatch(s.log.String())
	if said == nil {
		s.t.Fatalf("the log does not say which child reads %s:\n%s", url, s.log)
	}
	var err error
	if s.pid, err = strconv.Atoi(said[1]); err != nil {
		s.t.Fatal(err)
	}
	s.child.t = s.t
}

// sample takes a sample of this process and of the child.
func (s *liveSoak) sample(since time.Time) {
	s.t.Helper()
	s.settle(3)
	s.samples = append(s.samples, takeSample(s.t, since))
	s.t.Log(s.samples[len(s.samples)-1])
	s.child.samples = append(s.child.samples, sample{at: time.Since(since), kib: residentOf(s.t, s.pid), files: descriptorsOf(s.t, s.pid)})
}

// summary checks what the run's own summary says of the sources.
func (s *liveSoak) summary(path string) {
	s.t.Helper()
	var got struct {
		Pipelines map[string]struct {
			Frames   int `json:"frames"`
			Reopened int `json:"reopened"`
		} `json:"pipelines"`
	}
	data, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(data, &got)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Logf("%+v", got)
	all := got.Pipelines
	if all["yard"].Frames == 0 || all["door"].Frames == 0 || all["gate"].Frames == 0 || all["gate"].Reopened != 0 ||
		all["yard"].Reopened+all["door"].Reopened < s.losses {
		s.t.Errorf("%+v after %d losses", got, s.losses)
	}
}
