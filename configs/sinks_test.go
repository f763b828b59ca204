package configs

import (
	"reflect"
	"testing"
	"time"

	"corallite/internal/life"
	"corallite/internal/sink/command"
	"corallite/internal/sink/webhook"
)

// TestActions loads the sinks that act: labels keep their spelling.
func TestActions(t *testing.T) {
	workingFolder(t, t.Chdir)
	cfg := mustLoad(t, `
models:
  m: {path: m.tflite, task: classify, labels: [Ara macao, "no", "1"]}
pipelines:
  p:
    source: {images: pic.jpg}
    models: m
    sinks:
      - command: {on: {no: echo, Ara macao: [echo, "", -n, 50], 1: [echo]}, timeout: 2.5, parallel: 2, min_interval: 3, queue: 5}
      - webhook: {url: "http://localhost/x", headers: {X-Kind: a, Accept: [b, c]}, token_env: T, empty: true, retries: 0, flush: 0, timeout: 3, queue: 9}
      - command: {on: {"no": echo}}
      - webhook: {url: "http://localhost/y"}
`)
	want := []Sink{
		&command.Options{Timeout: 2500 * time.Millisecond, Parallel: 2, Options: life.Options{MinInterval: 3 * time.Second}, Queue: 5, On: map[string][]string{
			"no": {"echo"}, "Ara macao": {"echo", "", "-n", "50"}, "1": {"echo"},
		}},
		&webhook.Options{
			URL: "http://localhost/x", Headers: map[string][]string{"X-Kind": {"a"}, "Accept": {"b", "c"}}, TokenEnv: "T",
			Empty: true, Timeout: 3 * time.Second, Queue: 9,
		},
		&command.Options{On: map[string][]string{"no": {"echo"}}, Timeout: 10 * time.Second, Parallel: 1, Queue: 16},
		&webhook.Options{URL: "http://localhost/y", Timeout: 10 * time.Second, Queue: 256, Retries: 5, Flush: 5 * time.Second},
	}
	if got := cfg.Pipelines["p"].Sinks; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nnot\n%+v", got, want)
	}
}

// TestInsideCommand loads a configuration with the variables that a command sink gives its programs.
func TestInsideCommand(t *testing.T) {
	workingFolder(t, t.Chdir)
	t.Setenv("CORALLITE_SCORE", "0.9") // one letter beside CORALLITE_CORE
	t.Setenv("CORALLITE_LABEL", "cat")
	mustLoad(t, small)
}
