package configs

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"corallite/models"
)

// TestModelSpec: what a flag or an option says comes over the catalog and the task's defaults, and the errors name the key.
func TestModelSpec(t *testing.T) {
	dir := t.TempDir()
	store, err := models.Open(models.Options{Cache: filepath.Join(dir, "cache")})
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"x.tflite": "a model", "word.tflite": "another", "word.json": "{}", "labels.txt": "a\nb\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	read := func(path string) ([]string, error) {
		text, err := os.ReadFile(path)
		return strings.Fields(string(text)), err
	}
	x, word := filepath.Join(dir, "x.tflite"), filepath.Join(dir, "word.tflite")
	find := func(c ModelSpec) (string, Model, error) { return c.Find(store, read) }

	name, m, err := find(ModelSpec{Ref: x, Task: TaskDetect, LabelsFile: filepath.Join(dir, "labels.txt"), Values: map[string]any{"decoder": "yolov8", "score_threshold": 0.25, "threads": 3}})
	if err != nil || name != "x" || m.Path != x || m.ScoreThreshold != 0.25 || len(m.Labels) != 2 || m.Decoder != "yolov8" || m.Resize != "letterbox" || m.Threads != 3 || len(m.Delegate) != 0 {
		t.Errorf("%s, %+v, %v", name, m, err)
	}
	if _, m, err = find(ModelSpec{Ref: x, Task: TaskDetect, Labels: []string{"own"}, LabelsFile: "not read"}); err != nil || m.ScoreThreshold != defaultDetectScore || len(m.Labels) != 1 {
		t.Errorf("the defaults: %+v, %v", m, err)
	}
	if _, m, err = find(ModelSpec{Ref: word, FileTask: TaskKeyword}); err != nil || m.Task != TaskWakeword || m.Manifest != filepath.Join(dir, "word.json") {
		t.Errorf("a manifest beside it: %+v, %v", m, err)
	}
	if _, m, err = find(ModelSpec{Ref: word, Features: map[string]any{"kind": "micro"}}); err != nil || m.Task != TaskKeyword || m.Manifest != "" || m.Features.Kind != "micro" {
		t.Errorf("features say that it is no wake word: %+v, %v", m, err)
	}
	if _, m, err = find(ModelSpec{Ref: x}); err != nil || m.Task != "" {
		t.Errorf("a file that nothing is known of: %+v, %v", m, err)
	}
	if name, m, err = find(ModelSpec{Ref: "digits"}); err != nil || name != "digits" || m.Task != TaskKeyword || len(m.Labels) == 0 {
		t.Errorf("the catalog: %s, %+v, %v", name, m, err)
	}
	for _, c := range []struct {
		spec      ModelSpec
		key, want string
	}{
		{ModelSpec{Ref: "digits", Task: TaskDetect}, "task", "digits is a model for keyword, which is for sound"},
		{ModelSpec{Ref: x, Task: TaskDetect, LabelsFile: "none.txt"}, "labels", "none.txt: no such file"},
		{ModelSpec{Ref: x, Task: TaskEmbed, Values: map[string]any{"gallery": dir}}, "score_threshold", "corallite embed --calibrate"},
		{ModelSpec{Ref: x, Task: TaskWakeword}, "manifest", "a wake word needs more than the model"},
		{ModelSpec{Ref: word, Task: TaskWakeword, Features: map[string]any{"kind": "micro"}}, "path", "it is a wake word, whose features are always the same"},
		{ModelSpec{Ref: word, Features: map[string]any{"kind": "micro", "hop_ms": 20, "rate": -3}}, "features", "rate: -3 is not a possible value: expected an integer from 1000 to 192000"},
		{ModelSpec{Ref: word, Features: map[string]any{"kind": "mirco"}}, "features", `kind: "mirco" is not a possible value; did you mean "micro"?`},
		{ModelSpec{Ref: word, Features: map[string]any{"kind": 3}}, "features", "kind: expected one of logmel, coral, micro, waveform, not the number 3"},
		{ModelSpec{Ref: word, Features: map[string]any{"kind": "micro", "hop": 20}}, "features", "hop: unknown key; possible keys: kind, rate"},
		{ModelSpec{Ref: word, Features: map[string]any{"kind": "logmel", "mean": []any{1, "x"}}}, "features", `mean[1]: expected a number, not the string "x"`},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"threads": -5}}, "threads", "-5 is not a possible value: expected an integer from 0 to 256"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"score_threshold": 1.5}}, "score_threshold", "1.5 is not a possible value: expected a number from 0 to 1"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"mean": []float64{1, 2}, "std": []float64{1, 2}}}, "mean", "expected a number, or a list of 1 or 3 of them, not a list of 2"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"mean": []float64{0}, "std": []float64{0}}}, "std", "[0]: 0 is not a possible value: expected a number above 0"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"activation": "relu"}}, "activation", `"relu" is not a possible value: expected one of none, sigmoid, softmax`},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"device": "moon"}}, "device", `"moon" is not a possible value: expected "" (any), usb`},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"mean": 1}}, "mean", "needs std as well"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"threads": "many"}}, "threads", `expected an integer from 0 to 256, not the string "many"`},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"thread": 1}}, "thread", `unknown key; did you mean "threads"?`},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"min_share": 0.5}}, "min_share", "only applies to task: segment"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"category_allowlist": []string{"a"}, "category_denylist": []string{"b"}}}, "category_denylist", "must not be given together with category_allowlist"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"track": true}}, "track", "not among those"},
		{ModelSpec{Ref: x, Task: TaskDetect, Values: map[string]any{"path": "y"}}, "path", "not among those"},
		{ModelSpec{Ref: x, Task: "guess"}, "task", "guess is not a possible value: expected one of detect"},
	} {
		_, _, err := find(c.spec)
		var wrong *SpecError
		if !errors.As(err, &wrong) || wrong.Key != c.key || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %s: %s", c.spec, err, c.key, c.want)
		}
	}
	if _, _, err := find(ModelSpec{Ref: x, Task: TaskEmbed, Values: map[string]any{"gallery": dir}, NoThreshold: true}); err != nil {
		t.Errorf("a gallery that is measured: %v", err)
	}
}
