package main

import (
	"net"
	"path/filepath"
	"syscall"
	"testing"
)

// TestSignalWhileSourceOpens checks that a signal ends a run whose camera accepts connections and never answers: in
// order, long before the camera's deadline, with a summary.
func TestSignalWhileSourceOpens(t *testing.T) {
	for _, scheme := range []string{"rtsp", "http"} {
		t.Run(scheme, func(t *testing.T) {
			listener, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer listener.Close()
			accepted := make(chan net.Conn, 16)
			go func() {
				for {
					c, err := listener.Accept()
					if err != nil {
						return
					}
					accepted <- c
				}
			}()
			dir := t.TempDir()
			config := writeConfig(t, dir, `
models:
  net: {path: MODELS/mobilenet_v1_0.25_128_quant.tflite, task: classify}
pipelines:
  p:
    source: {url: "`+scheme+`://`+listener.Addr().String()+`/yard", deadline: 3600}
    models: [net]
    sinks: [jsonl: {path: "-"}]
`)
			s := start(t, dir, nil, "run", "--summary", "summary.json", config)
			select {
			case c := <-accepted:
				defer c.Close()
			case <-s.ended:
				t.Fatalf("it ended:\n%s", s.errors(t))
			}
			s.signal(t, syscall.SIGINT)
			s.endsWith(t, exitDone) // which waits a minute, not an hour
			s.waitFor(t, filepath.Join(dir, "summary.json"), `"interrupted": true`)
		})
	}
}
