package tflitemeta_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"corallite/internal/testdata"
	"corallite/internal/tflitefile"
	"corallite/internal/tflitemeta"
)

func editor(t *testing.T, name string) *tflitemeta.Editor {
	t.Helper()
	b, err := os.ReadFile(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	f, err := tflitefile.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	e, err := tflitemeta.Edit(f)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// said is what tflite-support's displayer says (scripts/exports/tflite_metadata.py); absent fields, and those that are empty,
// are the same to it and to us.
type said struct {
	Metadata any      `json:"metadata"`
	Packed   []string `json:"packed"`
}

func golden(t *testing.T, name string) said {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var s said
	if err := json.Unmarshal(b, &s); err != nil {
		t.Fatal(err)
	}
	s.Metadata = withoutEmpty(s.Metadata)
	return s
}

func ours(t *testing.T, e *tflitemeta.Editor) said {
	t.Helper()
	b, err := json.Marshal(e.Meta)
	if err != nil {
		t.Fatal(err)
	}
	var s said
	if err := json.Unmarshal(b, &s.Metadata); err != nil {
		t.Fatal(err)
	}
	s.Metadata, s.Packed = withoutEmpty(s.Metadata), []string{}
	for _, p := range e.File.Packed {
		s.Packed = append(s.Packed, p.Name())
	}
	return s
}

// withoutEmpty leaves out empty strings, lists and objects, and zeros; lists keep their length. Of sentences it keeps the
// sums, as the script does.
func withoutEmpty(v any) any {
	switch v := v.(type) {
	case string:
		if utf8.RuneCountInString(v) > 40 && !strings.HasPrefix(v, "sha256:") {
			return fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(v)))
		}
	case map[string]any:
		for k, x := range v {
			x = withoutEmpty(x)
			v[k] = x
			m, isMap := x.(map[string]any)
			l, isList := x.([]any)
			if x == "" || x == 0. || isMap && len(m) == 0 || isList && len(l) == 0 {
				delete(v, k)
			}
		}
	case []any:
		for i := range v {
			v[i] = withoutEmpty(v[i])
		}
	}
	return v
}

// TestAgainstDisplayer compares what is read with what tflite-support reads.
func TestAgainstDisplayer(t *testing.T) {
	for _, name := range []string{"dilated_conv", "mobilenet_v1_0.25_224_quant", "yamnet_audio_classifier_with_metadata"} {
		if got, want := ours(t, editor(t, "wild/"+name+".tflite")), golden(t, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%v\n%v", name, got, want)
		}
	}
}

// edits are models and what is written into them. What tflite-support says of the results is in testdata.
var edits = map[string]struct {
	model  string
	set    []string
	labels map[string]string // FILE'S NAME: its lines
}{
	"edited_vww": {
		model: "wild/vww_96_int8.tflite",
		set: []string{"name=Visual wake words", "licence=Apache-2.0", "author=MLCommons", "version=1", "description=person or not — ü",
			"input.0.name=picture", "input.0.color_space=rgb", "input.0.width=96", "input.0.height=96", "input.0.mean=0,1,2", "input.0.std=255",
			"input.0.min=0", "input.0.max=255", "output.0.score_threshold=0.25", "output.0.score_transformation=inverse-logistic", "output.0.default_score=0.5",
			"output.0.content=feature", "output.0.description=two scores"},
		labels: map[string]string{"vww.csv": "nobody\nperson"},
	},
	"edited_mobilenet": {
		model: "wild/mobilenet_v1_0.25_224_quant.tflite",
		set:   []string{"author=", "input.input.mean=", "input.0.std=", "output.0.name=scores"},
	},
	"edited_sound": {
		model: "wild/micro_speech_quantized.tflite",
		set:   []string{"input.0.content=audio", "input.0.sample_rate=16000", "input.0.channels=1"},
	},
}

func apply(t *testing.T, name string) *tflitemeta.Editor {
	t.Helper()
	c := edits[name]
	e := editor(t, c.model)
	for _, s := range c.set {
		if err := e.Set(s); err != nil {
			t.Fatal(err)
		}
	}
	for file, lines := range c.labels {
		if err := e.SetLabels("", "", file, strings.Split(lines, "\n")); err != nil {
			t.Fatal(err)
		}
		if err := e.SetLabels("0", "de", file, []string{"niemand", "Mensch"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := e.Apply(); err != nil {
		t.Fatal(err)
	}
	return e
}

// TestEdited writes metadata: they are what tflite-support reads in the files, and nothing else of the models has changed.
func TestEdited(t *testing.T) {
	for _, name := range slices.Sorted(maps.Keys(edits)) {
		file, err := apply(t, name).File.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if keep := os.Getenv("CORALLITE_KEEP"); keep != "" {
			if err := os.WriteFile(filepath.Join(keep, name+".tflite"), file, 0o644); err != nil {
				t.Fatal(err)
			}
			continue
		}
		again, err := tflitefile.Read(file)
		if err != nil {
			t.Fatal(err)
		}
		e, err := tflitemeta.Edit(again)
		if err != nil {
			t.Fatal(err)
		}
		if got, want := ours(t, e), golden(t, name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s:\n%v\n%v", name, got, want)
		}
		before := editor(t, edits[name].model).File
		unlabelled(before)
		unlabelled(again)
		if d := tflitefile.Difference(before, again); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

// unlabelled takes the metadata out of a model.
func unlabelled(m *tflitefile.Model) {
	for i, entry := range m.Metadata {
		if entry.Name == tflitemeta.Entry {
			m.Buffers = slices.Delete(m.Buffers, int(entry.Buffer), int(entry.Buffer)+1) // the last one, in these models
			m.Metadata = slices.Delete(m.Metadata, i, i+1)
			break
		}
	}
	if len(m.Metadata) == 0 {
		m.Metadata = nil
	}
}

// TestLabelsReplaced gives an output other labels: the old file goes with them, unless another part names it.
func TestLabelsReplaced(t *testing.T) {
	e := editor(t, "wild/mobilenet_v1_0.25_224_quant.tflite")
	labels := slices.Repeat([]string{"thing"}, 1001)
	if err := e.SetLabels("", "", "things.txt", labels); err != nil {
		t.Fatal(err)
	}
	if len(e.File.Packed) != 1 || e.File.Packed[0].Name() != "things.txt" {
		t.Error(e.File.Packed)
	}
	e.Meta.Files = []*tflitemeta.File{{Name: "things.txt"}}
	if err := e.SetLabels("", "", "things.txt", labels); err != nil {
		t.Fatal(err)
	}
	if len(e.File.Packed) != 2 || e.File.Packed[1].Name() != "things_2.txt" {
		t.Error(e.File.Packed)
	}
}

func TestDetectorsLabels(t *testing.T) {
	e := editor(t, "models/ssd_mobilenet_v1_coco_quant.tflite")
	if err := e.SetLabels("", "", "/folder/coco.txt", []string{"person"}); err != nil {
		t.Fatal(err)
	}
	f := e.Meta.Main().Outputs[1].Files
	if len(f) != 1 || f[0].Type != tflitemeta.FileValueLabels || f[0].Name != "coco.txt" {
		t.Error(f)
	}
}

func TestWrongEdits(t *testing.T) {
	for assignment, want := range map[string]string{
		"name":                            "no KEY=VALUE",
		"nmae=x":                          `did you mean "name"?`,
		"input.0.score_threshold=1":       "unknown key",
		"output.0.mean=1":                 "unknown key",
		"input.1.mean=1":                  `there is no input "1": want 0 (input)`,
		"input.0.mean=one":                "want a number",
		"input.0.mean=NaN":                "want a number",
		"input.0.std=1,0":                 "cannot be 0",
		"input.0.width=-1":                "want a whole number above 0",
		"input.0.color_space=cmyk":        "want unknown, rgb, grayscale",
		"input.0.content=smell":           "want feature, image",
		"output.0.score_threshold=1,2":    "want a number",
		"name=a\x00b":                     "zero byte",
		"output.0.score_transformation=x": "want identity, log",
	} {
		e := editor(t, "wild/mobilenet_v1_0.25_224_quant.tflite")
		if err := e.Set(assignment); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v (want %q)", assignment, err, want)
		}
	}
	e := editor(t, "wild/mobilenet_v1_0.25_224_quant.tflite")
	if err := e.SetLabels("", "", "x.txt", slices.Repeat([]string{"x"}, 1000)); err == nil || !strings.Contains(err.Error(), "1000 labels for the 1001 values of output 0 [1,1001]; is a line for the background missing") {
		t.Error(err)
	}
	if err := editor(t, "models/ssd_mobilenet_v1_coco_quant.tflite").SetLabels("7", "", "x.txt", nil); err == nil || !strings.Contains(err.Error(), "want 0 (TFLite_Detection_PostProcess) or 1 ") {
		t.Error(err)
	}
}

// TestDamaged reads metadata with bytes changed: an error, or something that can be written.
func TestDamaged(t *testing.T) {
	e := editor(t, "wild/yamnet_audio_classifier_with_metadata.tflite")
	data, ok := e.File.Contents(tflitemeta.Entry)
	if !ok {
		t.Fatal("no metadata")
	}
	r := rand.New(rand.NewPCG(1, 6))
	read := 0
	for range 5000 {
		b := bytes.Clone(data)
		for range 1 + r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		m, err := tflitemeta.Read(b[:len(b)-r.IntN(2)*r.IntN(8)])
		if err != nil {
			continue
		}
		read++
		if _, err := m.Bytes(); err != nil {
			t.Fatal(err)
		}
		m.Lines(func(string) int { return -1 })
		if _, err := json.Marshal(m); err != nil {
			t.Fatal(err)
		}
	}
	if read < 500 {
		t.Errorf("only %d could be read", read)
	}
}
