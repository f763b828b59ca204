package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
)

// program is one that does the same work as the others beside it.
type program struct {
	name string
	run  func() (sample, error)
	runs []sample
}

// inTurn runs the programs in turn, so that all have the machine in the same state. The first is Corallite.
func inTurn(rounds int, programs []*program) error {
	for range rounds {
		for _, p := range programs {
			run, err := p.run()
			if err != nil {
				return fmt.Errorf("%s: %w", p.name, err)
			}
			p.runs = append(p.runs, run)
		}
	}
	return nil
}

// line prints one value of all programs, and that of Corallite as a share of the others'.
func line(name string, programs []*program, of func([]sample, func(sample) float64) float64, value func(sample) float64) {
	own := of(programs[0].runs, value)
	fmt.Printf("  %-24s %9.4g", name, own)
	for _, p := range programs[1:] {
		theirs := of(p.runs, value)
		fmt.Printf(" %9.4g (%.3f)", theirs, own/theirs)
	}
	fmt.Println()
}

func header(programs []*program) {
	fmt.Printf("  %-24s", "")
	for i, p := range programs {
		if i == 0 {
			fmt.Printf(" %9s", p.name)
		} else {
			fmt.Printf(" %9s (ratio)", p.name)
		}
	}
	fmt.Println()
}

func least(samples []sample, value func(sample) float64) float64 {
	best := value(samples[0])
	for _, v := range samples {
		best = min(best, value(v))
	}
	return best
}

var (
	seconds = func(v sample) float64 { return v.seconds }
	cpu     = func(v sample) float64 { return v.cpu }
	peakMB  = func(v sample) float64 { return v.peakMB }
)

// videos runs vtest.avi and, where there is an ffmpeg to make it, 300 frames of it in 1920x1080 and H.264.
func (s *setup) videos() error {
	clip := filepath.Join(s.data, "video", "vtest.avi")
	if err := s.video("vtest.avi", clip); err != nil {
		return err
	}
	large := filepath.Join(s.work, "1080p.mp4")
	made := exec.Command("ffmpeg", "-v", "error", "-t", "30", "-i", clip, "-vf", "scale=1920:1080", "-c:v", "libx264", "-preset", "veryfast",
		"-frames:v", "300", large)
	if text, err := made.CombinedOutput(); err != nil {
		fmt.Printf("no video of 1920x1080: ffmpeg: %v %s\n", err, text)
		return nil
	}
	return s.video("1920x1080, H.264", large)
}

var peerLine = regexp.MustCompile(`frames ([0-9]+) fps ([0-9.]+) .* boxes ([0-9]+)`)

// video runs a video through the SSD detector: decoded, found, and (the peer) drawn. The CPU time is that of a frame.
func (s *setup) video(name, clip string) error {
	programs := []*program{{name: "Corallite", run: func() (sample, error) { return s.ownVideo(s.corallite, clip) }}}
	if s.before != "" {
		programs = append(programs, &program{name: "before", run: func() (sample, error) { return s.ownVideo(s.before, clip) }})
	}
	programs = append(programs, &program{name: "peer", run: func() (sample, error) { return s.peerVideo(clip) }})
	if err := inTurn(s.rounds, programs); err != nil {
		return err
	}
	fmt.Printf("%s, SSD MobileNet v1, median of %d runs in turn%s\n", name, s.rounds, load())
	header(programs)
	line("frames per second", programs, median, func(v sample) float64 { return v.fps })
	line("boxes over 0.5", programs, median, func(v sample) float64 { return v.boxes })
	line("CPU a frame, ms", programs, median, cpu)
	line("the same, least", programs, least, cpu)
	line("peak memory, MB", programs, median, peakMB)
	return nil
}

func (s *setup) peerVideo(clip string) (sample, error) {
	peer, err := start(nil, s.python, filepath.Join(s.peers, "video_detect.py"), s.model(), clip, "2")
	if err != nil {
		return sample{}, err
	}
	words := peerLine.FindSubmatch(peer.output)
	if words == nil {
		return sample{}, fmt.Errorf("its output %q cannot be read", peer.output)
	}
	var values [3]float64
	for i := range values {
		if values[i], err = strconv.ParseFloat(string(words[i+1]), 64); err != nil {
			return sample{}, err
		}
	}
	peer.cpu, peer.fps, peer.boxes = 1000*peer.cpu/values[0], values[1], values[2]
	return peer, nil
}

func (s *setup) ownVideo(binary, clip string) (sample, error) {
	config := filepath.Join(s.work, "video.yaml")
	lines, summary := filepath.Join(s.work, "video.jsonl"), filepath.Join(s.work, "summary.json")
	text := fmt.Sprintf("models:\n  coco: {path: %q, task: detect, score_threshold: 0.5}\n"+
		"pipelines:\n  clip:\n    source: {video: %q}\n    models: [coco]\n    sinks:\n      - jsonl: {path: %q}\n",
		absolute(s.model()), absolute(clip), lines)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return sample{}, err
	}
	if err := os.RemoveAll(lines); err != nil { // of the run before
		return sample{}, err
	}
	own, err := start(nil, binary, "run", "--log", "error", "--summary", summary, config)
	if err != nil {
		return sample{}, err
	}
	var told struct {
		Pipelines map[string]struct {
			Frames float64 `json:"frames"`
			FPS    float64 `json:"frames_per_second"`
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
	own.cpu *= 1000 / told.Pipelines["clip"].Frames
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
	detect := func(binary string) []string {
		return []string{binary, "detect", "--log", "error", "--json", "--model", s.model(), file}
	}
	peer := []string{s.python, filepath.Join(s.peers, "image_detect.py"), s.model(), file}
	of := func(name string, command []string) *program {
		return &program{name: name, run: func() (sample, error) { return start(nil, command[0], command[1:]...) }}
	}
	programs := []*program{of("Corallite", detect(s.corallite))}
	if s.before != "" {
		programs = append(programs, of("before", detect(s.before)))
	}
	programs = append(programs, of("peer", peer))
	if err := inTurn(4*s.rounds, programs); err != nil {
		return err
	}
	fmt.Printf("one picture, whole process, median of %d runs in turn%s\n", 4*s.rounds, load())
	header(programs)
	line("seconds", programs, median, seconds)
	line("the same, least", programs, least, seconds)
	line("CPU, s", programs, median, cpu)
	line("the same, least", programs, least, cpu)
	line("peak memory, MB", programs, median, peakMB)
	loaded, err := libraries(detect(s.corallite))
	if err != nil {
		return err
	}
	peerLoaded, err := libraries(peer)
	if err != nil {
		return err
	}
	fmt.Printf("  shared libraries: %d, the peer's %d\n", loaded, peerLoaded)
	return nil
}

// libraries counts the shared libraries that a program loads in its life, as the dynamic linker tells them.
func libraries(command []string) (int, error) {
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Env = append(os.Environ(), "LD_DEBUG=files")
	var told bytes.Buffer
	cmd.Stderr = &told
	if err := cmd.Run(); err != nil {
		return 0, err
	}
	return bytes.Count(told.Bytes(), []byte("calling init: ")), nil
}
