package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"corallite/pipeline/camera/cameratest"
	"corallite/tflite"
)

// TestEightCamerasAtOnce runs eight RTSP cameras on one engine: each gets its turns, none is lost, and all end in order.
func TestEightCamerasAtOnce(t *testing.T) {
	t.Setenv("CORALLITE_CACHE", filepath.Join(t.TempDir(), "cache"))
	const cameras, each = 8, 20
	server, dir, others := cameratest.NewRTSP(t, 320, 240), t.TempDir(), len(children(t))
	text := "models:\n  net: {path: MODELS/" + classifier + ".tflite, task: classify}\npipelines:\n"
	path := func(i int) string { return filepath.Join(dir, fmt.Sprintf("p%d.jsonl", i)) }
	for i := range cameras {
		text += fmt.Sprintf("  p%d: {source: {url: \"%s\", deadline: 600}, models: [net], sinks: [jsonl: {path: %s}]}\n",
			i, server.URL(fmt.Sprintf("/yard%d", i)), path(i))
	}
	config, log := writeConfig(t, dir, text), &journal{}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	code := goRun(ctx, log, config)
	// From when all have begun, a camera that starves is the one that has not had its turns when another had many.
	var first, counts []int
	for begin := time.Now(); first == nil || slices.Min(counts) < each && slices.Max(counts) < 20*each; time.Sleep(20 * time.Millisecond) {
		if time.Since(begin) > 4*patience {
			t.Fatalf("frames: %v\n%s", counts, log)
		}
		all := make([]int, cameras)
		for i := range all {
			lines, err := os.ReadFile(path(i))
			if err != nil && !os.IsNotExist(err) {
				t.Fatal(err)
			}
			all[i] = bytes.Count(lines, []byte("\n"))
		}
		if first == nil && slices.Min(all) > 0 {
			first = slices.Clone(all)
		}
		counts = all
		for i := range first {
			counts[i] -= first[i]
		}
	}
	stop()
	if c := <-code; c != exitDone || log.said(saidLost) != 0 {
		t.Errorf("exit code %d\n%s", c, log)
	}
	t.Logf("frames: %v", counts)
	if slices.Min(counts) < each {
		t.Errorf("a camera starves: %v", counts)
	}
	if n := len(children(t)); n > others || tflite.Live() != 0 {
		t.Errorf("%d processes, before %d, and %d interpreters are left", n, others, tflite.Live())
	}
}
