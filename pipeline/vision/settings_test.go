package vision

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// TestNormalizationByWhoSaysIt: the settings come first, then the model's metadata, then the decoder; what is then left to
// the convention is said. Pixels go into 8-bit inputs as they are.
func TestNormalizationByWhoSaysIt(t *testing.T) {
	input := func(kind tensor.Type, q tensor.Quantization) []tensor.Info {
		return []tensor.Info{{Name: "in", Type: kind, Shape: []int{1, 4, 4, 3}, Quantization: q}}
	}
	plain := input(tensor.Float32, tensor.Quantization{})
	says := func(mean, std []float32) *schema.Description {
		return &schema.Description{Inputs: []schema.TensorDescription{{Mean: mean, Std: std}}}
	}
	yolo := InputOptions{Resize: Letterbox, Mean: []float32{0}, Std: []float32{255}}
	for name, c := range map[string]struct {
		s        Settings
		in       []tensor.Info
		metadata *schema.Description
		usual    InputOptions
		mean     []float32
		words    string // of the warning, or of the error
	}{
		"settings first":      {Settings{InputSettings: InputSettings{Mean: []float64{1}, Std: []float64{2}}}, plain, says([]float32{0}, []float32{1}), yolo, []float32{1}, ""},
		"then metadata":       {Settings{}, plain, says([]float32{3}, []float32{1}), yolo, []float32{3}, ""},
		"metadata, 3 numbers": {Settings{}, plain, says([]float32{3, 4, 5}, []float32{1, 1, 1}), InputOptions{}, []float32{3, 4, 5}, ""},
		"then the decoder":    {Settings{}, plain, nil, yolo, []float32{0}, ""},
		"nobody":              {Settings{}, plain, says(nil, nil), InputOptions{}, nil, "assuming mean 127.5 and std 127.5"},
		"nobody, halves":      {Settings{}, input(tensor.Float16, tensor.Quantization{}), nil, InputOptions{}, nil, "float16 and its normalization"},
		"nobody, 16 bits":     {Settings{}, input(tensor.Int16, tensor.PerTensor(1./32768, 0)), nil, InputOptions{}, nil, "int16 and its normalization"},
		"8 bits":              {Settings{}, input(tensor.UInt8, tensor.PerTensor(1./128, 128)), says([]float32{127.5}, []float32{127.5}), InputOptions{}, nil, ""},
		"8 bits, signed":      {Settings{}, input(tensor.Int8, tensor.PerTensor(1, 0)), nil, InputOptions{}, nil, ""},
		"half said":           {Settings{}, plain, says([]float32{127.5}, nil), InputOptions{}, nil, "mean or std is missing; set mean: and std:"},
		"a deviation of 0":    {Settings{}, plain, says([]float32{0}, []float32{0}), InputOptions{}, nil, "invalid normalization in its metadata"},
		"of two channels":     {Settings{}, plain, says([]float32{0, 0}, []float32{1, 1}), InputOptions{}, nil, "want 1 or 3 values"},
	} {
		var warned string
		m := ModelInfo{Inputs: c.in, Metadata: c.metadata, Warn: func(message string) { warned = message }}
		o, err := c.s.input(m, c.usual)
		if err != nil {
			warned = err.Error()
		}
		if !slices.Equal(o.Mean, c.mean) && err == nil || (warned == "") != (c.words == "") || !strings.Contains(warned, c.words) {
			t.Errorf("%s: mean %v, %q", name, o.Mean, warned)
		}
		if o.Resize != c.usual.Resize {
			t.Errorf("%s: resized by %v", name, o.Resize)
		}
	}
	if o, err := (Settings{InputSettings: InputSettings{Resize: "crop"}}).input(ModelInfo{}, yolo); err != nil || o.Resize != CenterCrop {
		t.Errorf("the settings' resize: %v, %v", o.Resize, err)
	}
}

// TestLabelsByWhoSaysThem: the settings come first, then what is packed into the model's file, then the decoder. Packed
// ones that cannot be read are said, and are no error unless a list of categories needs them.
func TestLabelsByWhoSaysThem(t *testing.T) {
	out := []tensor.Info{
		{Name: "boxes", Type: tensor.Float32, Shape: []int{1, 4}},
		{Name: "scores", Type: tensor.Float32, Shape: []int{1, 3}},
	}
	m := ModelInfo{
		Inputs: pictureInput(4), Outputs: out[1:],
		Metadata: &schema.Description{Outputs: []schema.TensorDescription{{Labels: "labels.txt"}}},
		PackedFile: func(name string) ([]byte, error) {
			if name != "labels.txt" {
				return nil, errors.New("not there")
			}
			return []byte("red\ngreen\nblue\n"), nil
		},
	}
	two := m
	two.Outputs = out
	two.Metadata = &schema.Description{Outputs: []schema.TensorDescription{{Labels: "others.txt"}, {Labels: "labels.txt"}}}
	damaged := m
	damaged.Metadata = &schema.Description{Outputs: []schema.TensorDescription{{Labels: "others.txt"}}}
	packed := []string{"red", "green", "blue"}
	for name, c := range map[string]struct {
		m     ModelInfo
		s     Settings
		usual []string
		want  []string
		words string
	}{
		"settings first":        {m, Settings{Settings: score.Settings{Labels: []string{"a", "b", "c"}}}, nil, []string{"a", "b", "c"}, ""},
		"then packed":           {m, Settings{}, []string{"x"}, packed, ""},
		"of the output":         {two, Settings{Settings: score.Settings{Output: "scores"}}, nil, packed, ""},
		"then the decoder":      {ModelInfo{}, Settings{}, []string{"x"}, []string{"x"}, ""},
		"unreadable":            {damaged, Settings{}, nil, nil, "not there; name a label file with labels: in YAML"},
		"nobody":                {ModelInfo{}, Settings{}, nil, nil, ""},
		"nothing can be packed": {ModelInfo{Metadata: m.Metadata}, Settings{}, nil, nil, ""},
	} {
		var warned string
		c.m.Warn = func(message string) { warned = message }
		if got := c.s.labels(c.m, c.usual); !slices.Equal(got, c.want) || (warned == "") != (c.words == "") || !strings.Contains(warned, c.words) {
			t.Errorf("%s: %q, %q", name, got, warned)
		}
	}
	for list, words := range map[string]string{"blue": "", "purple": `there is no label "purple" (labels: red, green, blue)`} {
		task, err := NewTask(m, Settings{Task: "classify", Settings: score.Settings{Allow: []string{list}}})
		if err == nil {
			task.Close()
		}
		if (err == nil) != (words == "") || err != nil && !strings.Contains(err.Error(), words) {
			t.Errorf("only %s: %v", list, err)
		}
	}
	if _, err := NewTask(damaged, Settings{Task: "classify", Settings: score.Settings{Allow: []string{"blue"}}}); err == nil || !strings.Contains(err.Error(), "category_allowlist needs labels") {
		t.Errorf("a list without labels: %v", err)
	}
	for task, words := range map[string]string{"": "set task: detect (or classify", "keyword": "its task is keyword, which is not for pictures (want one of classify, detect"} {
		if _, err := NewTask(m, Settings{Task: task}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("task %q: %v", task, err)
		}
	}
	if _, err := NewTask(two, Settings{Task: "classify"}); err == nil || !strings.Contains(err.Error(), "2 outputs: boxes") || !strings.Contains(err.Error(), "output: in YAML") {
		t.Errorf("two outputs and none named: %v", err)
	}
	if _, err := NewTask(two, Settings{Task: "classify", Settings: score.Settings{Output: "score"}}); err == nil || !strings.Contains(err.Error(), `no output named "score"; it has 2 outputs: boxes`) {
		t.Errorf("an output that is not there: %v", err)
	}
	task, err := NewTask(two, Settings{Task: "classify", Settings: score.Settings{Output: "scores", Allow: []string{"blue"}}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got, err := task.Decode(outputs{floats("boxes", []int{1, 4}, 1, 1, 1, 1), floats("scores", []int{1, 3}, 0.1, 0.2, 0.7)}, pipeline.Placement{})
	if err != nil || len(got.Classes) != 1 || got.Classes[0].Label != "blue" || got.Classes[0].Score != 0.7 {
		t.Errorf("%+v, %v", got.Classes, err)
	}
}

// sameMood is a made-up task: it says whether two settings agree.
type sameMood struct{ Task }

func (sameMood) Name() string { return "mood" }

// TestMadeUpTask adds a task as one is added, by a line in the list, and makes it by its name.
func TestMadeUpTask(t *testing.T) {
	usual := tasks
	t.Cleanup(func() { tasks = usual })
	tasks = append(slices.Clone(usual), TaskType{Name: "mood", Doc: "guesses the mood of a picture", create: func(m ModelInfo, s Settings) (Task, error) {
		if s.Output == "" {
			return nil, errors.New("mood: needs an output")
		}
		return sameMood{}, nil
	}})
	task, err := NewTask(ModelInfo{}, Settings{Task: "mood", Settings: score.Settings{Output: "mood"}})
	if err != nil || task.Name() != "mood" {
		t.Errorf("%v, %v", task, err)
	}
	if _, err := NewTask(ModelInfo{}, Settings{Task: "mood"}); err == nil || err.Error() != "mood: needs an output" {
		t.Errorf("%v", err)
	}
	if _, err := NewTask(ModelInfo{}, Settings{Task: "moods"}); err == nil || !strings.Contains(err.Error(), "embed, mood, pose") {
		t.Errorf("%v", err)
	}
	if all := Tasks(); all[len(all)-1].Doc != "guesses the mood of a picture" {
		t.Errorf("%+v", all)
	}
}
