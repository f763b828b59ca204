package configs

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"corallite/internal/sink"
	"corallite/internal/sink/annotate"
	"corallite/pipeline/camera"
)

func TestPrecedence(t *testing.T) {
	workingFolder(t, t.Chdir)
	t.Setenv("CORALLITE_MODELS_M_THREADS", "3")
	t.Setenv("CORALLITE_MODELS_M_ENGINES", "2")
	t.Setenv("CORALLITE_MODELS_M_DEVICE", "") // empty: none
	t.Setenv("CORALLITE_MODELS_M_CATEGORY_ALLOWLIST", "[person, cat]")
	t.Setenv("CORALLITE_MODELS_M_MEAN", "[1, 2, 3.5]")
	t.Setenv("CORALLITE_MODELS_M_STD", "2")
	t.Setenv("CORALLITE_PIPELINES_DOOR_SINKS", "[jsonl: {path: env.jsonl}, table: {path: env.txt}]")
	t.Setenv("CORALLITE_LOG_LEVEL", "debug")
	t.Setenv("CORALLITE_CACHE", "/x") // the program's own
	cfg := mustLoad(t, small, "models.m.engines=5", "models.m.score_threshold=1e-1", "pipelines.door.sinks.1.table.path=set.txt")
	m := cfg.Models["m"]
	if m.Threads != 3 || m.Engines != 5 || m.ScoreThreshold != 0.1 || m.Device != "" {
		t.Errorf("%+v", m)
	}
	if !slices.Equal(m.Allow, []string{"person", "cat"}) || !slices.Equal(m.Mean, []float64{1, 2, 3.5}) || !slices.Equal(m.Std, []float64{2}) {
		t.Errorf("%+v", m)
	}
	want := []Sink{&sink.JSONLConfig{Path: "env.jsonl", Append: true, Queue: 4}, &sink.TableConfig{Path: "set.txt", Append: true, Queue: 4}}
	if got := cfg.Pipelines["door"].Sinks; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if cfg.Log.Level != "debug" {
		t.Errorf("%+v", cfg.Log)
	}
}

// TestOtherSource sets another kind of source in a later layer.
func TestOtherSource(t *testing.T) {
	workingFolder(t, t.Chdir)
	want := func(cfg *Config, want Source) {
		t.Helper()
		if got := cfg.Pipelines["door"].Source; !reflect.DeepEqual(got, want) {
			t.Errorf("%#v, want %#v", got, want)
		}
	}
	want(mustLoad(t, small, "pipelines.door.source.video=clip.mp4"), &camera.VideoConfig{Video: []string{"clip.mp4"}, Decode: "auto", Hardware: "none"})
	t.Setenv("CORALLITE_PIPELINES_DOOR_SOURCE_FOLDER", "folder")
	want(mustLoad(t, small), &camera.FolderConfig{Folder: "folder", Decode: "auto"})
	want(mustLoad(t, small, "pipelines.door.source={images: [pic.jpg]}"), &camera.ImagesConfig{Images: []string{"pic.jpg"}, Decode: "auto"})
	t.Setenv("CORALLITE_PIPELINES_DOOR_SOURCE_FOLDER", "")
	webcam := strings.Replace(small, `{images: "*.jpg"}`, "{camera: 0, width: 640, height: 480}", 1)
	want(mustLoad(t, webcam, "pipelines.door.source={url: 'http://192.0.2.1/'}"), &camera.URLConfig{URL: "http://192.0.2.1/", Transport: "auto", Hardware: "none"})
	want(mustLoad(t, webcam, "pipelines.door.source.camera=1"), &camera.DeviceConfig{Camera: "1", Width: 640, Height: 480})
	_, err := load(t, small, "pipelines.door.source.video=clip.mp4", "pipelines.door.source.images=pic.jpg")
	wantProblems(t, err, `--set pipelines.door.source.video=clip.mp4: pipelines.door.source.video: images is set as well: expected only one of `+sourceKinds())
	_, err = load(t, small, "pipelines.door.source.video=[clip.mp4, gone.mp4]")
	wantProblems(t, err, `--set pipelines.door.source.video=[clip.mp4, gone.mp4]: pipelines.door.source.video[1]: cannot be read: gone.mp4: no such file or directory`)
}

func TestSetText(t *testing.T) {
	workingFolder(t, t.Chdir)
	writeFile(t, "12", "x")
	writeFile(t, "a: b", "x")
	for arg, want := range map[string]string{
		"models.m.path=12": "12", "models.m.path=a: b": "a: b", `models.m.path="12"`: "12", "models.m.path='12'": "12",
	} {
		if got := mustLoad(t, small, arg).Models["m"].Path; got != want {
			t.Errorf("%s: %q", arg, got)
		}
	}
	cfg := mustLoad(t, small, "models.m={threads: 7, engines: 2}", "models={m: {engines: 3}}",
		"pipelines.door.sinks.1.pictures={dir: other, queue: 2}", "pipelines.door.sinks.0.jsonl.append=true")
	if m := cfg.Models["m"]; m.Threads != 7 || m.Engines != 3 {
		t.Errorf("%+v", m)
	}
	want := []Sink{&sink.JSONLConfig{Path: "found.jsonl", Append: true, Queue: 4}, &annotate.PicturesOptions{Dir: "other", Queue: 2}}
	if got := cfg.Pipelines["door"].Sinks; !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	// Keys that a file lacks may come from --set.
	cfg = mustLoad(t, "models: {m: {task: detect}}\npipelines: {p: {source: {}, models: m, sinks: [table: ]}}",
		"models.m.path=m.tflite", "pipelines.p.source.video=clip.mp4")
	if cfg.Models["m"].Path != "m.tflite" {
		t.Errorf("%+v", cfg.Models["m"])
	}
}

func TestBadSet(t *testing.T) {
	workingFolder(t, t.Chdir)
	for arg, want := range map[string]string{
		"models.m.threads":                            "expected KEY=VALUE, as in models.faces.score_threshold=0.6",
		"=3":                                          "expected KEY=VALUE, as in models.faces.score_threshold=0.6",
		"models.m.theards=3":                          `models.m.theards: unknown key; did you mean "threads"?`,
		"modles.m.threads=3":                          `modles: unknown key; did you mean "models"?`,
		"models.mm.threads=3":                         `models.mm: there is no model "mm"; did you mean "m"?`,
		"models.M.threads=3":                          `models.M: there is no model "M"; did you mean "m"?`,
		"models={other: {path: m.tflite}}":            `models.other: there is no model "other"; there are m`,
		"models.m.threads=many":                       `models.m.threads: expected an integer from 0 to 256, not the string "many"`,
		"models.m.threads=-2":                         `models.m.threads: -2 is not a possible value: expected an integer from 0 to 256`,
		"models.m.threads=[1":                         `models.m.threads: a list that begins here with "[" has no "," or "]" where one is needed`,
		"models.m.threads=":                           `models.m.threads: expected an integer from 0 to 256, not nothing`,
		"models.m.path=":                              `models.m.path: the string is empty`,
		"models.m.path=x.tflite":                      "models.m.path: there is no file x.tflite in the working directory or models; `corallite models list` has the names of those that can be pulled",
		"models.m.path.x=1":                           `models.m.path: has no keys of its own: expected a string`,
		"models.m={theards: 3}":                       `models.m.theards: unknown key; did you mean "threads"?`,
		"pipelines.door.sinks.2.jsonl.path=x":         `pipelines.door.sinks: has no element 2 (it has 2)`,
		"pipelines.door.sinks.x.jsonl.path=x":         `pipelines.door.sinks: expected an index (from 0), not "x"`,
		"pipelines.door.sinks.0.table.path=x":         `pipelines.door.sinks[0].table: unknown key; possible keys: jsonl`,
		"pipelines.door.sinks.0=x":                    `pipelines.door.sinks[0]: expected a key of the element, or the whole list`,
		"pipelines.door.sinks.1.pictures.dir=pic.jpg": `pipelines.door.sinks[1].pictures.dir: pic.jpg is a file: expected a folder`,
		"pipelines.door.sinks=[]":                     `pipelines.door.sinks: the list is empty: expected a list whose elements are each one of ` + sinkKinds(),
		"pipelines.door.models=[m, n]":                `pipelines.door.models[1]: there is no model "n"; there are m`,
	} {
		_, err := load(t, small, arg)
		wantProblems(t, err, "--set "+arg+": "+want)
	}
}

func TestBadEnvironment(t *testing.T) {
	workingFolder(t, t.Chdir)
	for _, v := range [][2]string{
		{"CORALLITE_MODELS_M_THREADS", "two"}, {"CORALLITE_MODELS_M_THEARDS", "2"}, {"CORALLITE_SOMETHING_ELSE", "1"},
		{"CORALLITE_PIPELINES_DOOR_SINKS", "[tabel: {}]"}, {"CORALLITE_MODEL_MIROR", "x"}, {"CORALLITE_EMPTY", ""},
		{"CORALLITE_MODELS_A_B_THREADS", "1"}, {"CORALLITE_LOG_LINES", "1"},
		{"CORALLITE_PIPELINE_DOOR_SOURCE_VIDEO", "clip.mp4"},
	} {
		t.Setenv(v[0], v[1])
	}
	writeFile(t, "c.yaml", small+"log: {level: warn}\n")
	writeFile(t, "d.yaml", "models:\n  a-b: {path: m.tflite, task: detect}\n  a.b: {path: m.tflite, task: detect}\n")
	store, _ := emptyStore(t)
	_, err := Load([]string{"c.yaml", "d.yaml"}, LoadOptions{Models: store})
	problems, _ := err.(Problems)
	slices.SortFunc(problems, func(a, b Problem) int {
		if a.String() < b.String() {
			return -1
		}
		return 1
	})
	wantProblems(t, err,
		`environment variable CORALLITE_LOG_LINES: matches no key: expected CORALLITE_ and the path of a key, as in CORALLITE_LOG_LEVEL`,
		`environment variable CORALLITE_MODELS_A_B_THREADS: models.a.b.threads: also means models.a-b.threads: rename one of them, or use --set`,
		`environment variable CORALLITE_MODELS_M_THEARDS: matches no key; did you mean CORALLITE_MODELS_M_THREADS?`,
		`environment variable CORALLITE_MODELS_M_THREADS: models.m.threads: expected an integer from 0 to 256, not the string "two"`,
		`environment variable CORALLITE_MODEL_MIROR: matches no key; did you mean CORALLITE_MODEL_MIRROR?`,
		`environment variable CORALLITE_PIPELINES_DOOR_SINKS: pipelines.door.sinks[0].tabel: unknown key; did you mean "table"?`,
		`environment variable CORALLITE_PIPELINE_DOOR_SOURCE_VIDEO: matches no key; did you mean CORALLITE_PIPELINES_DOOR_SOURCE_VIDEO?`,
	)
}
