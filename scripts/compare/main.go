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
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

type setup struct {
	corallite, python, peers, data string
	rounds                         int
	before                         string // an older build
	mlserver                       string // the program
	live, words, serving           bool
	jpegs, network                 bool
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
	flag.BoolVar(&s.network, "rtsp", false, "measure an RTSP camera, without peers")
	flag.StringVar(&s.before, "before", "", "an older build's binary, measured beside the large JPEGs and the RTSP camera")
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
	if err := s.wakewords(); err != nil || s.words {
		return err
	}
	if err := s.video(); err != nil {
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
	return sample{seconds: took.Seconds(), cpu: cpu.Seconds(), peakMB: peak(), output: out.Bytes()}, nil
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

var peerLine = regexp.MustCompile(`fps ([0-9.]+) .* boxes ([0-9]+)`)

// video runs vtest.avi through the SSD detector: decoded, found, and (the peer) drawn.
func (s *setup) video() error {
	clip := filepath.Join(s.data, "video", "vtest.avi")
	var ours, theirs []sample
	for range s.rounds {
		peer, err := start(nil, s.python, filepath.Join(s.peers, "video_detect.py"), s.model(), clip, "2")
		if err != nil {
			return err
		}
		words := peerLine.FindSubmatch(peer.output)
		if words == nil {
			return fmt.Errorf("cannot parse the peer's output %q", peer.output)
		}
		peer.fps, _ = strconv.ParseFloat(string(words[1]), 64)
		peer.boxes, _ = strconv.ParseFloat(string(words[2]), 64)
		theirs = append(theirs, peer)
		own, err := s.ownVideo(clip)
		if err != nil {
			return err
		}
		ours = append(ours, own)
	}
	fmt.Printf("vtest.avi, SSD MobileNet v1, median of %d runs in turn\n", s.rounds)
	row("frames per second", ours, theirs, func(v sample) float64 { return v.fps })
	row("boxes over 0.5", ours, theirs, func(v sample) float64 { return v.boxes })
	row("whole process, s", ours, theirs, func(v sample) float64 { return v.seconds })
	row("peak memory, MB", ours, theirs, func(v sample) float64 { return v.peakMB })
	return nil
}

func (s *setup) ownVideo(clip string) (sample, error) {
	config := filepath.Join(s.work, "video.yaml")
	lines, summary := filepath.Join(s.work, "video.jsonl"), filepath.Join(s.work, "summary.json")
	text := fmt.Sprintf("models:\n  coco: {path: %q, task: detect, score_threshold: 0.5}\n"+
		"pipelines:\n  clip:\n    source: {video: %q}\n    models: [coco]\n    sinks:\n      - jsonl: {path: %q}\n",
		absolute(s.model()), absolute(clip), lines)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return sample{}, err
	}
	own, err := start(nil, s.corallite, "run", "--log", "error", "--summary", summary, config)
	if err != nil {
		return sample{}, err
	}
	var told struct {
		Pipelines map[string]struct {
			FPS float64 `json:"frames_per_second"`
		} `json:"pipelines"`
	}
	text2, err := os.ReadFile(summary)
	if err != nil {
		return sample{}, err
	}
	if err := json.Unmarshal(text2, &told); err != nil {
		return sample{}, err
	}
	own.fps = told.Pipelines["clip"].FPS
	events, err := os.ReadFile(lines)
	if err != nil {
		return sample{}, err
	}
	own.boxes = float64(bytes.Count(events, []byte(`"box":`)))
	return own, nil
}

// picture runs one picture through the same detector, from the start of the process to its end.
func (s *setup) picture() error {
	file := filepath.Join(s.data, "images", "cat_720p.jpg")
	var ours, theirs []sample
	for range s.rounds * 4 {
		peer, err := start(nil, s.python, filepath.Join(s.peers, "image_detect.py"), s.model(), file)
		if err != nil {
			return err
		}
		own, err := start(nil, s.corallite, "detect", "--log", "error", "--json", "--model", s.model(), file)
		if err != nil {
			return err
		}
		theirs, ours = append(theirs, peer), append(ours, own)
	}
	fmt.Printf("one picture, whole process, median of %d runs in turn\n", 4*s.rounds)
	row("seconds", ours, theirs, func(v sample) float64 { return v.seconds })
	row("peak memory, MB", ours, theirs, func(v sample) float64 { return v.peakMB })
	loaded, err := libraries(s.corallite, "detect", "--log", "error", "--json", "--model", s.model(), file)
	if err != nil {
		return err
	}
	peerLoaded, err := libraries(s.python, filepath.Join(s.peers, "image_detect.py"), s.model(), file)
	if err != nil {
		return err
	}
	fmt.Printf("  %-20s %9d %9d\n", "shared libraries", loaded, peerLoaded)
	return nil
}

// libraries counts the shared libraries that a program loads in its life, as the dynamic linker tells them.
func libraries(name string, args ...string) (int, error) {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "LD_DEBUG=files")
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	return bytes.Count(told.Bytes(), []byte("calling init: ")), nil
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
