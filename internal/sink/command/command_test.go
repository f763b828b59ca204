//go:build unix

package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"corallite/internal/clock/clocktest"
	"corallite/internal/environ"
	"corallite/internal/pipetest"
	"corallite/internal/sink/sinktest"
	"corallite/pipeline"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// long is a time limit that only a program that hangs reaches.
const long = 5 * time.Minute

// script is a shell script; its arguments are "$1" and so on.
func script(text string, args ...string) []string {
	return append([]string{"/bin/sh", "-c", text, "script"}, args...)
}

func open(t *testing.T, o Options) (*Sink, *sinktest.Reporter) {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	to := &sinktest.Reporter{}
	s.SetReporter(to)
	t.Cleanup(func() { s.Close() })
	return s, to
}

// words is a report with keywords.
func words(labels ...string) pipeline.Report {
	ev := pipeline.Event{
		Time: time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC), Pipeline: "kitchen", Seq: 7, Source: "mic", Model: "digits", Task: "keyword",
	}
	for i, label := range labels {
		ev.Keywords = append(ev.Keywords, pipeline.Keyword{Label: label, Score: 0.9, StartS: float64(i) + 0.25, EndS: float64(i) + 1})
	}
	return pipeline.Report{Events: []pipeline.Event{ev}}
}

func consume(t *testing.T, s *Sink, reports ...pipeline.Report) {
	t.Helper()
	for _, r := range reports {
		if err := s.Consume(context.Background(), r); err != nil {
			t.Fatal(err)
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestSuite(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "out")
	pipetest.TestSink(t, pipetest.SinkCase{
		Open: func() (pipeline.Sink, error) {
			os.Remove(file)
			return New(Options{
				On: map[string][]string{
					"person": script(`echo person >> "$1"`, file), "Ara macao": script(`echo bird >> "$1"`, file),
				},
				Timeout: long,
			})
		},
		Wait: long,
		Written: func(reports int) error {
			text, err := os.ReadFile(file)
			if reports == 0 && errors.Is(err, os.ErrNotExist) {
				return nil
			}
			// Of six reports 0 and 2 have a person, which counts once each, 3 and 4 a bird.
			want := map[int]string{3: "person\nperson\n", 12: strings.Repeat("person\nperson\nbird\nbird\n", 2)}[reports]
			if err == nil && string(text) != want {
				err = fmt.Errorf("the programs wrote %q, not %q", text, want)
			}
			return err
		},
	})
}

func TestArgumentsAndEnvironment(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a file; rm -rf $HOME")
	s, to := open(t, Options{Timeout: long, On: map[string][]string{
		"one": script(`printf '%s|' "$@" > "$1"; echo >> "$1"; env | grep ^CORALLITE_ | grep -v ^CORALLITE_TESTDATA | sort >> "$1"`, file, "{label}", "$(id)", "", "*"),
	}})
	t.Setenv("CORALLITE_LABEL", "of the parent")
	t.Setenv("CORALLITE_PIPELINES_DOOR_SOURCE_URL", "rtsp://anna:hunter2@door") // what is secret stays here
	consume(t, s, words("two", "one"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	to.Want(t, 0)
	want := file + `|{label}|$(id)||*|
CORALLITE_END=2.000
CORALLITE_LABEL=one
CORALLITE_MODEL=digits
CORALLITE_PIPELINE=kitchen
CORALLITE_SCORE=0.9000
CORALLITE_SOURCE=mic
CORALLITE_START=1.250
CORALLITE_TASK=keyword
CORALLITE_TIME=2026-01-02T03:04:05.678Z
`
	var own []string // what the tests themselves are run with
	for i, line := range strings.SplitAfter(read(t, file), "\n") {
		name, _, _ := strings.Cut(line, "=")
		if i == 0 || slices.Contains(Variables, name) || name != "" && !slices.Contains(environ.Usual, name) && name != Mark {
			own = append(own, line)
		}
	}
	if got := strings.Join(own, ""); got != want {
		t.Errorf("the program got\n%s\nnot\n%s", got, want)
	}
}

func TestLabelled(t *testing.T) {
	got := labelled(&pipeline.Result{
		Detections: []pipeline.Detection{
			{Label: "bird", Score: 0.5, Classes: []pipeline.Class{{Label: "Ara macao", Score: 0.6}}}, {Label: "bird", Score: 0.8}, {Label: "cat", Score: 0.7},
		},
		Classes:  []pipeline.Class{{Label: "cat", Score: 0.1}},
		Keywords: []pipeline.Keyword{{Label: "one", Score: 0.9}},
		// Findings without a label or a score start no program.
		Poses: []pipeline.Pose{{Score: 1}},
		Mask:  &pipeline.Mask{Segments: []pipeline.Segment{{Label: "sky", Share: 1}}},
		Ended: []pipeline.Track{{Label: "dog"}},
	})
	var text []string
	for _, f := range got {
		text = append(text, fmt.Sprintf("%s %v %v", f.label, f.score, f.timed))
	}
	if want := []string{"bird 0.8 false", "Ara macao 0.6 false", "cat 0.7 false", "one 0.9 true"}; !slices.Equal(text, want) {
		t.Errorf("%q, not %q", text, want)
	}
}

func TestFailures(t *testing.T) {
	gone := filepath.Join(t.TempDir(), "gone")
	if err := os.WriteFile(gone, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	s, to := open(t, Options{Timeout: long, On: map[string][]string{
		"code":   script(`echo said first >&2; printf 'said \033 last\n\n' >&2; echo not this; exit 3`),
		"signal": script(`kill -KILL $$`),
		"gone":   {gone, "x"},
		"fine":   script(`echo a warning >&2`),
	}})
	if err := os.Remove(gone); err != nil {
		t.Fatal(err)
	}
	consume(t, s, words("code"), words("signal"), words("gone"), words("fine"))
	s.Close()
	to.Want(t, 0,
		"mic item 7: \"/bin/sh\" of label \"code\": exit status 3: said \uFFFD last$",
		`"/bin/sh" of label "signal": signal: killed$`,
		fmt.Sprintf("%q of label \"gone\": fork/exec %s: no such file or directory$", gone, gone),
	)
}

func TestNotThere(t *testing.T) {
	for want, args := range map[string][]string{
		`label "one": no program given`: {},
		`label "one": program "corallite-nothing": executable file not found in $PATH`: {"corallite-nothing", "x"},
		`label "one": program "/corallite-nothing": no such file or directory`:         {"/corallite-nothing"},
		`label "one": program "/": is a directory`:                                     {"/"},
		`label "one": program "/etc/passwd": permission denied`:                        {"/etc/passwd"},
		`label "one": program "echo a": executable file not found in $PATH`:            {"echo a"},
	} {
		if _, err := New(Options{On: map[string][]string{"one": args}}); err == nil || err.Error() != want {
			t.Errorf("%q: %v, not %s", args, err, want)
		}
	}
}

// TestTimeLimit ends a program that stops on SIGTERM, together with its children.
func TestTimeLimit(t *testing.T) {
	dir := t.TempDir()
	c := clocktest.New(time.Time{})
	ready, ended := pipe(t, dir, "ready"), filepath.Join(dir, "ended")
	s, to := open(t, Options{Clock: c, Timeout: 3 * time.Second, On: map[string][]string{
		"one": script(`trap 'echo asked > "$2"; echo going >&2; exit 0' TERM; sleep 1000 & echo $! > "$1"; wait`, ready, ended),
	}})
	consume(t, s, words("one"))
	child := strings.TrimSpace(read(t, ready)) // the trap stands
	c.Pass(3 * time.Second)
	closeQuietly(t, s)
	to.Want(t, 0, `"/bin/sh" of label "one": killed after its time limit of 3s: going$`)
	if got := read(t, ended); got != "asked\n" {
		t.Errorf("the program wrote %q", got)
	}
	waitGone(t, child)
}

// TestStubborn ends a program that ignores SIGTERM, and its children.
func TestStubborn(t *testing.T) {
	dir := t.TempDir()
	c := clocktest.New(time.Time{})
	ready := pipe(t, dir, "ready")
	s, to := open(t, Options{Clock: c, Timeout: 3 * time.Second, On: map[string][]string{
		"one": script(`trap '' TERM; sleep 1000 & echo $! > "$1"; while :; do sleep 1000; done`, ready),
	}})
	consume(t, s, words("one"))
	child := strings.TrimSpace(read(t, ready))
	c.Pass(3 * time.Second)
	closeQuietly(t, s)
	to.Want(t, 0, `"/bin/sh" of label "one": killed after its time limit of 3s$`)
	waitGone(t, child)
}

// TestEnv checks that the variables of `env` are passed on too.
func TestEnv(t *testing.T) {
	t.Setenv("SPEAKER_TOKEN", "hunter2")
	t.Setenv("SPEAKER_HOST", "kitchen")
	t.Setenv("DOOR_PASSWORD", "hunter2")
	file := filepath.Join(t.TempDir(), "env")
	s, to := open(t, Options{Timeout: long, Env: []string{"SPEAKER_*"}, On: map[string][]string{
		"one": script(`env > "$1"`, file),
	}})
	consume(t, s, words("one"))
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	to.Want(t, 0)
	got := strings.Split(read(t, file), "\n")
	if !slices.Contains(got, "SPEAKER_TOKEN=hunter2") || !slices.Contains(got, "SPEAKER_HOST=kitchen") || slices.Contains(got, "DOOR_PASSWORD=hunter2") {
		t.Errorf("%q", got)
	}
}

// TestEndOfRun checks that Close ends running programs after their time limit and starts no more.
func TestEndOfRun(t *testing.T) {
	dir := t.TempDir()
	c := clocktest.New(time.Time{})
	ready := pipe(t, dir, "ready")
	s, to := open(t, Options{Clock: c, Timeout: 3 * time.Second, On: map[string][]string{
		"one": script(`echo x > "$1"; exec sleep 1000`, ready),
		"two": script(`echo started > "$1"`, filepath.Join(dir, "two")),
	}})
	consume(t, s, words("one"))
	read(t, ready)
	consume(t, s, words("two"))
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	for len(c.Waits()) < 2 { // the program's and Close's
		time.Sleep(time.Millisecond)
	}
	c.Pass(3 * time.Second) // Close's, the younger
	if err := <-closed; err != nil {
		t.Fatal(err)
	}
	to.Want(t, 1, `"/bin/sh" of label "one": killed because the run ended$`)
}

// TestLeftBehind checks that background processes of a program that ended by itself keep running.
func TestLeftBehind(t *testing.T) {
	dir := t.TempDir()
	goOn, done := pipe(t, dir, "goon"), pipe(t, dir, "done")
	s, to := open(t, Options{Timeout: long, On: map[string][]string{
		"one": script(`(read x < "$1"; echo done > "$2") &`, goOn, done),
	}})
	consume(t, s, words("one"))
	s.Close()
	to.Want(t, 0)
	if err := os.WriteFile(goOn, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	if got := read(t, done); got != "done\n" {
		t.Errorf("%q", got)
	}
}

func TestSideBySide(t *testing.T) {
	dir := t.TempDir()
	a, b := pipe(t, dir, "a"), pipe(t, dir, "b")
	// Opening a pipe waits for the other end, so that neither ends without the other.
	s, to := open(t, Options{Parallel: 2, Timeout: long, On: map[string][]string{
		"one": script(`echo x > "$1"; read x < "$2"`, a, b), "two": script(`read x < "$1"; echo x > "$2"`, a, b),
	}})
	consume(t, s, words("one", "two"))
	s.Close()
	to.Want(t, 0)
}

func TestTooMany(t *testing.T) {
	dir := t.TempDir()
	goOn, file := pipe(t, dir, "goon"), filepath.Join(dir, "file")
	s, to := open(t, Options{Queue: 2, Timeout: long, On: map[string][]string{
		"wait": script(`read x < "$1"`, goOn),
		"1":    script(`echo 1 >> "$1"`, file), "2": script(`echo 2 >> "$1"`, file), "3": script(`echo 3 >> "$1"`, file),
	}})
	consume(t, s, words("wait"), words("1"), words("2"), words("3"))
	if err := os.WriteFile(goOn, []byte("x\n"), 0); err != nil {
		t.Fatal(err)
	}
	s.Close()
	to.Want(t, 1)
	if got := read(t, file); got != "2\n3\n" {
		t.Errorf("the programs wrote %q", got)
	}
}

// TestNothingLeft looks for zombies and open files after programs that ended in every way.
func TestNothingLeft(t *testing.T) {
	if _, err := os.Stat("/proc/self/fd"); err != nil {
		t.Skip("the system has no /proc")
	}
	round := func() {
		s, _ := open(t, Options{Parallel: 4, Queue: 100, Timeout: long, On: map[string][]string{
			"fine": script(`echo fine >&2`), "fails": script(`exit 1`), "killed": script(`kill -KILL $$`),
		}})
		for range 10 {
			consume(t, s, words("fine", "fails", "killed"))
		}
		s.Close()
	}
	round() // what is opened once
	before := openFiles(t)
	round()
	if after := openFiles(t); after > before {
		t.Errorf("%d files are open, %d were before", after, before)
	}
	var status syscall.WaitStatus
	if pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG, nil); !errors.Is(err, syscall.ECHILD) {
		t.Errorf("there is a child: %d, %v", pid, err)
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}
