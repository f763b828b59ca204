package configs

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// madeUpKeys are keys of the test's own, each added as keys are added: by a field of a struct and a line of the table in the
// same file.
var madeUpKeys = []struct {
	file                 string
	structBegins, field  string
	tableBegins, newLine string
}{
	{ // of a model on pictures
		"pipeline/vision/settings.go",
		"type InputSettings struct {\n", "Mood string",
		"return key.Table{\n", `key.String(&s.Mood, "mood").Choices("calm", "hasty").Default("calm").Doc("How the model feels."),`,
	},
	{ // of one task
		"pipeline/vision/task_segment.go",
		"type SegmentSettings struct {\n", "Leaps int",
		"return key.Table{\n", `key.Int(&s.Leaps, "leaps").Min(1).Flag("leaps a picture").Doc("How often it leaps."),`,
	},
	{ // of all results
		"internal/score/settings.go",
		"type Settings struct {\n", "Blinks int",
		"return key.Table{\n", `key.Int(&s.Blinks, "blinks").Min(1).Max(9).Tasks("classify").Doc("How often it blinks."),`,
	},
	{ // of tracking
		"internal/track/options.go",
		"type Options struct {\n", "Leash float64",
		"return key.Table{\n", `key.Number(&o.Leash, "leash").Above(0).Max(5).Default(1.5).Doc("Metres between object and box."),`,
	},
	{ // of a pipeline
		"configs/table_pipeline.go",
		"type Pipeline struct {\n", "Naps bool",
		"return key.Table{\n", `key.Bool(&p.Naps, "naps").PicturesOnly().Doc("Whether it naps."),`,
	},
}

// TestMadeUpKeys adds keys to the source of the program, builds it, and expects that it loads, checks, shows, documents and
// completes them like all others.
func TestMadeUpKeys(t *testing.T) {
	root, err := filepath.Abs("..")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{filepath.Join(root, "internal/madeup/main.go"): filepath.Join(root, "configs/testdata/madeup/main.go")}
	for _, k := range madeUpKeys {
		text, err := os.ReadFile(filepath.Join(root, k.file))
		if err != nil {
			t.Fatal(err)
		}
		with := string(text)
		for begins, line := range map[string]string{k.structBegins: k.field, k.tableBegins: k.newLine} {
			if strings.Count(with, begins) < 1 {
				t.Fatalf("%s has no %q", k.file, begins)
			}
			with = strings.Replace(with, begins, begins+line+"\n", 1)
		}
		changed := filepath.Join(dir, strings.ReplaceAll(k.file, "/", "_"))
		writeFile(t, changed, with)
		replace[filepath.Join(root, k.file)] = changed
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "overlay.json"), string(overlay))
	program := filepath.Join(dir, "madeup")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "./internal/madeup")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}

	workingFolder(t, t.Chdir)
	run := func(yaml string, set ...string) string {
		writeFile(t, "c.yaml", yaml)
		out, err := exec.Command(program, append([]string{"c.yaml"}, set...)...).CombinedOutput()
		if err != nil && err.Error() != "exit status 1" {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	const pipelines = "pipelines: {p: {source: {video: clip.mp4}, models: [d, c], sinks: [table: ], naps: true}}\n"
	const all = `models:
  d: {path: m.tflite, task: detect, mood: hasty, track: {leash: 2.5}}
  c: {path: m.tflite, task: classify, blinks: 3}
  s: {path: m.tflite, task: segment, leaps: 2}
` + pipelines
	const said = `shown: blinks 3
shown: mood calm
shown: mood hasty
shown: leash 2.5
shown: mood calm
shown: leaps 2
shown: naps true
schema: mood 1
schema: blinks 1
schema: leaps 1
schema: leash 1
schema: naps 1
flag: one of calm, hasty
flag of segment: leaps leaps a picture
completion: models.d.track.leash= Metres between object and box.
completion: models.d.mood=calm
completion: models.d.mood=hasty
`
	if got, want := run(all), "values: hasty 3 2.5 true\n"+said; got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
	t.Setenv("CORALLITE_MODELS_C_BLINKS", "4")
	if got, want := run(all, "models.d.track.leash=3", "models.d.mood=calm", "pipelines.p.naps=false"), "values: calm 4 3 false\n"; !strings.HasPrefix(got, want) {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
	t.Setenv("CORALLITE_MODELS_C_BLINKS", "")
	if got, want := run(`models:
  d: {path: m.tflite, task: detect, mood: sad,
    blinks: 1, leaps: 1,
    track: {leash: 6,
      leesh: 1}}
  c: {path: m.tflite, task: classify, blinks: 0}
`+pipelines), `c.yaml:2: models.d.mood: "sad" is not a possible value: expected one of calm, hasty
c.yaml:3: models.d.blinks: only applies to task: classify
c.yaml:3: models.d.leaps: only applies to task: segment
c.yaml:4: models.d.track.leash: 6 is not a possible value: expected a number above 0, at most 5
c.yaml:5: models.d.track.leesh: unknown key; did you mean "leash"?
c.yaml:6: models.c.blinks: 0 is not a possible value: expected an integer from 1 to 9
`; got != want {
		t.Errorf("%s\nwant:\n%s", got, want)
	}
}
