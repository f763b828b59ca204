package configs

import (
	"errors"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"corallite/internal/key"
	"corallite/internal/score"
	"corallite/internal/sink"
	"corallite/internal/sink/annotate"
	"corallite/pipeline/camera"
	"corallite/pipeline/vision"
)

const small = `
models:
  m: {path: m.tflite, task: detect, labels: labels.txt, threads: 2}
pipelines:
  door:
    source: {images: "*.jpg"}
    models: [m]
    sinks:
      - jsonl: {path: found.jsonl}
      - pictures: {dir: out, queue: 9}
`

// load loads one file of that text in the working directory.
func load(t *testing.T, text string, set ...string) (*Config, error) {
	t.Helper()
	writeFile(t, "c.yaml", text)
	store, _ := emptyStore(t)
	return Load([]string{"c.yaml"}, LoadOptions{Models: store, ReadLabels: lines, Set: set})
}

func mustLoad(t *testing.T, text string, set ...string) *Config {
	t.Helper()
	cfg, err := load(t, text, set...)
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

// wantProblems fails unless the problems are exactly these.
func wantProblems(t *testing.T, err error, want ...string) {
	t.Helper()
	var problems Problems
	if !errors.As(err, &problems) {
		t.Fatalf("%v is no Problems; want %q", err, want)
	}
	var got []string
	for _, p := range problems {
		got = append(got, p.String())
	}
	if !slices.Equal(got, want) {
		t.Errorf("problems:\n%s\nwant:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestDefaults(t *testing.T) {
	workingFolder(t, t.Chdir)
	cfg := mustLoad(t, small)
	want := Model{
		Path: "m.tflite", LabelsFile: "labels.txt", Threads: 2,
		Settings: vision.Settings{Task: TaskDetect, Settings: score.Settings{Labels: []string{"person", "cat"}, ScoreThreshold: 0.5}},
	}
	if got := cfg.Models["m"]; !reflect.DeepEqual(got, want) {
		t.Errorf("model %+v, want %+v", got, want)
	}
	wantPipeline := Pipeline{
		Source: &camera.ImagesConfig{Images: []string{"*.jpg"}, Decode: "auto"}, Models: []string{"m"}, Every: 1,
		Sinks: []Sink{&sink.JSONLConfig{Path: "found.jsonl", Append: true, Queue: 4}, &annotate.PicturesOptions{Dir: "out", Queue: 9}},
	}
	if got := cfg.Pipelines["door"]; !reflect.DeepEqual(got, wantPipeline) {
		t.Errorf("pipeline %+v, want %+v", got, wantPipeline)
	}
	if cfg.Log.Level != "info" || !reflect.DeepEqual(cfg.EdgeTPU, EdgeTPU{Heat: "throttle"}) {
		t.Errorf("%+v %+v", cfg.Log, cfg.EdgeTPU)
	}
	cfg = mustLoad(t, strings.Replace(small, "detect", "classify", 1))
	if m := cfg.Models["m"]; m.ScoreThreshold != 0 || m.MaxResults != 5 {
		t.Errorf("classify: %+v", m)
	}
}

// elsewhere are models and the keys that they have in TestEveryKey, because those exclude others or are of another task.
var elsewhere = map[string][]string{
	"faces": {"category_denylist", "segments"},
	"pose":  {"keypoint_threshold"},
	"part":  {"min_share"},
	"names": {"gallery", "vector", "score_threshold"},
}

// TestEveryKey gives every key of the table its example, and expects it in the structs. TestEverySoundKey has those of
// sound.
func TestEveryKey(t *testing.T) {
	workingFolder(t, t.Chdir)
	for _, name := range []string{
		"ssd_mobilenet_v1_coco_quant.tflite", "ssd_mobilenet_v1_coco_quant_edgetpu.tflite", "street.mp4", "cat.png",
		"holiday/a.jpg", "inbox/x", "people/ada/1.jpg", "secret", "ssd_segment_0_of_2_edgetpu.tflite", "ssd_segment_1_of_2_edgetpu.tflite",
		"hand_landmark_full.tflite", "corallite.pem", "corallite.key",
	} {
		writeFile(t, name, "x")
	}
	writeFile(t, "coco_labels.txt", "person\ncat\ntoaster\n")
	t.Setenv("DOOR_PASSWORD", "x")
	t.Setenv("DOOR_TOKEN", "x")
	t.Setenv("SPEAKER_TOKEN", "x")
	t.Setenv("LIBVA_DRIVER_NAME", "x")
	cfg := mustLoad(t, "models:\n"+everyModelKey()+"pipelines:\n"+everySourceKey()+"log: {level: warn}\nedgetpu: {library: m.tflite, performance: low, heat: cpu}\nmqtt: {url: mqtt://broker}\n")

	for _, k := range modelKeys() {
		model := "m"
		for name, keys := range elsewhere {
			if slices.Contains(keys, k.Name) {
				model = name
			}
		}
		if m := cfg.Models[model]; !isSet(m.Keys(), k.Name) {
			t.Errorf("models.%s.%s is not taken over", model, k.Name)
		}
	}
	if want := []string{"images", "folder", "video", "camera", "url", "gstreamer", "ffmpeg", "url2"}; !slices.Equal(cfg.PipelineNames(), want) {
		t.Errorf("pipelines %v", cfg.PipelineNames())
	}
	for _, k := range root().Child("pipelines").Child("source").Keys {
		pipeline := k.Name
		switch {
		case forSound(k):
			continue
		case k.Name == "password_file":
			pipeline = "url2"
		case k.Requires != nil:
			pipeline = k.Requires[0]
		}
		if !isSet(cfg.Pipelines[pipeline].Source.Keys(), k.Name) {
			t.Errorf("pipelines.%s.source.%s is not taken over", pipeline, k.Name)
		}
	}
	for _, k := range root().Child("pipelines").Child("secondary").Keys {
		if secondary := cfg.Pipelines["images"].Secondary; k.Name != "square" && (secondary == nil || !isSet(secondary.Keys(), k.Name)) {
			t.Errorf("pipelines.images.secondary.%s is not taken over", k.Name)
		}
	}
	for _, k := range root().Child("pipelines").Child("motion").Keys {
		if motion := cfg.Pipelines["video"].Motion; motion == nil || !isSet(motion.Keys(), k.Name) {
			t.Errorf("pipelines.video.motion.%s is not taken over", k.Name)
		}
	}
	if m := cfg.Pipelines["folder"].Motion; m == nil || !reflect.DeepEqual(*m, Motion{Area: 0.002, Threshold: 16, Hold: 2 * time.Second, Width: 320, WarmUp: time.Second}) {
		t.Errorf("motion without keys: %+v", m)
	}
	if m := cfg.Pipelines["images"].Motion; m != nil {
		t.Errorf("nothing is said of motion: %+v", m)
	}
	if e := cfg.EdgeTPU; !reflect.DeepEqual(e, EdgeTPU{Library: "m.tflite", Performance: "low", Heat: "cpu"}) {
		t.Errorf("edgetpu %+v", e)
	}
	if p := cfg.Pipelines["folder"]; p.Priority != 10 || p.Every != 5 || p.FPS != 5 || !slices.Equal(p.Region, []float64{0, 0.5, 1, 1}) {
		t.Errorf("%+v", p)
	}
	if s := cfg.Pipelines["video"].Sinks[0].(*sink.JSONLConfig); s.Append || s.Queue != 16 || s.Path != "videojsonl.jsonl" {
		t.Errorf("sink %+v", s)
	}
}

// isSet reports whether the field of a key is not zero.
func isSet(keys key.Table, name string) bool {
	f := keys.Field(name)
	return f != nil && !f.IsZero()
}

// modelKeys are the keys of a model, without those for sound models only.
func modelKeys() []*key.Key {
	var m Model
	sound := m.SoundSettings.Keys()
	return slices.DeleteFunc(m.Keys().Keys(), func(k *key.Key) bool { return sound.Field(k.Name) != nil })
}

func everyModelKey() string {
	table := root().Child("models")
	var b strings.Builder
	b.WriteString("  m:\n")
	for _, k := range modelKeys() {
		if !slices.ContainsFunc(slices.Collect(maps.Values(elsewhere)), func(keys []string) bool { return slices.Contains(keys, k.Name) }) {
			b.WriteString("    " + k.Name + ": " + k.Example + "\n")
		}
	}
	for name, task := range map[string]string{"faces": TaskDetect, "yolo": TaskDetect, "pose": TaskPose, "part": TaskSegment, "names": TaskEmbed} {
		b.WriteString("  " + name + ":\n    path: m.tflite\n    labels: [toaster]\n    task: " + task + "\n")
		for _, key := range elsewhere[name] {
			b.WriteString("    " + key + ": " + table.Child(key).Example + "\n")
		}
	}
	return b.String()
}

func everySourceKey() string {
	var b strings.Builder
	pipelines := root().Child("pipelines")
	source := pipelines.Child("source")
	add := func(name, kind string, without ...string) {
		b.WriteString("  " + name + ":\n    source:\n      " + kind + ": " + quoted(source.Child(kind)) + "\n")
		for _, k := range source.Keys {
			if k.Requires != nil && k.Requires[0] == kind && !slices.Contains(without, k.Name) {
				b.WriteString("      " + k.Name + ": " + quoted(k) + "\n")
			}
		}
		b.WriteString("    models: [faces, m]\n    priority: 10\n    every: 5\n    fps: 5\n    region: [0, 0.5, 1, 1]\n")
		if name == "images" {
			b.WriteString("    secondary:\n")
			for _, k := range pipelines.Child("secondary").Keys {
				b.WriteString("      " + k.Name + ": " + k.Example + "\n")
			}
		}
		switch name {
		case "video":
			b.WriteString("    motion:\n")
			for _, k := range pipelines.Child("motion").Keys {
				b.WriteString("      " + k.Name + ": " + k.Example + "\n")
			}
		case "folder":
			b.WriteString("    motion: {}\n")
		}
		b.WriteString("    sinks:\n")
		for _, sink := range pipelines.Child("sinks").Keys {
			b.WriteString("      - " + sink.Name + ":\n")
			for _, o := range sink.Keys {
				if o.Name == "token_file" || o.Name == "when" && name == "images" { // token_env is there; pictures have no life
					continue
				}
				b.WriteString("          " + o.Name + ": " + strings.Replace(o.Example, "found", name+sink.Name, 1) + "\n")
			}
		}
	}
	for _, k := range source.Keys {
		if k.Requires == nil && !forSound(k) {
			add(k.Name, k.Name, "password_file")
		}
	}
	add("url2", "url", "password_env")
	return b.String()
}

// forSound reports whether a key of a source is one that only sources of sound have.
func forSound(k *key.Key) bool {
	kind := k.Name
	if k.Requires != nil {
		kind = k.Requires[0]
	}
	return slices.Contains([]string{"microphone", "sound", "sound_folder", "wyoming"}, kind)
}

// quoted returns a key's example in YAML; the table has it as people write it.
func quoted(k *key.Key) string {
	switch {
	case k.Name == "password_file":
		return "secret"
	case k.Kind == key.KindString:
		return strconv.Quote(k.Example)
	}
	return k.Example
}

// TestNames checks that names keep their spelling, with dots, capitals and digits, in every layer.
func TestNames(t *testing.T) {
	workingFolder(t, t.Chdir)
	text := `
models:
  MobileNet_v1_0.25: {path: m.tflite, task: classify, labels: [Hot Dog, no], category_allowlist: [no]}
  MobileNet_v1_0: {path: m.tflite, task: classify}
  0x10: {path: m.tflite, task: classify}
pipelines:
  Front.Door-2: {source: {video: clip.mp4}, models: [MobileNet_v1_0.25, "0x10"], sinks: [jsonl: {path: X.jsonl}]}
`
	t.Setenv("CORALLITE_MODELS_MOBILENET_V1_0_25_MAX_RESULTS", "3")
	cfg := mustLoad(t, text, "models.MobileNet_v1_0.25.threads=4", "models.MobileNet_v1_0.threads=5",
		"models.MobileNet_v1_0.25.category_allowlist=Hot Dog", "pipelines.Front.Door-2.sinks.0.jsonl.path=Y.jsonl")
	m := cfg.Models["MobileNet_v1_0.25"]
	if m.Threads != 4 || m.MaxResults != 3 || !slices.Equal(m.Allow, []string{"Hot Dog"}) {
		t.Errorf("%+v", m)
	}
	if got := cfg.Models["MobileNet_v1_0"].Threads; got != 5 {
		t.Errorf("threads %d", got)
	}
	p := cfg.Pipelines["Front.Door-2"]
	if !slices.Equal(p.Models, []string{"MobileNet_v1_0.25", "0x10"}) || p.Sinks[0].(*sink.JSONLConfig).Path != "Y.jsonl" {
		t.Errorf("%+v", p)
	}
}

func TestMergeKeys(t *testing.T) {
	workingFolder(t, t.Chdir)
	cfg := mustLoad(t, `
models:
  a: &a {path: m.tflite, task: detect, threads: 3}
  b: &b {<<: *a, threads: 4, engines: 2}
  c: {<<: [*b, *a], engines: 1}
pipelines: {p: {source: {video: clip.mp4}, models: [a, b, c], sinks: [table: ]}}
`)
	if b, c := cfg.Models["b"], cfg.Models["c"]; b.Threads != 4 || b.Path != "m.tflite" || c.Threads != 4 || c.Engines != 1 {
		t.Errorf("%+v %+v", b, c)
	}
	_, err := load(t, "models: &m\n  <<: *m\n  a: &a {<<: [*a], path: m.tflite, task: detect}\n")
	wantProblems(t, err, "c.yaml: nothing to run: pipelines is missing")
}

func TestSeveralFiles(t *testing.T) {
	dir := workingFolder(t, t.Chdir)
	store, _ := emptyStore(t)
	o := LoadOptions{Models: store}
	// A model's path is relative to the file that names it.
	writeFile(t, "sub/models.yaml", "models:\n  a: {path: deep.tflite, task: detect}\n  b: {path: there.tflite, task: detect}\nlog: {level: warn}\n")
	writeFile(t, "sub/deep.tflite", "x")
	writeFile(t, "sub/models/there.tflite", "x")
	writeFile(t, "door.yaml", "pipelines:\n  door: {source: {video: clip.mp4}, models: [a, b], sinks: [table: ]}\n")
	cfg, err := Load([]string{"door.yaml", filepath.Join(dir, "sub/models.yaml")}, o)
	if err != nil {
		t.Fatal(err)
	}
	if got := cfg.Models["a"].Path; got != filepath.Join(dir, "sub/deep.tflite") {
		t.Errorf("a is %s", got)
	}
	if got := cfg.Models["b"].Path; got != filepath.Join(dir, "sub/models/there.tflite") {
		t.Errorf("b is %s", got)
	}
	writeFile(t, "more.yaml", "log: {level: debug}\nmodels:\n  a: {path: m.tflite, task: detect}\n")
	_, err = Load([]string{"sub/models.yaml", "door.yaml", "more.yaml", "door.yaml", "nothing.yaml", "folder"}, o)
	wantProblems(t, err,
		"door.yaml: is given twice",
		"more.yaml:1: log.level: already set in sub/models.yaml:4",
		"more.yaml:3: models.a: already defined in sub/models.yaml:2",
		"nothing.yaml: no such file",
		"folder: this is a folder; name the YAML file in it")
	_, err = Load(nil, o)
	wantProblems(t, err, "no configuration file given")
	writeFile(t, "binary.yaml", "\x00\x01\x02")
	writeFile(t, "latin.yaml", "models: {a: {path: K\xe4se.tflite}}\n")
	writeFile(t, "big.yaml", strings.Repeat("#", maxFile+1))
	_, err = Load([]string{"binary.yaml", "latin.yaml", "big.yaml"}, o)
	wantProblems(t, err,
		"binary.yaml:1: this is not a text file",
		"latin.yaml:1: this is not a text file in UTF-8",
		"big.yaml: is too large for a configuration: 4194305 bytes, of at most 4194304")
}

func TestFinding(t *testing.T) {
	workingFolder(t, t.Chdir)
	writeFile(t, "models/n.tflite", "x")
	writeFile(t, "models/n_edgetpu.tflite", "x")
	writeFile(t, "models/n.txt", "one\n")
	writeFile(t, "m_edgetpu.tflite", "x")
	writeFile(t, "p[1].jpg", "x")
	cfg := mustLoad(t, `
models:
  n: {path: n.tflite, task: classify, labels: n.txt, edgetpu: n_edgetpu.tflite, delegate: edgetpu}
  m: {path: m.tflite, task: classify, delegate: edgetpu}
  c: {path: m_edgetpu.tflite, task: classify, delegate: edgetpu}
pipelines:
  p: {source: {images: ["p[1].jpg"]}, models: n, sinks: [table: ]}
`)
	if n := cfg.Models["n"]; n.Path != "models/n.tflite" || n.LabelsFile != "models/n.txt" || n.EdgeTPU != "models/n_edgetpu.tflite" || n.Labels[0] != "one" {
		t.Errorf("%+v", n)
	}
}

func TestProblemString(t *testing.T) {
	for want, p := range map[string]Problem{
		"a.yaml:3: models.m: x": {File: "a.yaml", Line: 3, Path: "models.m", Message: "x"},
		"a.yaml: x":             {File: "a.yaml", Message: "x"},
		"x":                     {Message: "x"},
		"--set a=b: a: x":       {File: "--set a=b", Path: "a", Message: "x"},
	} {
		if got := p.String(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
