package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/internal/sink/preview"
	"corallite/internal/testdata"
	"corallite/pipeline/mic/pulsetest"
)

// TestVoice has a wake word played to the microphone of a real audio server, out of `corallite run` as a line and as a
// program that is started; then the server is killed and comes back, and the word is heard again.
func TestVoice(t *testing.T) {
	word := testdata.Path(t, "speech/wakewords/okay_nabu-en-us.wav")
	cache := t.TempDir()
	pulse := pulsetest.Start(t, "rate=48000 channels=2")
	environ := []string{"CORALLITE_CACHE=" + cache, "CORALLITE_DOWNLOADS=" + downloads(t), "CORALLITE_MODEL_MIRROR=" + downloads(t)}
	dir := t.TempDir()
	pull := start(t, dir, environ, "models", "pull", "okay_nabu")
	pull.endsWith(t, exitDone)
	config := filepath.Join(dir, "voice.yaml")
	err := os.WriteFile(config, []byte(`
models:
  nabu: {path: okay_nabu, refractory: 0.5}
pipelines:
  voice:
    source: {microphone: `+pulsetest.Name+`, deadline: 2}
    models: [nabu]
    vad: true
    sinks:
      - jsonl: {path: words.jsonl}
      - preview: {listen: "127.0.0.1:0"}
      - command: {on: {Okay Nabu: [sh, -c, 'echo "$CORALLITE_LABEL" >> heard.txt']}}
`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	words := filepath.Join(dir, "words.jsonl")
	s := start(t, dir, append(environ, "CORALLITE_MODEL_MIRROR="), "run", "--summary", "summary.json", "voice.yaml")
	// What is played before the microphone is open is heard by nobody, so it is played again.
	sayUntil := func(n int) {
		t.Helper()
		for begin := time.Now(); ; {
			pulse.Play(word)
			text, _ := os.ReadFile(words)
			if bytes.Count(text, []byte("\n")) >= n {
				return
			}
			select {
			case <-s.ended:
				t.Fatalf("it ended:\n%s", s.errors(t))
			default:
			}
			if time.Since(begin) > patience {
				t.Fatalf("%d words were not heard:\n%s\n%s", n, text, s.errors(t))
			}
		}
	}
	sayUntil(1)
	on := s.statusUntil(t, s.page(t), "the page shows the word", func(p preview.PipelineStatus) bool { return p.Sound != nil && p.Sound.Word != nil })
	if w := on.Sound.Word; w.Text != "Okay Nabu" || w.Score < 0.5 || on.State != "running" || on.Sound.Seconds == 0 || on.Source != "microphone:"+pulsetest.Name {
		t.Errorf("the page shows %+v, %+v", on, w)
	}
	pulse.Restart()
	heard, _ := os.ReadFile(words)
	sayUntil(bytes.Count(heard, []byte("\n")) + 1)
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, exitDone)

	lines, err := os.ReadFile(words)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for l := range strings.Lines(string(lines)) {
		n++
		var ev struct {
			Source, Model, Task string
			Keywords            []struct {
				Label     string
				Score     float64
				StartS    float64 `json:"start_s"`
				EndS      float64 `json:"end_s"`
				LevelDBFS float64 `json:"level_dbfs"`
			}
		}
		if err := json.Unmarshal([]byte(l), &ev); err != nil {
			t.Fatal(err)
		}
		if ev.Task != "wakeword" || ev.Model != "nabu" || ev.Source != "microphone:"+pulsetest.Name || len(ev.Keywords) != 1 {
			t.Fatalf("%s", l)
		}
		if k := ev.Keywords[0]; k.Label != "Okay Nabu" || k.Score < 0.8 || k.EndS <= k.StartS || k.LevelDBFS < -60 || k.LevelDBFS > 0 {
			t.Errorf("%s", l)
		}
	}
	programs, err := os.ReadFile(filepath.Join(dir, "heard.txt"))
	if want := strings.Repeat("Okay Nabu\n", n); err != nil || string(programs) != want {
		t.Errorf("programs: %q, %v; %d words", programs, err, n)
	}
	summary := summaryOf(t, dir)
	p := summary.Pipelines["voice"]
	if p.Reopened != 1 || !p.Interrupted || p.Errors.Total != 0 || p.Sound == nil || p.Sound.Seconds < 1 || p.Sound.PeakDBFS < -30 {
		t.Errorf("summary %+v, sound %+v", p, p.Sound)
	}
	// Said once when it is lost and once when it is back.
	text := s.errors(t)
	if n := strings.Count(text, "level=WARN"); n != 1 {
		t.Errorf("%d warnings:\n%s", n, text)
	}
}
