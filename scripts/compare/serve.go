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

	"corallite/internal/schema/modeltest"
	"corallite/tflite/tensor"
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
	answer     string // is in each answer
	json       []byte // the same for a server that takes no binary tensors
}

// contender is a server that is asked.
type contender struct {
	name   string
	port   string
	args   []string
	env    []string
	dir    string
	onJSON bool // it is asked in JSON, where a question has that, and else not at all
}

// asked is how a side did in a round.
type asked struct {
	perSecond, p50, p99 float64 // milliseconds
	heldMB, peakMB      float64 // the most while it was asked, and with its start
	cpuMS               float64 // processor time of the server for a request
}

// serve asks Corallite and the peers in turn.
func (s *setup) serve() error {
	labels := absolute(filepath.Join(s.data, "labels", "coco_labels.txt"))
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
	pixel := filepath.Join(s.work, "pixel.tflite")
	if err := os.WriteFile(pixel, pixelModel(), 0o600); err != nil {
		return err
	}
	coco := absolute(s.model())
	questions := []question{
		{name: "/v1/vision/detection, 1280x720", path: "/v1/vision/detection", kind: w.FormDataContentType(), body: form.Bytes(), answer: "cat"},
		tensorQuestion("OIP v2, 270 KB tensor, SSD MobileNet v1", "coco", "normalized_input_image_tensor"),
		tensorQuestion("OIP v2, 270 KB tensor, a model that takes no time", "pixel", "picture"),
	}
	config := filepath.Join(s.work, "serve.yaml")
	text := fmt.Sprintf("models:\n  coco: {path: %q, task: detect, labels: %q}\n  pixel: {path: %q, task: classify}\n", coco, labels, pixel)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		return err
	}
	_, here, _, _ := runtime.Caller(0)
	engines := strconv.Itoa(min(runtime.NumCPU(), 4))
	sides := []contender{
		{name: "Corallite", port: "18091", args: []string{s.corallite, "serve", "--log", "error", "--config", config, "--listen", "127.0.0.1:18091"}},
		{name: "FastAPI", port: "18092", args: []string{s.python, filepath.Join(filepath.Dir(here), "server.py"), labels, "18092", engines, "coco=" + coco, "pixel=" + pixel}},
	}
	if s.mlserver != "" {
		dir, err := s.mlserverFolder(filepath.Join(filepath.Dir(here), "mlserver_model.py"), map[string]string{"coco": coco, "pixel": pixel})
		if err != nil {
			return err
		}
		sides = append(sides, contender{name: "MLServer", port: "18093", dir: dir, onJSON: true,
			args: []string{absolute(s.mlserver), "start", "."}, env: []string{"ENGINES=" + engines, "PYTHONPATH=."}})
	}
	for _, q := range questions {
		results := make([][]asked, len(sides))
		for range s.rounds {
			for i, side := range sides {
				if side.onJSON && q.json == nil {
					continue
				}
				a, err := side.ask(q)
				if err != nil {
					return fmt.Errorf("%s: %w", strings.Join(side.args, " "), err)
				}
				results[i] = append(results[i], a)
			}
		}
		fmt.Printf("%s, %d clients, median of %d rounds in turn\n", q.name, clients, s.rounds)
		for i, theirs := range results[1:] {
			if theirs == nil {
				continue
			}
			fmt.Printf("  %-28s %9s %9s\n", "", sides[0].name, sides[i+1].name)
			for _, r := range []struct {
				what  string
				value func(asked) float64
			}{
				{"requests a second", func(a asked) float64 { return a.perSecond }},
				{"p50, ms", func(a asked) float64 { return a.p50 }},
				{"p99, ms", func(a asked) float64 { return a.p99 }},
				{"processor time a request, ms", func(a asked) float64 { return a.cpuMS }},
				{"memory, MB", func(a asked) float64 { return a.heldMB }},
				{"with its start, MB", func(a asked) float64 { return a.peakMB }},
			} {
				mine, other := medianOf(results[0], r.value), medianOf(theirs, r.value)
				fmt.Printf("  %-28s %9.2f %9.2f   %.2f x\n", r.what, mine, other, mine/other)
			}
		}
	}
	return nil
}

// tensorQuestion asks a model for a tensor of 300x300x3 bytes.
func tensorQuestion(name, model, input string) question {
	const size = 300 * 300 * 3
	head := fmt.Sprintf(`{"inputs":[{"name":%q,"shape":[1,300,300,3],"datatype":"UINT8",`, input)
	text := head + fmt.Sprintf(`"parameters":{"binary_data_size":%d}}],"parameters":{"binary_data_output":true}}`, size)
	return question{
		name: name, path: "/v2/models/" + model + "/infer", kind: "application/octet-stream", answer: `"outputs"`,
		header: http.Header{"Inference-Header-Content-Length": {strconv.Itoa(len(text))}}, body: append([]byte(text), make([]byte, size)...),
		json: []byte(head + `"data":[0` + strings.Repeat(",0", size-1) + `]}]}`),
	}
}

// pixelModel is a model that gives the first pixel of a picture, by AVERAGE_POOL_2D: nothing but the protocol is left.
func pixelModel() []byte {
	const averagePool, pool2DOptions, valid = 1, 5, 1
	q := tensor.PerTensor(1./256, 0)
	return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
		Tensors: []modeltest.Tensor{
			{Info: tensor.Info{Name: "picture", Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}, Quantization: q}},
			{Info: tensor.Info{Name: "pixel", Type: tensor.UInt8, Shape: []int{1, 1, 1, 3}, Quantization: q}},
		},
		Inputs: []int32{0}, Outputs: []int32{1},
		Operators: []modeltest.Operator{{
			Code: averagePool, Inputs: []int32{0}, Outputs: []int32{1}, OptionsType: pool2DOptions,
			Options: []any{int8(valid), int32(300), int32(300), int32(1), int32(1), int8(0)},
		}},
	}}}.Bytes()
}

// mlserverFolder makes what MLServer is started in.
func (s *setup) mlserverFolder(code string, models map[string]string) (string, error) {
	dir := filepath.Join(s.work, "mlserver")
	source, err := os.ReadFile(code)
	if err != nil {
		return "", err
	}
	files := map[string]string{
		"mlserver_model.py": string(source),
		"settings.json":     `{"host":"127.0.0.1","http_port":18093,"grpc_port":18094,"metrics_port":18095,"parallel_workers":0,"debug":false,"metrics_endpoint":null}`,
	}
	for name, path := range models {
		files[filepath.Join(name, "model-settings.json")] = fmt.Sprintf(`{"name":%q,"implementation":"mlserver_model.LiteRT","parameters":{"uri":%q}}`, name, path)
	}
	for name, text := range files {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			return "", err
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			return "", err
		}
	}
	return dir, nil
}

func medianOf(all []asked, value func(asked) float64) float64 {
	var v []float64
	for _, a := range all {
		v = append(v, value(a))
	}
	slices.Sort(v)
	return v[len(v)/2]
}

// ask starts a server, asks it for a while, and ends it.
func (s contender) ask(q question) (a asked, err error) {
	if s.onJSON {
		q.body, q.kind, q.header = q.json, "application/json", nil
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	cmd := exec.CommandContext(ctx, s.args[0], s.args[1:]...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	cmd.Env, cmd.Dir = append(os.Environ(), s.env...), s.dir
	if !s.onJSON { // MLServer tells of each request
		cmd.Stderr = os.Stderr
	}
	if err := cmd.Start(); err != nil {
		return a, err
	}
	defer func() { cancel(); _ = cmd.Wait() }()
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	ask := func() error {
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:"+s.port+q.path, bytes.NewReader(q.body))
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
		if err == nil && (resp.StatusCode != 200 || !bytes.Contains(answer, []byte(q.answer))) {
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
	before, err := processorTime(cmd.Process.Pid)
	if err != nil {
		return a, err
	}
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
	after, err := processorTime(cmd.Process.Pid)
	if err != nil {
		return a, err
	}
	a.cpuMS = float64((after - before).Microseconds()) / 1000 / float64(len(took))
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

// processorTime is what a process has used so far (proc(5), stat): user and system time, in hundredths of a second.
func processorTime(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	total := time.Duration(0)
	for _, f := range fields[11:13] {
		ticks, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(ticks) * 10 * time.Millisecond
	}
	return total, nil
}
