package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"corallite/internal/testdata"
)

// freePort is one that nobody listens at just now.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// TestWyoming serves wake words of both kinds to the package wyoming's own client, which asks for one word or all, for
// several recordings at once.
func TestWyoming(t *testing.T) {
	environ := []string{"CORALLITE_CACHE=" + t.TempDir(), "CORALLITE_DOWNLOADS=" + downloads(t), "CORALLITE_MODEL_MIRROR=" + downloads(t)}
	dir, port := t.TempDir(), freePort(t)
	pull := start(t, dir, environ, "models", "pull", "okay_nabu", "alexa", "openwakeword_hey_jarvis")
	pull.endsWith(t, exitDone)
	err := os.WriteFile(filepath.Join(dir, "w.yaml"), fmt.Appendf(nil, `
models:
  okay_nabu: {path: okay_nabu}
  alexa: {path: alexa}
  hey_jarvis: {path: openwakeword_hey_jarvis}
pipelines:
  voice:
    source: {wyoming: "tcp://127.0.0.1:%d"}
    models: [okay_nabu, alexa, hey_jarvis]
    sinks: [jsonl: {path: words.jsonl}]
`, port), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, append(environ, "CORALLITE_MODEL_MIRROR="), "run", "--summary", "summary.json", "w.yaml")
	for begin := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port)); err == nil {
			c.Close()
			break
		}
		select {
		case <-s.ended:
			t.Fatalf("it ended:\n%s", s.errors(t))
		default:
		}
		if time.Since(begin) > patience {
			t.Fatalf("nobody listens:\n%s", s.errors(t))
		}
	}
	speech := func(name string) string { return testdata.Path(t, "speech/wakewords/"+name+"-en-us.wav") }
	jobs := [][]any{
		{"okay_nabu", speech("okay_nabu"), 1024}, {"alexa", speech("alexa"), 160}, {nil, speech("okay_nabu"), 5000}, {"alexa", speech("okay_nabu"), 1024},
		{"hey_jarvis", speech("hey_jarvis"), 1600}, {"no_such_word", speech("okay_nabu"), 1024}, {nil, speech("turn_on_the_light_please"), 1024},
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		t.Fatal(err)
	}
	out := testdata.Oracle(t, "testdata/wyoming/client.py", fmt.Sprint(port), string(text))
	var got struct {
		Info struct {
			Wake []struct {
				Name   string
				Models []struct{ Name, Phrase string }
			}
		}
		Heard [][][2]any
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if len(got.Info.Wake) != 1 || fmt.Sprint(got.Info.Wake[0].Models) != "[{okay_nabu Okay Nabu} {alexa Alexa} {hey_jarvis Hey Jarvis}]" {
		t.Errorf("%+v", got.Info)
	}
	var names [][]string
	for _, heard := range got.Heard {
		var of []string
		for _, k := range heard {
			of = append(of, k[0].(string))
			if at := k[1].(float64); k[0] != "" && (at < 300 || at > 4000) {
				t.Errorf("%v at %v ms", k[0], at)
			}
		}
		names = append(names, of)
	}
	want := [][]string{{"okay_nabu"}, {"alexa"}, {"okay_nabu"}, {""}, {"hey_jarvis"}, {"okay_nabu"}, {""}}
	if !reflect.DeepEqual(names, want) {
		t.Errorf("heard %v, want %v", names, want)
	}
	s.signal(t, syscall.SIGINT)
	s.endsWith(t, exitDone)
	lines, err := os.ReadFile(filepath.Join(dir, "words.jsonl"))
	if n := strings.Count(string(lines), `"task":"wakeword"`); err != nil || n != 5 || strings.Count(string(lines), "wyoming:127.0.0.1:") != 5 {
		t.Errorf("%d lines, %v: %s", n, err, lines)
	}
	p := summaryOf(t, dir).Pipelines["voice"]
	if p.Errors.Total != 0 || p.Sound == nil || p.Sound.Seconds < 7 || p.Models["okay_nabu"].Events != 3 || p.Models["hey_jarvis"].Events != 1 {
		t.Errorf("summary %+v", p)
	}
}
