package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// clients is how many ask at once.
const clients = 8

// roundTime is how long each side is asked in a round.
const roundTime = 10 * time.Second

// question is what is asked again and again.
type question struct {
	name, path string
	kind       string
	header     http.Header
	body       []byte
}

// asked is how a side did in a round.
type asked struct {
	perSecond, p50, p99 float64 // milliseconds
	heldMB, peakMB      float64 // the most while it was asked, and with its start
}

// serve asks Corallite and the peer in turn.
func (s *setup) serve() error {
	labels := filepath.Join(s.data, "labels", "coco_labels.txt")
	picture, err := os.ReadFile(filepath.Join(s.data, "images", "cat_720p.jpg"))
	if err != nil {
		return err
	}
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile("image", "image")
	if err != nil {
		return err
	}
	if _, err := part.Write(picture); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	json := `{"inputs":[{"name":"normalized_input_image_tensor","shape":[1,300,300,3],"datatype":"UINT8","parameters":{"binary_data_size":270000}}],"parameters":{"binary_data_output":true}}`
	questions := []question{
		{"/v1/vision/detection, 1280x720", "/v1/vision/detection", w.FormDataContentType(), nil, form.Bytes()},
		{"OIP v2, 270 KB binary tensor", "/v2/models/coco/infer", "application/octet-stream",
			http.Header{"Inference-Header-Content-Length": {strconv.Itoa(len(json))}}, append([]byte(json), make([]byte, 270000)...)},
	}
	config := filepath.Join(s.work, "serve.yaml")
	text := fmt.Sprintf("models:\n  coco: {path: %q, task: detect, labels: %q}\n", absolute(s.model()), absolute(labels))
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	_, here, _, _ := runtime.Caller(0)
	engines := strconv.Itoa(min(runtime.NumCPU(), 4))
	sides := []struct {
		port string
		args []string
	}{
		{"18091", []string{s.corallite, "serve", "--log", "error", "--config", config, "--listen", "127.0.0.1:18091"}},
		{"18092", []string{s.python, filepath.Join(filepath.Dir(here), "server.py"), s.model(), labels, "18092", engines}},
	}
	for _, q := range questions {
		var results [2][]asked
		for range s.rounds {
			for i, side := range sides {
				a, err := s.askServer(side.args, side.port, q)
				if err != nil {
					return fmt.Errorf("%s: %w", strings.Join(side.args, " "), err)
				}
				results[i] = append(results[i], a)
			}
		}
		fmt.Printf("%s, %d clients, median of %d rounds in turn\n", q.name, clients, s.rounds)
		for _, r := range []struct {
			what  string
			value func(asked) float64
		}{
			{"requests a second", func(a asked) float64 { return a.perSecond }},
			{"p50, ms", func(a asked) float64 { return a.p50 }},
			{"p99, ms", func(a asked) float64 { return a.p99 }},
			{"memory, MB", func(a asked) float64 { return a.heldMB }},
			{"with its start, MB", func(a asked) float64 { return a.peakMB }},
		} {
			mine, theirs := medianOf(results[0], r.value), medianOf(results[1], r.value)
			fmt.Printf("  %-20s %9.2f %9.2f   %.2f x\n", r.what, mine, theirs, mine/theirs)
		}
	}
	return nil
}

func medianOf(all []asked, value func(asked) float64) float64 {
	var v []float64
	for _, a := range all {
		v = append(v, value(a))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// askServer starts a server, asks it for a while, and ends it.
func (s *setup) askServer(args []string, port string, q question) (a asked, err error) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		return a, err
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	ask := func() error {
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+port+q.path, bytes.NewReader(q.body))
		if err != nil {
			return err
		}
		for k, v := range q.header {
			r.Header[k] = v
		}
		r.Header.Set("Content-Type", q.kind)
		resp, err := client.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		answer, err := io.ReadAll(resp.Body)
		if err == nil && (resp.StatusCode != 200 || !bytes.Contains(answer, []byte("cat")) && q.header == nil) {
			err = fmt.Errorf("status %d: %.200s", resp.StatusCode, answer)
		}
		return err
	}
	for deadline := time.Now().Add(2 * time.Minute); ask() != nil; time.Sleep(100 * time.Millisecond) {
		if time.Now().After(deadline) {
			return a, fmt.Errorf("it does not answer: %w", ask())
		}
	}
	for range clients { // warm
		if err := ask(); err != nil {
			return a, err
		}
	}
	var mu sync.Mutex
	var took []float64
	var failed error
	var all sync.WaitGroup
	began := time.Now()
	for range clients {
		all.Go(func() {
			for time.Since(began) < roundTime {
				at := time.Now()
				err := ask()
				mu.Lock()
				took = append(took, float64(time.Since(at).Microseconds())/1000)
				if err != nil {
					failed = err
				}
				mu.Unlock()
				if err != nil {
					return
				}
			}
		})
	}
	done := make(chan struct{})
	var watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(50 * time.Millisecond):
				now, err := memory(cmd.Process.Pid, "VmRSS:")
				if err == nil {
					a.heldMB = max(a.heldMB, now)
				}
			}
		}
	})
	all.Wait()
	close(done)
	watch.Wait()
	if failed != nil {
		return a, failed
	}
	slices.Sort(took)
	a.perSecond = float64(len(took)) / time.Since(began).Seconds()
	a.p50, a.p99 = took[len(took)/2], took[len(took)*99/100]
	a.peakMB, err = memory(cmd.Process.Pid, "VmHWM:")
	return a, err
}

// memory is the resident memory of a process in MB: VmRSS now, VmHWM at most so far.
func memory(pid int, which string) (float64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, which); ok {
			kb, err := strconv.ParseFloat(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(rest), "kB")), 64)
			return kb / 1024, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no %s", pid, which)
}
