package configs

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"go.uber.org/goleak"
	"go.yaml.in/yaml/v3"

	"corallite/internal/testdata"
	"corallite/models"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func compiledSchema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	text, err := Schema()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	if err := c.AddResource("corallite.schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("corallite.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(s *jsonschema.Schema, text []byte) error {
	var doc any
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return err
	}
	return s.Validate(doc)
}

// TestShipped loads every file that ships, with what it names in place, and holds it against the schema.
func TestShipped(t *testing.T) {
	files, err := filepath.Glob("*.yaml")
	if err != nil || len(files) < 3 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	here, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	schema := compiledSchema(t)
	store := shippedStore(t)
	t.Setenv("CAMERA_PASSWORD", "x")
	for _, file := range files {
		t.Run(file, func(t *testing.T) {
			file := filepath.Join(here, file)
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(schema, text); err != nil {
				t.Error(err)
			}
			t.Chdir(t.TempDir())
			makeSources(t, text)
			file = withStandIn(t, file, text)
			cfg, err := Load([]string{file}, LoadOptions{Models: store, ReadLabels: lines})
			if err != nil {
				t.Fatal(err)
			}
			roundTrip(t, cfg, schema, store)
			for name, m := range cfg.Models {
				if m.Catalog == "" {
					t.Errorf("%s is not of the catalog: %+v", name, m)
				}
				if !strings.HasPrefix(m.Catalog, "face_") {
					continue
				}
				if !strings.HasPrefix(m.Decoder, "mediapipe_face_") || m.Resize != "letterbox" || m.NMSThreshold != 0.3 {
					t.Errorf("%s does not have what the catalog knows: %+v", name, m)
				}
			}
		})
	}
}

// withStandIn returns the file itself, or a copy that names a stand-in for the one model that the test data does not have
// and that no other file can be taken for, because the catalog knows what it is.
func withStandIn(t *testing.T, file string, text []byte) string {
	t.Helper()
	const absent = "path: ssd_mobilenet_v2_coco_quant_postprocess,"
	if !bytes.Contains(text, []byte(absent)) {
		return file
	}
	for as, name := range map[string]string{
		"stand_in.tflite": "models/ssd_mobilenet_v1_coco_quant.tflite", "stand_in_edgetpu.tflite": "models/mobilenet_v1_0.25_128_quant_edgetpu.tflite",
	} {
		if err := os.Symlink(testdata.Path(t, name), as); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, "shipped.yaml", strings.Replace(string(text), absent, "path: stand_in.tflite,", 1))
	return "shipped.yaml"
}

// shippedStore has the models that the shipped files name, of the test data.
func shippedStore(t *testing.T) *models.Store {
	t.Helper()
	usual, err := models.Open(models.Options{})
	if err != nil {
		t.Fatal(err)
	}
	mirror := t.TempDir()
	for as, name := range map[string]string{
		"ssd_mobilenet_v1_coco_quant.tflite":               "models/ssd_mobilenet_v1_coco_quant.tflite",
		"movenet_single_pose_lightning_ptq.tflite":         "models/movenet_single_pose_lightning_ptq.tflite",
		"movenet_single_pose_lightning_ptq_edgetpu.tflite": "models/movenet_single_pose_lightning_ptq_edgetpu.tflite",
		"coco_labels.txt":                                  "labels/coco_labels.txt",
	} {
		if err := os.Symlink(testdata.Path(t, name), filepath.Join(mirror, as)); err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("PATH", t.TempDir()) // no python3: nothing may be fetched
	s, err := models.Open(models.Options{Cache: t.TempDir(), Downloads: usual.Downloads(), Mirror: mirror})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{
		"face_detection_full_range", "face_detection_short_range", "ssd_mobilenet_v1_coco_quant",
		"movenet_single_pose_lightning_ptq", "okay_nabu", "digits", "hand_landmark_full",
	} {
		if _, err := s.Pull(t.Context(), name, nil); err != nil {
			testdata.Missing(t, "%v: run scripts/test-files", err)
		}
	}
	return s
}

// makeSources creates the files that a configuration's sources name.
func makeSources(t *testing.T, text []byte) {
	t.Helper()
	var doc struct {
		Pipelines map[string]struct{ Source map[string]any }
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	for _, p := range doc.Pipelines {
		for kind, v := range p.Source {
			if !slices.Contains([]string{"images", "folder", "video"}, kind) {
				continue
			}
			list, ok := v.([]any)
			if !ok {
				list = []any{v}
			}
			for _, name := range list {
				name := strings.ReplaceAll(name.(string), "*", "x")
				if kind == "folder" {
					name += "/keep"
				}
				writeFile(t, name, "x")
			}
		}
	}
}

// roundTrip shows a configuration and loads what was shown: it must be the same, and fit the schema.
func roundTrip(t *testing.T, cfg *Config, schema *jsonschema.Schema, store *models.Store) {
	t.Helper()
	shown, err := Show(cfg, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate(schema, shown); err != nil {
		t.Errorf("what is shown does not fit the schema: %v\n%s", err, shown)
	}
	writeFile(t, "shown.yaml", string(shown))
	again, err := Load([]string{"shown.yaml"}, LoadOptions{Models: store, ReadLabels: lines})
	if err != nil {
		t.Fatalf("%v\n%s", err, shown)
	}
	cfg.order, again.order = nil, nil // shown by name
	if !reflect.DeepEqual(cfg, again) {
		t.Errorf("shown and read again it is\n%+v\nand was\n%+v\n%s", again, cfg, shown)
	}
}

func TestShowEverything(t *testing.T) {
	workingFolder(t, t.Chdir)
	writeFile(t, "lib.so", "x")
	store, _ := emptyStore(t)
	cfg := mustLoad(t, `
models:
  m: {path: m.tflite, task: classify, labels: [a, "no", "3"], category_denylist: ["no"], label_offset: 0, mean: [1, 2, 3], std: 4, resize: crop, device: "usb:0", score_threshold: 0}
  d: {path: link.tflite, edgetpu: other.tflite, task: detect, labels: labels.txt, decoder: mediapipe_face_back, nms_threshold: 0.4, category_allowlist: cat, max_results: 3}
pipelines:
  a: {source: {folder: folder}, models: m, sinks: [jsonl: {append: false}, table: {path: t.txt}, pictures: {dir: out, overwrite: true}]}
  b: {source: {video: [clip.mp4, clip.mp4]}, models: [d, m], sinks: [video: {path: o.MP4, queue: 7}]}
  c:
    source: {images: pic.jpg}
    models: m
    sinks:
      - command: {on: {a: echo, "no": [echo, "", "a: b", 50]}, parallel: 3, min_interval: 0.5}
      - webhook: {url: "https://example.org/${HOOK}", headers: {X-Key: "${KEY}", Accept: [a, b]}, token_file: secret, empty: true, retries: 0, flush: 0, timeout: 0.5}
      - webhook: {url: "HTTP://example.org"}
edgetpu: {library: lib.so}
log: {level: error}
`)
	roundTrip(t, cfg, compiledSchema(t), store)
}

// TestSchemaRefuses validates the bad examples that a schema can detect.
func TestSchemaRefuses(t *testing.T) {
	schema := compiledSchema(t)
	for _, name := range []string{"unknown-keys", "types", "ranges", "list", "nothing", "word", "sources", "names", "model-rules"} {
		text, err := os.ReadFile("testdata/bad/" + name + ".yaml")
		if err != nil {
			t.Fatal(err)
		}
		if name == "names" {
			text = []byte("models: {a b: {path: x}}")
		}
		if err := validate(schema, text); err == nil {
			t.Errorf("%s fits the schema", name)
		}
	}
	for _, text := range []string{
		"models: {m: {path: x, category_allowlist: [a], category_denylist: [b]}}", "models: {m: {path: x, mean: 1}}",
		"models: {m: {}}", "models: {m: {path: x, mean: [1, 2], std: 1}}", "models: {m: {path: x, device: usb0}}",
		"pipelines: {p: {source: {images: a, video: b}, models: m, sinks: [table: ]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [{table: , jsonl: }]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [video: ]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [video: {path: x.avi}]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [command: ]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [command: {on: {}}]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [command: {on: {a: []}}]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [command: {on: {a: [b, {}]}}]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [webhook: {url: 'ftp://x'}]}}",
		"pipelines: {p: {source: {video: b}, models: m, sinks: [webhook: {url: 'http://x', token_env: a, token_file: b}]}}",
	} {
		if err := validate(schema, []byte(text)); err == nil {
			t.Errorf("%s fits the schema", text)
		}
	}
	if err := validate(schema, []byte(small)); err != nil {
		t.Error(err)
	}
}

// TestDocs compares docs/configuration.md with the table of keys; go generate writes it.
func TestDocs(t *testing.T) {
	want, err := docs()
	if err != nil {
		t.Fatal(err)
	}
	const file = "../docs/configuration.md"
	if *update {
		if err := os.WriteFile(file, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what the table of keys says: run go generate ./configs", file)
	}
	for _, k := range slices.Concat(new(Model).Keys().Keys(), root().Child("pipelines").Child("source").Keys, root().Child("pipelines").Child("sinks").Keys) {
		if !bytes.Contains(want, []byte("`"+k.Name+"`")) && !bytes.Contains(want, []byte("."+k.Name+"`")) {
			t.Errorf("%s is not documented", k.Name)
		}
	}
}

func FuzzLoad(f *testing.F) {
	files, err := filepath.Glob("testdata/bad/*.yaml")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Add([]byte(small))
	f.Add([]byte("a: &a [*a, *a]\nmodels: {<<: *a}"))
	store, _ := emptyStore(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "f.yaml")
		if err := os.WriteFile(file, text, 0o644); err != nil {
			t.Fatal(err)
		}
		cfg, err := Load([]string{file}, LoadOptions{Models: store})
		if (cfg == nil) != (err != nil) {
			t.Fatalf("%v, %v", cfg, err)
		}
	})
}
