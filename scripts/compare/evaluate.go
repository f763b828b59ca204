package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// evaluated is how many pictures are evaluated in a run.
const evaluated = 100

// evaluate measures a detector on annotated frames of vtest.avi as large JPEGs: corallite eval, and the peer with pycocotools.
// Both must find the same AP, to a hundredth: their JPEGs are decoded and resized by different code.
func (s *setup) evaluate() error {
	folder, err := os.MkdirTemp(s.work, "eval-")
	if err != nil {
		return err
	}
	_, here, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(here), "evaluate.py")
	annotated := filepath.Join(filepath.Dir(here), "..", "..", "internal", "track", "testdata", "vtest", "gt.txt")
	if _, err := start(nil, s.python, script, "make", filepath.Join(s.data, "video", "vtest.avi"), annotated, folder, strconv.Itoa(evaluated)); err != nil {
		return err
	}
	annotations := filepath.Join(folder, "annotations.json")
	var ours, theirs []sample
	for range s.rounds {
		peer, err := start(nil, s.python, script, s.model(), annotations, folder, strconv.Itoa(runtime.NumCPU()))
		if err != nil {
			return err
		}
		if peer.boxes, err = strconv.ParseFloat(strings.TrimSpace(string(peer.output)), 64); err != nil {
			return err
		}
		own, err := start(nil, s.corallite, "eval", "--log", "error", "--json", "--model", s.model(),
			"--labels", filepath.Join(s.data, "labels", "coco_labels.txt"), "--task", "detect", "--data", annotations)
		if err != nil {
			return err
		}
		var report struct {
			Models []struct {
				Figures []struct {
					Key   string
					Value float64
				}
			}
		}
		if err := json.Unmarshal(own.output, &report); err != nil {
			return err
		}
		own.boxes = report.Models[0].Figures[0].Value
		if math.Abs(own.boxes-peer.boxes) > 0.01 {
			return fmt.Errorf("corallite eval says AP %.4f, the peer %.4f", own.boxes, peer.boxes)
		}
		own.fps, peer.fps = evaluated/own.seconds, evaluated/peer.seconds
		ours, theirs = append(ours, own), append(theirs, peer)
	}
	fmt.Printf("evaluation of %d JPEGs of 1920x1440, SSD MobileNet v1, whole process, median of %d runs in turn%s\n", evaluated, s.rounds, load())
	row("pictures per second", ours, theirs, func(v sample) float64 { return v.fps })
	row("AP", ours, theirs, func(v sample) float64 { return v.boxes })
	row("processor time, s", ours, theirs, func(v sample) float64 { return v.cpu })
	row("peak memory, MB", ours, theirs, func(v sample) float64 { return v.peakMB })
	return nil
}
