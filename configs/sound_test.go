package configs

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/key"
	"corallite/internal/wyoming"
	microphone "corallite/pipeline/mic"
)

// TestEverySoundKey gives every key of sound its example, and expects it in the structs.
func TestEverySoundKey(t *testing.T) {
	workingFolder(t, t.Chdir)
	for _, name := range []string{"okay_nabu.json", "melspectrogram.tflite", "embedding_model.tflite", "calls/a.wav", "recordings/a.wav"} {
		writeFile(t, name, "x")
	}
	// Of the model, which of its keys are not for it.
	others := map[string][]string{
		"micro":  {"melspectrogram", "embedding", "patience", "features", "step", "smoothing", "thresholds", "groups"},
		"open":   {"manifest", "features", "step", "smoothing", "thresholds", "groups"},
		"digits": {"manifest", "melspectrogram", "embedding", "patience"},
	}
	var b strings.Builder
	b.WriteString("models:\n")
	for _, model := range slices.Sorted(maps.Keys(others)) {
		task := TaskWakeword
		if model == "digits" {
			task = TaskKeyword
		}
		b.WriteString("  " + model + ":\n    path: m.tflite\n    task: " + task + "\n")
		for _, k := range new(SoundSettings).Keys().Keys() {
			switch {
			case slices.Contains(others[model], k.Name):
			case k.Kind == key.KindGroup:
				b.WriteString("    " + k.Name + ":\n")
				for _, c := range k.Keys {
					b.WriteString("      " + c.Name + ": " + c.Example + "\n")
				}
			default:
				b.WriteString("    " + k.Name + ": " + k.Example + "\n")
			}
		}
	}
	b.WriteString(`pipelines:
  mic:
    source: {microphone: USB Audio Device, channel: left, deadline: 20}
    vad: true
    models: [micro, open, digits]
    sinks: [jsonl: {path: a.jsonl}]
  files:
    source: {sound: ["calls/*.wav"]}
    models: [digits]
    sinks: [jsonl: {path: b.jsonl}]
  pipe:
    source: {sound: "-", format: f32le, rate: 48000, channels: 2, channel: 2}
    models: [digits]
    sinks: [jsonl: {path: c.jsonl}]
  inbox:
    source: {sound_folder: recordings, channel: mix}
    models: [digits]
    sinks: [jsonl: {path: d.jsonl}]
  server:
    source: {wyoming: "tcp://0.0.0.0:10400", announce: hall, connections: 4}
    models: [micro]
    sinks: [jsonl: {path: e.jsonl}]
`)
	cfg := mustLoad(t, b.String())
	for model, not := range others {
		m := cfg.Models[model]
		for _, k := range new(SoundSettings).Keys().Keys() {
			if has := isSet(m.SoundSettings.Keys(), k.Name); has == slices.Contains(not, k.Name) {
				t.Errorf("models.%s.%s is %v", model, k.Name, has)
			}
		}
	}
	digits := cfg.Models["digits"]
	for _, k := range digits.Features.Keys().Keys() {
		if !isSet(digits.Features.Keys(), k.Name) {
			t.Errorf("features.%s is not taken over", k.Name)
		}
	}
	if got := cfg.Models["digits"].Thresholds; !maps.Equal(got, map[string]float64{"yes": 0.6, "no": 0.8}) {
		t.Errorf("thresholds %v", got)
	}
	mic, files, pipe := cfg.Pipelines["mic"], cfg.Pipelines["files"], cfg.Pipelines["pipe"]
	if !mic.VAD || !reflect.DeepEqual(mic.Source, &microphone.MicrophoneConfig{Microphone: "USB Audio Device", Channel: "left", Deadline: 20 * time.Second}) || files.VAD {
		t.Errorf("%+v", mic)
	}
	if !reflect.DeepEqual(files.Source, &microphone.SoundConfig{Sound: []string{"calls/*.wav"}}) || !files.Sounds() {
		t.Errorf("%+v", files)
	}
	if s := pipe.Source; !reflect.DeepEqual(s, &microphone.SoundConfig{Sound: []string{"-"}, Format: "f32le", Rate: 48000, Channels: 2, Channel: "2"}) {
		t.Errorf("%+v", s)
	}
	if s := cfg.Pipelines["inbox"].Source; !reflect.DeepEqual(s, &microphone.FolderConfig{Folder: "recordings", Channel: "mix"}) {
		t.Errorf("%+v", s)
	}
	if s := cfg.Pipelines["server"].Source; !reflect.DeepEqual(s, &wyoming.Config{URI: "tcp://0.0.0.0:10400", Announce: "hall", Connections: 4}) {
		t.Errorf("%+v", s)
	}
	if m := cfg.Models["micro"]; m.ScoreThreshold != 0 || !m.Listens() || m.Manifest != "okay_nabu.json" {
		t.Errorf("%+v", m)
	}

	shown, err := Show(cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	again := mustLoad(t, string(shown))
	if !reflect.DeepEqual(again.Models, cfg.Models) || !reflect.DeepEqual(again.Pipelines, cfg.Pipelines) {
		t.Errorf("what is shown is not the same:\n%s", shown)
	}
}

// TestManifestBeside finds a wake word's manifest by the model's name, and keeps the capitals of labels.
func TestManifestBeside(t *testing.T) {
	workingFolder(t, t.Chdir)
	writeFile(t, "m.json", "{}")
	text := `
models:
  word: {path: m.tflite, task: wakeword}
  key: {path: m.tflite, task: keyword, thresholds: {Yes: 0.5, "no way": 1}}
pipelines: {p: {source: {sound: clip.mp4}, models: [word, key], sinks: [jsonl: {}]}}
`
	cfg := mustLoad(t, text, "models.key.thresholds={Stop: 0.25}")
	if got := cfg.Models["word"].Manifest; got != "m.json" {
		t.Errorf("manifest %q", got)
	}
	if got := cfg.Models["key"].Thresholds; !maps.Equal(got, map[string]float64{"Stop": 0.25}) {
		t.Errorf("thresholds %v", got)
	}
	if got := mustLoad(t, text).Models["key"].Thresholds; !maps.Equal(got, map[string]float64{"Yes": 0.5, "no way": 1}) {
		t.Errorf("thresholds %v", got)
	}
}

// TestPicturesAndSound has models on both in one pipeline, and is shown and read again without change.
func TestPicturesAndSound(t *testing.T) {
	workingFolder(t, t.Chdir)
	writeFile(t, "m.json", "{}")
	writeFile(t, "film.mp4", "x")
	cfg := mustLoad(t, `
models:
  see: {path: m.tflite, task: detect}
  hear: {path: m.tflite, task: wakeword}
pipelines:
  both: {source: {video: film.mp4}, models: [hear, see], every: 2, vad: true, sinks: [jsonl: {path: a.jsonl}, pictures: {dir: p}]}
  camera: {source: {url: "rtsp://yard/1"}, models: [see, hear], sinks: [jsonl: {path: b.jsonl}]}
  deaf: {source: {url: "rtsp://yard/1"}, models: [hear], sinks: [jsonl: {path: c.jsonl}]}
`)
	if pictures, sound := cfg.Takers(cfg.Pipelines["both"]); !reflect.DeepEqual(pictures, []string{"see"}) || !reflect.DeepEqual(sound, []string{"hear"}) {
		t.Errorf("%v take pictures, %v sound", pictures, sound)
	}
	shown, err := Show(cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	if again := mustLoad(t, string(shown)); !reflect.DeepEqual(again.Pipelines, cfg.Pipelines) {
		t.Errorf("what is shown is not the same:\n%s", shown)
	}
}
