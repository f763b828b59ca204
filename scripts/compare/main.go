// Command compare measures Corallite against the Python peers, alternating in one run, and prints ratios.
//
//	make build && go run ./scripts/compare -peers ../shared/peers -python PATH/.venv/bin/python
//
//	make build && go run ./scripts/compare -live
//
// measures a camera and a preview, which the peers do not have; -rtsp measures a camera of which few pictures are wanted. The peers' setup.sh installs them. docs/performance.md
// explains the rows.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"
)

type setup struct {
	corallite, python, peers, data string
	rounds                         int
	before                         string // an older build
	mlserver                       string // the program
	live, words, serving           bool
	jpegs, network, evaluates      bool
	picturesOnly, videosOnly       bool
	work                           string
}

func main() {
	var s setup
	flag.StringVar(&s.corallite, "corallite", "bin/corallite", "the binary to measure")
	flag.StringVar(&s.python, "python", "", "the Python with the peers' packages")
	flag.StringVar(&s.peers, "peers", "../shared/peers", "the folder of the peers' programs")
	flag.StringVar(&s.data, "testdata", "../shared/testdata", "the folder of the test data")
	flag.IntVar(&s.rounds, "rounds", 5, "number of runs per side")
	flag.BoolVar(&s.live, "live", false, "measure a camera and a preview, without peers")
	flag.BoolVar(&s.serving, "serve", false, "measure only corallite serve, against FastAPI (server.py)")
	flag.StringVar(&s.mlserver, "mlserver", "", "with -serve: the program mlserver (PyPI mlserver 1.7.1, with ai-edge-litert in the same environment), to ask as well")
	flag.BoolVar(&s.words, "words", false, "measure only the wake words")
	flag.BoolVar(&s.jpegs, "jpegs", false, "measure only the large JPEGs")
	flag.BoolVar(&s.evaluates, "eval", false, "measure only corallite eval, against pycocotools (install pycocotools==2.0.11 beside the peers' packages)")
	flag.BoolVar(&s.network, "rtsp", false, "measure an RTSP camera, without peers")
	flag.StringVar(&s.before, "before", "", "an older build's binary, measured beside pictures, videos and the RTSP camera")
	flag.BoolVar(&s.picturesOnly, "picture", false, "measure only one picture")
	flag.BoolVar(&s.videosOnly, "video", false, "measure only the videos")
	flag.Parse()
	if err := s.run(); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func (s *setup) run() error {
	if s.python == "" && !s.live && !s.network {
		return errors.New("-python is missing: install the peers with their setup.sh DIR, then give DIR/.venv/bin/python")
	}
	var err error
	if s.work, err = os.MkdirTemp("", "corallite-compare-"); err != nil {
		return err
	}
	defer os.RemoveAll(s.work)
	if s.live {
		return errors.Join(s.age(40*time.Second), s.preview(15*time.Second))
	}
	if s.network {
		return s.rtsp(10 * time.Second)
	}
	if s.serving {
		return s.serve()
	}
	if s.jpegs {
		return s.pictures()
	}
	if s.evaluates {
		return s.evaluate()
	}
	if s.picturesOnly {
		return s.picture()
	}
	if s.videosOnly {
		return s.videos()
	}
	if err := s.wakewords(); err != nil || s.words {
		return err
	}
	if err := s.videos(); err != nil {
		return fmt.Errorf("video: %w", err)
	}
	if err := s.picture(); err != nil {
		return fmt.Errorf("picture: %w", err)
	}
	if err := s.pictures(); err != nil {
		return fmt.Errorf("large JPEGs: %w", err)
	}
	return nil
}

func (s *setup) model() string {
	return filepath.Join(s.data, "models", "ssd_mobilenet_v1_coco_quant.tflite")
}

// sample is one run of one program.
type sample struct {
	seconds float64 // whole process, from start to end
	cpu     float64 // seconds of all its threads
	peakMB  float64 // peak resident memory
	fps     float64
	boxes   float64
	output  []byte
}

// start runs a program to its end and measures it.
func start(env []string, name string, args ...string) (sample, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), env...)
	var out, problems bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &problems
	began := time.Now()
	err := cmd.Start()
	var peak func() float64
	if err == nil {
		peak = watchPeak(cmd.Process.Pid)
		err = cmd.Wait()
	}
	took := time.Since(began)
	if err != nil {
		if peak != nil {
			peak()
		}
		return sample{}, fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, problems.Bytes())
	}
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	most := peak()
	// What the system tells counts to the end, and is right unless it is this program's own.
	if told := float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss) / 1024; told > most {
		if own, err := memory(os.Getpid(), "VmHWM:"); err == nil && told > own {
			most = told
		}
	}
	return sample{seconds: took.Seconds(), cpu: cpu.Seconds(), peakMB: most, output: out.Bytes()}, nil
}

// watchPeak looks at the peak resident memory of a process until peak is called, which returns it in MB. What the system
// tells of a process that ended (ru_maxrss) includes the memory of the program that started it.
func watchPeak(pid int) (peak func() float64) {
	stop, told := make(chan struct{}), make(chan float64)
	go func() {
		most := 0.0
		for {
			if now, err := memory(pid, "VmHWM:"); err == nil {
				most = max(most, now)
			}
			select {
			case <-stop:
				told <- most
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() float64 {
		close(stop)
		return <-told
	}
}

func row(name string, ours, theirs []sample, value func(sample) float64) {
	a, b := median(ours, value), median(theirs, value)
	fmt.Printf("  %-20s %9.3f %9.3f   ratio %.3f\n", name, a, b, a/b)
}

func median(samples []sample, value func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, v := range samples {
		values[i] = value(v)
	}
	slices.Sort(values)
	return values[len(values)/2]
}

func absolute(path string) string {
	full, err := filepath.Abs(path)
	if err != nil {
		return path
	}
	return full
}
