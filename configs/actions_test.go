package configs

import (
	"reflect"
	"testing"
)

// TestActions reads the sinks that do something: labels keep their spelling and their order.
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
		{Kind: SinkCommand, Timeout: 2.5, Parallel: 2, MinInterval: 3, Queue: 5, On: Pairs{
			{"no", []string{"echo"}}, {"Ara macao", []string{"echo", "", "-n", "50"}}, {"1", []string{"echo"}},
		}},
		{
			Kind: SinkWebhook, URL: "http://localhost/x", Headers: Pairs{{"X-Kind", []string{"a"}}, {"Accept", []string{"b", "c"}}}, TokenEnv: "T",
			Empty: true, Timeout: 3, Queue: 9,
		},
		{Kind: SinkCommand, On: Pairs{{"no", []string{"echo"}}}, Timeout: 10, Parallel: 1, Queue: 16},
		{Kind: SinkWebhook, URL: "http://localhost/y", Timeout: 10, Queue: 256, Retries: 5, Flush: 5},
	}
	if got := cfg.Pipelines["p"].Sinks; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v\nnot\n%+v", got, want)
	}
	if m := want[1].Headers.Map(); len(m) != 2 || !reflect.DeepEqual(m["Accept"], []string{"b", "c"}) {
		t.Errorf("%v", m)
	}
}

// TestInsideCommand loads a configuration with the variables that a command sink gives its programs.
func TestInsideCommand(t *testing.T) {
	workingFolder(t, t.Chdir)
	t.Setenv("CORALLITE_SCORE", "0.9") // one letter beside CORALLITE_CORE
	t.Setenv("CORALLITE_LABEL", "cat")
	mustLoad(t, small)
}
