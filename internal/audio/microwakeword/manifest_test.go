package microwakeword

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"corallite/internal/testdata"
)

const goodManifest = `{"type": "micro", "wake_word": "Ahoy", "author": "me", "website": "x", "model": "sub/ahoy.tflite",
 "trained_languages": ["de", "en"], "version": 2, "more": null, "micro": {"probability_cutoff": 0.97,
 "sliding_window_size": 5, "feature_step_size": 10, "tensor_arena_size": 22860, "minimum_esphome_version": "2024.7.0"}}`

// written writes a manifest beside sub/ahoy.tflite.
func written(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{"sub/ahoy.tflite": "x", "ahoy.json": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "ahoy.json")
}

func TestReadManifest(t *testing.T) {
	path := written(t, goodManifest)
	got, err := ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	want := Manifest{
		Path: path, Model: filepath.Join(filepath.Dir(path), "sub", "ahoy.tflite"), WakeWord: "Ahoy", Author: "me", Website: "x",
		Languages: []string{"de", "en"}, Cutoff: 0.97, SlidingWindow: 5, Step: 10, Arena: 22860, MinESPHome: "2024.7.0",
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, not %+v", got, want)
	}
	// An absolute model path is used unchanged, and optional keys may be missing.
	text := strings.NewReplacer("sub/ahoy.tflite", got.Model, `"author": "me", `, "", `"version": 2, `, "",
		`, "tensor_arena_size": 22860, "minimum_esphome_version": "2024.7.0"`, "").Replace(goodManifest)
	if got, err = ReadManifest(written(t, text)); err != nil || got.Model != want.Model || got.Arena != 0 || got.Author != "" {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestManifestOfVersion1 reads one as the first models of ESPHome have it.
func TestManifestOfVersion1(t *testing.T) {
	got, err := ReadManifest(written(t, `{"type": "micro", "wake_word": "Ahoy", "author": "me", "website": "x", "model": "./sub/ahoy.tflite", "version": 1,
"micro": {"probability_cutoff": 0.5, "sliding_window_average_size": 10}}`))
	if err != nil || got.Cutoff != 0.5 || got.SlidingWindow != 10 || got.Step != 20 || got.Shares() || filepath.Base(got.Model) != "ahoy.tflite" {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestRealManifests(t *testing.T) {
	for name, cutoff := range map[string]float32{"alexa": 0.9, "hey_jarvis": 0.97, "hey_mycroft": 0.95, "okay_nabu": 0.85} {
		m, err := ReadManifest(testdata.Packaged(t, "pymicro_wakeword/models/"+name+".json"))
		if err != nil {
			t.Error(err)
		} else if m.Cutoff != cutoff || m.SlidingWindow != 5 || m.Step != 10 || filepath.Base(m.Model) != name+".tflite" {
			t.Errorf("%+v", m)
		}
	}
}

// TestBadManifests changes the good manifest in one place, and checks that the error has the file's name, the mistake,
// and what is expected.
func TestBadManifests(t *testing.T) {
	for _, c := range []struct{ old, new, want string }{
		{goodManifest, "", "the file is empty"},
		{goodManifest, "[1, 2]", "the file is an array, want an object"},
		{goodManifest, "null", "the key type is missing"},
		{goodManifest, "{}", "the key micro is missing"},
		{"}}", "}", "not valid JSON: unexpected end"},
		{`"type": "micro", `, ``, "the key type is missing"},
		{`"type": "micro"`, `"type": "tiny"`, `type is "tiny", want "micro"`},
		{`"type": "micro"`, `"type": 7`, "the key type is 7, want a string"},
		{`"wake_word": "Ahoy", `, ``, "the key wake_word is missing"},
		{`"wake_word": "Ahoy"`, `"wake_word": " "`, "the key wake_word is empty"},
		{`"wake_word": "Ahoy"`, `"wake_word": null`, "the key wake_word is null, want a string"},
		{`"model": "sub/ahoy.tflite",`, ``, "the key model is missing"},
		{`sub/ahoy.tflite`, `else.tflite`, "names else.tflite, which cannot be used: no such file"},
		{`sub/ahoy.tflite`, `sub`, "which is not a file"},
		{`"version": 2`, `"version": 3`, "version is 3, but only 1 and 2"},
		{`"version": 2`, `"version": 1`, "the key micro.sliding_window_average_size is missing"},
		{`"version": 2`, `"version": "2"`, `the key version is "2", want a whole number`},
		{`["de", "en"]`, `"de"`, `the key trained_languages is "de", want a list of strings`},
		{`"micro": {`, `"macro": {`, "the key micro is missing"},
		{`"micro": {`, `"micro": 3, "x": {`, "the key micro is 3, want an object"},
		{`"probability_cutoff": 0.97,`, ``, "the key micro.probability_cutoff is missing"},
		{`0.97`, `97`, "micro.probability_cutoff is 97, want"},
		{`0.97`, `0`, "micro.probability_cutoff is 0, want"},
		{`0.97`, `"high"`, `the key micro.probability_cutoff is "high", want a number`},
		{`"sliding_window_size": 5,`, ``, "the key micro.sliding_window_size is missing"},
		{`"sliding_window_size": 5`, `"sliding_window_size": 0`, "micro.sliding_window_size is 0, want 1 to"},
		{`"sliding_window_size": 5`, `"sliding_window_size": 5.5`, "micro.sliding_window_size is 5.5, want a whole number"},
		{`"sliding_window_size": 5`, `"sliding_window_size": 1000000`, "micro.sliding_window_size is 1000000, want 1 to"},
		{`"feature_step_size": 10,`, ``, "the key micro.feature_step_size is missing"},
		{`"feature_step_size": 10`, `"feature_step_size": 31`, "micro.feature_step_size is 31, want 1 to 30"},
		{`22860`, `"big"`, "micro.tensor_arena_size"},
	} {
		text := strings.Replace(goodManifest, c.old, c.new, 1)
		if text == goodManifest {
			t.Fatalf("%q is not in the manifest", c.old)
		}
		path := written(t, text)
		_, err := ReadManifest(path)
		if err == nil || !errors.Is(err, ErrManifest) || !strings.HasPrefix(err.Error(), path) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s instead of %s: %v, want %q", c.new, c.old, err, c.want)
		}
	}
	_, err := ReadManifest(filepath.Join(t.TempDir(), "none.json"))
	if !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "none.json") {
		t.Errorf("no file: %v", err)
	}
	// All mistakes are reported at once.
	_, err = ReadManifest(written(t, `{"type": "tiny", "micro": {"probability_cutoff": 2}}`))
	for _, want := range []string{"tiny", "wake_word", "model", "probability_cutoff is 2", "sliding_window_size", "feature_step_size"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not say %q", err, want)
		}
	}
}
