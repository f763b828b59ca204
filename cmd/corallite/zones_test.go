package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/pipeline"
)

// TestRunWithZones takes the first seconds of a street through zones, a line, masks and sinks of each kind of life, and
// holds what they say against each other.
func TestRunWithZones(t *testing.T) {
	dir := t.TempDir()
	clip := filepath.Join(dir, "clip.avi")
	if err := os.WriteFile(clip, head(t, "video/vtest.avi", 1_000_000), 0o644); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, "run.yaml")
	file := func(name string) string { return filepath.Join(dir, name) }
	text := fmt.Sprintf(`
models:
  coco: {path: %s, labels: %s, task: detect, track: true, category_allowlist: [person, car]}
pipelines:
  street:
    source: {video: %s}
    models: coco
    zones:
      road: {coordinates: "0.3,0.25,0.95,0.25,0.95,0.75,0.45,0.6", distances: [12, 14, 10, 9]}
      sky: {coordinates: [[0, 0], [1, 0], [1, 0.02]], inertia: 1}
    lines: {gate: {coordinates: "520,120,520,430", a_to_b: left, b_to_a: right}}
    masks: "0.8,0,1,0,1,0.17,0.8,0.17"
    filters: {person: {max_area: 0.2}}
    labels: {car: person}
    sinks:
      - jsonl: {path: %s}
      - jsonl: {path: %s, when: new}
      - jsonl: {path: %s, when: change}
      - jsonl: {path: %s, when: end}
      - pictures: {dir: %s, when: end}
      - table: {path: %s}
  still:
    source: {video: %s}
    models: coco
    motion: {warm_up: 0, hold: 0, masks: "0,0,1,0,1,1,0,1"}
    sinks: [jsonl: {path: %s}]
`, testdata.Path(t, "models/ssd_mobilenet_v1_coco_quant.tflite"), testdata.Path(t, "labels/coco_labels.txt"), clip,
		file("all"), file("new"), file("change"), file("end"), file("best"), file("table"), clip, file("still"))
	if err := os.WriteFile(config, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	code, _, stderr := command("run", config)
	if code != exitFailed && code != exitDone { // the clip breaks off
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	all := readEvents(t, file("all"))
	if len(all) < 50 {
		t.Fatalf("%d events", len(all))
	}
	tracks, entered, crossed := map[uint64]bool{}, 0, 0
	for _, ev := range all {
		for _, d := range ev.Detections {
			if d.Track != 0 {
				tracks[d.Track] = true
			}
			if d.Label != "person" || d.Box[3] < 0.17*576 && (d.Box[0]+d.Box[2])/2 > 0.8*768 {
				t.Errorf("%+v counts", d)
			}
			entered += len(d.Entered)
			crossed += len(d.Crossed)
			if slices.Contains(d.Zones, "road") != (d.Dwell["road"] > 0) || slices.Contains(d.Zones, "sky") {
				t.Errorf("%+v", d)
			}
		}
	}
	if entered < 4 || crossed < 2 {
		t.Errorf("%d entered, %d crossed", entered, crossed)
	}
	last, err := os.ReadFile(file("all"))
	if err != nil {
		t.Fatal(err)
	}
	var counts struct {
		Counts struct {
			Zones map[string]struct{ Entered map[string]int }
			Lines map[string]map[string]map[string]int
		}
	}
	lines := bytes.Split(bytes.TrimSpace(last), []byte("\n"))
	if err := json.Unmarshal(lines[len(lines)-1], &counts); err != nil {
		t.Fatal(err)
	}
	gate := counts.Counts.Lines["gate"]
	if counts.Counts.Zones["road"].Entered["person"] != entered || gate["left"]["person"]+gate["right"]["person"] != crossed {
		t.Errorf("%d entered and %d crossed, but the counts are %+v", entered, crossed, counts.Counts)
	}
	begun := map[uint64]int{}
	for _, ev := range readEvents(t, file("new")) {
		for _, d := range ev.Detections {
			begun[d.Track]++
		}
	}
	ended := map[uint64]int{}
	for _, ev := range readEvents(t, file("end")) {
		for _, e := range ev.Ended {
			if e.Track != 0 {
				ended[e.Track]++
			}
			if e.Life == nil || len(ev.Detections) == 0 || e.Life.Best.Seq != ev.Seq || e.Life.EndS < e.Life.StartS {
				t.Errorf("%+v with %+v", e, ev.Detections)
			}
		}
	}
	for n := range tracks {
		if begun[n] != 1 || ended[n] != 1 {
			t.Errorf("track %d begins %d times and ends %d times", n, begun[n], ended[n])
		}
	}
	if changes := len(readEvents(t, file("change"))); changes <= len(begun) || changes >= len(all) {
		t.Errorf("%d changes of %d tracks in %d frames", changes, len(begun), len(all))
	}
	if pictures, err := os.ReadDir(file("best")); err != nil || len(pictures) < 3 {
		t.Errorf("%d pictures, %v", len(pictures), err)
	}
	if table, err := os.ReadFile(file("table")); err != nil || !strings.Contains(string(table), " in road") || !strings.Contains(string(table), " gate:left") {
		t.Errorf("%v\n%s", err, table)
	}
	if still := readEvents(t, file("still")); len(still) > 1 { // the first picture passes: the background is not known
		t.Errorf("%d pictures passed, though nothing counts as motion", len(still))
	}
}

func readEvents(t *testing.T, path string) (all []pipeline.Event) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(data) {
		var ev pipeline.Event
		if err := json.Unmarshal(line, &ev); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		all = append(all, ev)
	}
	return all
}

// TestRunWithLivesOfSound hears a word eight times within twelve seconds, and after a pause twice: two events.
func TestRunWithLivesOfSound(t *testing.T) {
	const rate = 8000
	pause := func(seconds int) []byte { return make([]byte, 2*rate*seconds) }
	samples := pause(1)
	for i := 1; i <= 10; i++ {
		file, err := os.ReadFile(testdata.Path(t, fmt.Sprintf("speech/digits/7_george_%d.wav", i)))
		if err != nil || string(file[36:40]) != "data" {
			t.Fatalf("%v, or another form of header", err)
		}
		samples = slices.Concat(samples, file[44:], pause(1))
		if i == 8 {
			samples = append(samples, pause(12)...)
		}
	}
	var wav bytes.Buffer
	wav.WriteString("RIFF")
	for _, v := range []any{
		uint32(36 + len(samples)), []byte("WAVEfmt "), uint32(16), uint16(1), uint16(1), uint32(rate), uint32(2 * rate), uint16(2), uint16(16),
		[]byte("data"), uint32(len(samples)), samples,
	} {
		if err := binary.Write(&wav, binary.LittleEndian, v); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	model, err := filepath.Abs("../../models/digits_quant.tflite")
	if err != nil {
		t.Fatal(err)
	}
	text := fmt.Sprintf(`
models: {digits: {path: %s, task: keyword}}
pipelines:
  p:
    source: {sound: %s}
    models: digits
    sinks: [jsonl: {path: %s}, jsonl: {path: %s, when: new}, jsonl: {path: %s, when: end}, jsonl: {path: %s, min_interval: 4}]
`, model, file("sevens.wav"), file("all"), file("new"), file("end"), file("spaced"))
	for name, data := range map[string][]byte{"sevens.wav": wav.Bytes(), "run.yaml": []byte(text)} {
		if err := os.WriteFile(file(name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := command("run", file("run.yaml")); code != exitDone {
		t.Fatalf("exit code %d:\n%s", code, stderr)
	}
	all, begun, ended, spaced := readEvents(t, file("all")), readEvents(t, file("new")), readEvents(t, file("end")), readEvents(t, file("spaced"))
	if len(all) < 6 || len(begun) != 2 || len(ended) != 2 || len(spaced) < 3 || len(spaced) >= len(all) {
		t.Fatalf("%d results, %d beginnings, %d ends, %d with a pause", len(all), len(begun), len(ended), len(spaced))
	}
	for i, want := range []struct{ least, most float64 }{{10, 14}, {2, 4}} {
		e := ended[i].Ended[0]
		if e.Label != "seven" || e.Seconds < want.least || e.Seconds > want.most || e.Life == nil || math.Abs(e.Life.EndS-e.Life.StartS-e.Seconds) > 0.002 ||
			len(ended[i].Keywords) != 1 || ended[i].Keywords[0].Score != e.Life.Best.Score {
			t.Errorf("%+v %+v with %+v", e, e.Life, ended[i].Keywords)
		}
	}
}
