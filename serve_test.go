package corallite_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"image/jpeg"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"corallite"
	"corallite/internal/testdata"
	"corallite/pipeline"
)

// heard is a log that can be waited for.
type heard struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (h *heard) Write(p []byte) (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.text.Write(p)
}

// wait gives what is found first in the log.
func (h *heard) wait(t *testing.T, ended <-chan struct{}, what string) []string {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); ; time.Sleep(5 * time.Millisecond) {
		h.mu.Lock()
		text := h.text.String()
		h.mu.Unlock()
		if found := regexp.MustCompile(what).FindStringSubmatch(text); found != nil {
			return found
		}
		select {
		case <-ended:
			t.Fatalf("it has ended:\n%s", text)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s is not in\n%s", what, text)
		}
	}
}

// serve runs a configuration with a block serve, and gives its address. It ends with the test.
func serve(t *testing.T, more string) (address string) {
	t.Helper()
	model, labels := testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), testdata.Path(t, "labels/coco_labels.txt")
	return serveModels(t, fmt.Sprintf("  coco: {path: %s, task: detect, labels: %s}\n", model, labels), more)
}

// serveModels is serve with other models.
func serveModels(t *testing.T, models, more string) (address string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "serve.yaml")
	text := "models:\n" + models + "serve:\n  listen: 127.0.0.1:0\n" + more
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	log := &heard{}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if _, err := corallite.RunFiles(ctx, []string{config}, corallite.RunOptions{Logger: slog.New(slog.NewTextHandler(log, nil))}); err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	return strings.TrimSuffix(log.wait(t, ended, `serve: (http://[^ "]*)`)[1], "/")
}

// TestServe holds the answers of a server against those of the library, and follows its events.
func TestServe(t *testing.T) {
	picture := testdata.Path(t, "images/cat_720p.jpg")
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	client := &corallite.Client{Address: serve(t, "")}
	follow, stop := context.WithCancel(context.Background())
	defer stop()
	followed := make(chan pipeline.Event, 100)
	go func() {
		defer close(followed)
		for e, err := range client.Events(follow, "serve", "coco") {
			if err != nil {
				t.Error(err)
				return
			}
			followed <- e
		}
	}()
	got, err := client.Ask(t.Context(), corallite.Detect, data, corallite.Question{Source: "cat"})
	if err != nil {
		t.Fatal(err)
	}
	model, err := corallite.Open(t.Context(), testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"),
		corallite.Options{Task: corallite.Detect, LabelsFile: testdata.Path(t, "labels/coco_labels.txt")})
	if err != nil {
		t.Fatal(err)
	}
	defer model.Close()
	for e, err := range model.Events(t.Context(), corallite.Images(picture)) {
		if err != nil {
			t.Fatal(err)
		}
		line, _ := json.Marshal(e)
		want, _ := pipeline.ReadEvent(line) // rounded as the server's
		if !reflect.DeepEqual(got.Detections, want.Detections) || len(want.Detections) == 0 {
			t.Errorf("the server found %v; want %v", got.Detections, want.Detections)
		}
	}
	if got.Source != "cat" || got.Pipeline != "serve" {
		t.Errorf("%+v", got)
	}
	for { // the first event may have come before it followed
		select {
		case e := <-followed:
			if e.Model != "coco" || len(e.Detections) != len(got.Detections) {
				t.Errorf("%+v", e)
			}
			return
		case <-time.After(50 * time.Millisecond):
			if _, err := client.Ask(t.Context(), corallite.Detect, data, corallite.Question{}); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestServeListens holds what a server hears against what the library does, several asking at once.
func TestServeListens(t *testing.T) {
	model := testdata.Path(t, "wild/micro_speech_quantized.tflite")
	words := filepath.Join(t.TempDir(), "words.txt")
	if err := os.WriteFile(words, []byte("silence\nunknown\nyes\nno\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	client := &corallite.Client{Address: serveModels(t, fmt.Sprintf("  words: {path: %s, task: keyword, labels: %s, features: {kind: micro}}\n", model, words), "")}
	var all sync.WaitGroup
	for i := range 8 {
		want := []string{"yes", "no"}[i%2]
		recording, err := os.ReadFile(testdata.Path(t, "wild/"+want+"_1000ms.wav"))
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			e, err := client.Ask(t.Context(), corallite.Listen, recording, corallite.Question{Source: want})
			if err != nil || e.Task != "keyword" || e.Source != want || len(e.Keywords) != 1 || e.Keywords[0].Label != want || e.Keywords[0].EndS > 1 {
				t.Errorf("%s: %+v, %v", want, e, err)
			}
		})
	}
	all.Wait()
	if _, err := client.Ask(t.Context(), corallite.Listen, []byte("no recording"), corallite.Question{}); err == nil || !strings.Contains(err.Error(), "status 400") {
		t.Errorf("no recording: %v", err)
	}
}

func TestClientErrors(t *testing.T) {
	client := &corallite.Client{Address: serve(t, "  queue: 1\n")}
	if _, err := client.Ask(t.Context(), corallite.Detect, []byte("0123456789"), corallite.Question{}); err == nil || !strings.Contains(err.Error(), "status 400: not a picture") {
		t.Errorf("%v", err)
	}
	if _, err := client.Ask(t.Context(), corallite.Pose, nil, corallite.Question{}); err == nil || !strings.Contains(err.Error(), "no model for pose") {
		t.Errorf("%v", err)
	}
}

// TestServeClients asks the server by the clients that others have made.
func TestServeClients(t *testing.T) {
	_, file, _, _ := runtime.Caller(0)
	script := filepath.Join(filepath.Dir(file), "internal", "serve", "testdata", "clients.py")
	dir := t.TempDir()
	endpoint := "ipc://" + filepath.Join(dir, "zmq")
	address := serve(t, fmt.Sprintf("  zmq: %s\n  zmq_models: %s\n", endpoint, filepath.Join(dir, "models")))
	picture, model := testdata.Path(t, "images/cat_720p.jpg"), testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite")
	var got struct {
		SDK     [][]any `json:"deepstack-sdk"`
		Python  [][]any `json:"deepstack-python"`
		Project [][]any `json:"codeproject-ai-api"`
		Scene   string  `json:"scene"`
		Doods   []struct {
			Label                                string
			Confidence, Top, Left, Bottom, Right float64
		} `json:"pydoods"`
		Detectors []string `json:"detectors"`

		RawBinary json.RawMessage `json:"binary"`
		RawJSON   json.RawMessage `json:"json"`
		Input     struct{ Parameters map[string]float64 }
		Request   map[string]bool `json:"model_request"`
		Data      map[string]bool `json:"model_data"`
		Rows      [][]float64     `json:"rows"`
	}
	out := testdata.Clients(t, script, address, endpoint, picture, model)
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%s: %v", out, err)
	}
	client := &corallite.Client{Address: address}
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	e, err := client.Ask(t.Context(), corallite.Detect, data, corallite.Question{ScoreThreshold: 0.4})
	if err != nil || len(e.Detections) == 0 {
		t.Fatalf("%v, %v", e.Detections, err)
	}
	best := e.Detections[0]
	for name, all := range map[string][][]any{"deepstack-sdk": got.SDK, "deepstack-python": got.Python, "codeproject-ai-api": got.Project} {
		if len(all) != len(e.Detections) || all[0][0] != best.Label || math.Abs(all[0][1].(float64)-float64(best.Score)) > 0.006 {
			t.Errorf("%s got %v; want %v", name, all, e.Detections)
			continue
		}
		for i, side := range best.Box {
			if math.Abs(all[0][2+i].(float64)-float64(side)) > 0.55 {
				t.Errorf("%s got the box %v; want %v", name, all[0][2:], best.Box)
			}
		}
	}
	config, err := jpeg.DecodeConfig(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Doods) != 1 || got.Doods[0].Label != "cat" || math.Abs(got.Doods[0].Left*float64(config.Width)-float64(best.Box[0])) > 0.1 || math.Abs(got.Doods[0].Confidence-100*float64(best.Score)) > 0.1 {
		t.Errorf("pydoods got %+v", got.Doods)
	}
	if fmt.Sprint(got.Detectors) != "[coco default]" || !strings.Contains(got.Scene, "403") && got.Scene == "" {
		t.Errorf("%v, %q", got.Detectors, got.Scene)
	}
	if string(got.RawBinary) != string(got.RawJSON) || len(got.RawBinary) < 100 {
		t.Errorf("binary tensors are %s, as JSON they are %s", got.RawBinary, got.RawJSON)
	}
	if got.Input.Parameters["scale"] == 0 || got.Input.Parameters["zero_point"] == 0 {
		t.Errorf("%v", got.Input.Parameters)
	}
	if got.Request["model_available"] || !got.Data["model_loaded"] || len(got.Rows) != 20 {
		t.Errorf("%v %v %v", got.Request, got.Data, got.Rows)
	}
	var tensors [][]float64 // boxes, classes, scores, count of the same picture
	if err := json.Unmarshal(got.RawBinary, &tensors); err != nil || len(tensors) != 4 {
		t.Fatal(err, len(tensors))
	}
	for i, row := range got.Rows {
		if i >= len(tensors[2]) || tensors[2][i] < 0.05 {
			if row[1] != 0 {
				t.Errorf("row %d is %v; want zeros", i, row)
			}
			continue
		}
		if row[0] != tensors[1][i] || math.Abs(row[1]-tensors[2][i]) > 1e-6 {
			t.Errorf("row %d is %v; the model has class %v with score %v", i, row, tensors[1][i], tensors[2][i])
		}
	}
}
