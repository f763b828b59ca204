package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// silentCamera takes connections and says nothing. It gives its address.
func silentCamera(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
		}
	}()
	return l.Addr().String()
}

// TestSecretsStayInside runs a camera with a password, a page with a token and a program with neither: what is secret
// stands in nothing that is printed or written, and in no child's environment or arguments.
func TestSecretsStayInside(t *testing.T) {
	camera := silentCamera(t)
	dir := t.TempDir()
	config := writeConfig(t, dir, `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify, max_results: 1}
pipelines:
  door:
    source: {url: "http://viewer:${CAMERA_PASSWORD}@`+camera+`/live?token=${CAMERA_TOKEN}", deadline: 1}
    models: [net]
    sinks: [jsonl: {path: door.jsonl}, preview: {listen: "0.0.0.0:0", token_env: PAGE_TOKEN}]
  folder:
    source: {images: PICTURE}
    models: [net]
    sinks: [jsonl: {path: folder.jsonl}]
`)
	secrets := map[string]string{"CAMERA_PASSWORD": "hunter2-camera", "CAMERA_TOKEN": "hunter2-query", "PAGE_TOKEN": "hunter2-page-token", "UNRELATED": "hunter2-unrelated"}
	var environ []string
	for name, value := range secrets {
		environ = append(environ, name+"="+value)
	}
	s := start(t, dir, environ, "run", "--log", "debug", "--summary", "summary.json", config)
	s.waitFor(t, s.stderr, "preview: http://")
	s.waitFor(t, s.stderr, "(it asks for the token in PAGE_TOKEN)")
	var seen int
	for begin := time.Now(); seen == 0; time.Sleep(5 * time.Millisecond) {
		parent, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", s.Process.Pid))
		if err != nil {
			t.Fatal(err)
		}
		for _, child := range childrenOf(t, s.Process.Pid) {
			// Between fork and exec a child is its parent still.
			if own, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", child)); err != nil || bytes.Equal(own, parent) {
				continue
			}
			for _, file := range []string{"environ", "cmdline"} {
				text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", child, file))
				if err != nil || len(text) == 0 {
					continue // it has ended
				}
				seen++
				if bytes.Contains(text, []byte("hunter2")) {
					t.Errorf("a child's %s: %q", file, text)
				}
			}
		}
		if time.Since(begin) > patience {
			t.Fatalf("no child was seen:\n%s", s.errors(t))
		}
	}
	s.waitFor(t, s.stderr, "http://"+camera+"/live") // something was said of the camera
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, exitDone)
	for _, file := range []string{s.stderr, s.stdout, filepath.Join(dir, "door.jsonl"), filepath.Join(dir, "folder.jsonl"), filepath.Join(dir, "summary.json")} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(text, []byte("hunter2")) || bytes.Contains(text, []byte("viewer")) {
			t.Errorf("%s:\n%s", filepath.Base(file), text)
		}
	}
}

// TestWatchSaysOfAPassword that it is seen in the list of processes, and does not repeat it; one in the environment is fine.
func TestWatchSaysOfAPassword(t *testing.T) {
	camera := silentCamera(t)
	for address, said := range map[string]bool{
		"http://viewer:hunter2@" + camera + "/live":            true,
		"http://" + camera + "/live?pwd=hunter2":               true,
		"http://viewer:${CAMERA_PASSWORD}@" + camera + "/live": false,
	} {
		s := start(t, t.TempDir(), []string{"CAMERA_PASSWORD=hunter2"}, "watch", "--no-browser", "--listen", "127.0.0.1:0", "--model",
			testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), address)
		s.waitFor(t, s.stderr, "preview: ")
		s.signal(t, syscall.SIGINT)
		s.endsWith(t, exitDone)
		text := s.errors(t)
		if strings.Contains(text, "hunter2") || strings.Contains(text, "list of processes") != said {
			t.Errorf("%s:\n%s", address, text)
		}
	}
}
