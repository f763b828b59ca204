package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"

	"corallite/delegate"
	"corallite/internal/audio/microwakeword"
	"corallite/pipeline/audio"
)

// repeats is how often the recordings come after one another, as in the peer.
const repeats = 8

var peerSpeed = regexp.MustCompile(`realtime ([0-9]+)`)

// wakewords listens with four models to the recordings of wake words, on one core: the features and the models, as the
// peer measures them, with the runtime's built-in kernels, which answer as the peer does, and with XNNPACK.
func (s *setup) wakewords() error {
	files, err := filepath.Glob(filepath.Join(s.data, "speech", "wakewords", "*.wav"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("no recordings in %s: %w", s.data, err)
	}
	var sound []int16
	for _, file := range files {
		if sound, err = appendSamples(sound, file); err != nil {
			return err
		}
	}
	folder, err := start(nil, s.python, "-c", "import os, pymicro_wakeword as p; print(os.path.join(os.path.dirname(p.__file__), 'models'))")
	if err != nil {
		return err
	}
	models := strings.TrimSpace(string(folder.output))
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var theirs []sample
	ours := map[string][]sample{}
	choices := []delegate.Choice{delegate.None, delegate.XNNPACK}
	for range s.rounds {
		peer, err := start([]string{"OMP_NUM_THREADS=1"}, s.python, append([]string{filepath.Join(s.peers, "wakeword.py"), "--speed"}, files...)...)
		if err != nil {
			return err
		}
		words := peerSpeed.FindSubmatch(peer.output)
		if words == nil {
			return fmt.Errorf("cannot read the peer's answer %q", peer.output)
		}
		peer.fps, _ = strconv.ParseFloat(string(words[1]), 64)
		theirs = append(theirs, peer)
		for _, choice := range choices {
			own, err := listen(models, choice, sound)
			if err != nil {
				return err
			}
			ours[choice.String()] = append(ours[choice.String()], own)
		}
	}
	fmt.Printf("four wake words, %.0f s of speech %d times, one core, median of %d runs in turn\n",
		float64(len(sound))/microwakeword.Rate, repeats, s.rounds)
	for _, choice := range choices {
		row("x real time, "+choice.String(), ours[choice.String()], theirs, func(v sample) float64 { return v.fps })
	}
	return nil
}

// listen says how many times faster than real time the models listen; that is the sample's fps.
func listen(folder string, choice delegate.Choice, sound []int16) (sample, error) {
	ctx := context.Background()
	manifests, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil || len(manifests) != 4 {
		return sample{}, fmt.Errorf("%d models in %s, want 4: %w", len(manifests), folder, err)
	}
	var words []*microwakeword.WakeWord
	for _, path := range manifests {
		m, err := microwakeword.ReadManifest(path)
		if err != nil {
			return sample{}, err
		}
		e, err := delegate.Open(ctx, delegate.Files{CPU: m.Model}, delegate.Options{Choice: choice})
		if err != nil {
			return sample{}, err
		}
		defer e.Close()
		w, err := microwakeword.NewWakeWord(m, e, microwakeword.Options{})
		if err != nil {
			return sample{}, err
		}
		words = append(words, w)
	}
	const block = 2 * microwakeword.Rate // as files come
	var pool audio.Pool
	stage, at := microwakeword.NewStage(), int64(0)
	began := time.Now()
	for range repeats {
		for rest := sound; len(rest) > 0; rest = rest[min(block, len(rest)):] {
			c := pool.Get(block)
			c.Samples = append(c.Samples, rest[:min(block, len(rest))]...)
			c.Rate, c.Start, c.First = microwakeword.Rate, at, at == 0
			at += int64(len(c.Samples))
			if err := stage.Process(ctx, c); err != nil {
				return sample{}, err
			}
			for _, w := range words {
				if _, err := w.Process(ctx, c); err != nil {
					return sample{}, err
				}
			}
			c.Release()
		}
	}
	took := time.Since(began)
	return sample{fps: float64(repeats*len(sound)) / microwakeword.Rate / took.Seconds()}, nil
}

// appendSamples appends the samples of a WAV file of one channel and 16 bits.
func appendSamples(to []int16, path string) ([]int16, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	if len(b) < 44 || string(b[36:40]) != "data" || binary.LittleEndian.Uint32(b[24:]) != microwakeword.Rate ||
		binary.LittleEndian.Uint16(b[22:]) != 1 || binary.LittleEndian.Uint16(b[34:]) != 16 {
		return nil, fmt.Errorf("%s is no plain recording of one channel, 16 bits and %d Hz", path, microwakeword.Rate)
	}
	for b = b[44:]; len(b) >= 2; b = b[2:] {
		to = append(to, int16(binary.LittleEndian.Uint16(b)))
	}
	return to, nil
}
