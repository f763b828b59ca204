package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// largeJPEGs is how many pictures of 12 megapixels are classified in a run.
const largeJPEGs = 60

// side is a program that classifies the pictures in a folder.
type side struct {
	name    string
	env     []string
	command []string
	read    func(output []byte) ([]int, error) // the best class of each picture, in order
	runs    []sample
	classes []int // of the last run
}

// pictures runs a folder of large JPEGs through MobileNet v2: Corallite, an older build of it if there is one, and the peer, which
// decodes in full: as it is, with a malloc that keeps the memory of pictures (a page fault for every 4 KiB otherwise), and
// told to decode to a quarter.
func (s *setup) pictures() error {
	folder, err := os.MkdirTemp(s.work, "jpegs-")
	if err != nil {
		return err
	}
	_, here, _, _ := runtime.Caller(0)
	scripts := filepath.Dir(here)
	if _, err := start(nil, s.python, filepath.Join(scripts, "large_jpegs.py"), s.data, folder, strconv.Itoa(largeJPEGs)); err != nil {
		return err
	}
	model := filepath.Join(s.data, "models", "mobilenet_v2_1.0_224_quant.tflite")
	classify := func(program string) []string {
		return []string{program, "classify", "--log", "error", "--json", "--max-results", "1", "--model", model, folder}
	}
	peer := []string{s.python, filepath.Join(scripts, "pictures.py"), model, folder, strconv.Itoa(runtime.NumCPU())}
	sides := []*side{{name: "Corallite", command: classify(s.corallite), read: ownClasses}}
	if s.before != "" {
		sides = append(sides, &side{name: "build before", command: classify(s.before), read: ownClasses})
	}
	sides = append(sides,
		&side{name: "peer", command: peer, read: peerClasses},
		&side{name: "peer, kept memory", env: []string{"MALLOC_MMAP_THRESHOLD_=400000000", "MALLOC_TRIM_THRESHOLD_=2000000000"}, command: peer, read: peerClasses},
		&side{name: "peer, a quarter", command: append(peer[:len(peer):len(peer)], "4"), read: peerClasses})
	for range s.rounds {
		for _, one := range sides {
			run, err := start(one.env, one.command[0], one.command[1:]...)
			if err != nil {
				return err
			}
			run.fps = largeJPEGs / run.seconds
			if one.classes, err = one.read(run.output); err != nil {
				return fmt.Errorf("%s: %w", one.name, err)
			}
			if len(one.classes) != largeJPEGs {
				return fmt.Errorf("%s classified %d pictures of %d", one.name, len(one.classes), largeJPEGs)
			}
			one.runs = append(one.runs, run)
		}
	}
	fmt.Printf("%d JPEGs of 12 megapixels, MobileNet v2, whole process, median of %d runs in turn%s\n", largeJPEGs, s.rounds, load())
	fmt.Printf("  %-20s %10s %8s %8s %10s %8s %10s\n", "", "pictures/s", "ratio", "CPU, s", "memory, MB", "ratio", "same class")
	own := sides[0]
	for _, one := range sides {
		same := 0
		for i, class := range one.classes {
			if class == own.classes[i] {
				same++
			}
		}
		rate := func(v sample) float64 { return v.fps }
		peak := func(v sample) float64 { return v.peakMB }
		fmt.Printf("  %-20s %10.1f %8.2f %8.2f %10.0f %8.2f %10d\n", one.name, median(one.runs, rate), median(own.runs, rate)/median(one.runs, rate),
			median(one.runs, func(v sample) float64 { return v.cpu }), median(one.runs, peak), median(own.runs, peak)/median(one.runs, peak), same)
	}
	return nil
}

// ownClasses reads lines of JSON.
func ownClasses(output []byte) (all []int, err error) {
	for line := range bytes.Lines(output) {
		var event struct {
			Classes []struct {
				Index int `json:"index"`
			} `json:"classes"`
		}
		if err := json.Unmarshal(line, &event); err != nil {
			return nil, err
		}
		if len(event.Classes) == 0 {
			return nil, fmt.Errorf("no class in %q", line)
		}
		all = append(all, event.Classes[0].Index)
	}
	return all, nil
}

// peerClasses reads lines of a name, a class and its score.
func peerClasses(output []byte) (all []int, err error) {
	for line := range bytes.Lines(output) {
		words := strings.Fields(string(line))
		if len(words) != 3 {
			return nil, fmt.Errorf("cannot read the peer's line %q", line)
		}
		class, err := strconv.Atoi(words[1])
		if err != nil {
			return nil, err
		}
		all = append(all, class)
	}
	return all, nil
}

// load says how busy the machine was in the last minute.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return ""
	}
	return fmt.Sprintf(" (load %s on %d cores)", strings.Fields(string(text))[0], runtime.NumCPU())
}
