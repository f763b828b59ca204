package vision

import (
	"encoding/binary"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"corallite/internal/score"
	"corallite/pipeline"
	"corallite/tflite/tensor"
)

// outputs are tensors that no model computed.
type outputs []tensor.Tensor

func (o outputs) Outputs() []tensor.Info {
	var infos []tensor.Info
	for _, t := range o {
		infos = append(infos, t.Info)
	}
	return infos
}

func (o outputs) Output(i int) tensor.Tensor { return o[i] }

func floats(name string, shape []int, values ...float32) tensor.Tensor {
	t := tensor.Tensor{Info: tensor.Info{Name: name, Type: tensor.Float32, Shape: shape}}
	for _, v := range values {
		t.Data = binary.NativeEndian.AppendUint32(t.Data, math.Float32bits(v))
	}
	return t
}

func bytesOf(name string, kind tensor.Type, q tensor.Quantization, shape []int, values ...byte) tensor.Tensor {
	return tensor.Tensor{Info: tensor.Info{Name: name, Type: kind, Shape: shape, Quantization: q}, Data: values}
}

func pictureInput(size int) []tensor.Info {
	return []tensor.Info{{Name: "image", Type: tensor.UInt8, Shape: []int{1, size, size, 3}}}
}

func TestClassifyDecode(t *testing.T) {
	logits := floats("logits", []int{1, 5}, 1, 3, -2, 3, 0.5)
	q := bytesOf("scores", tensor.UInt8, tensor.PerTensor(1./256, 0), []int{1, 5}, 10, 200, 10, 30, 0)
	labels := []string{"a", "b", "c", "d", "e"}
	for name, c := range map[string]struct {
		out  tensor.Tensor
		opts ClassifyOptions
		want []pipeline.Class
	}{
		"top of quantized, the lower of equals first": {q, ClassifyOptions{Options: Options{MaxResults: 3, Labels: labels}},
			[]pipeline.Class{{Label: "b", Index: 1, Score: 0.78125}, {Label: "d", Index: 3, Score: 0.1171875}, {Label: "a", Index: 0, Score: 0.0390625}}},
		"all": {q, ClassifyOptions{},
			[]pipeline.Class{{Index: 1, Score: 0.78125}, {Index: 3, Score: 0.1171875}, {Index: 0, Score: 0.0390625}, {Index: 2, Score: 0.0390625}, {Index: 4}}},
		"threshold": {q, ClassifyOptions{Options: Options{ScoreThreshold: 0.1171875}},
			[]pipeline.Class{{Index: 1, Score: 0.78125}, {Index: 3, Score: 0.1171875}}},
		"allow": {q, ClassifyOptions{Options: Options{Labels: labels, Allow: []string{"c", "a"}, MaxResults: 9}},
			[]pipeline.Class{{Label: "a", Index: 0, Score: 0.0390625}, {Label: "c", Index: 2, Score: 0.0390625}}},
		"deny and offset": {q, ClassifyOptions{Options: Options{Labels: append([]string{"background"}, labels...), LabelOffset: 1, Deny: []string{"b"}, MaxResults: 1}},
			[]pipeline.Class{{Label: "d", Index: 3, Score: 0.1171875}}},
		"none": {q, ClassifyOptions{Options: Options{ScoreThreshold: 2}}, []pipeline.Class{}},
		"int8": {bytesOf("s", tensor.Int8, tensor.PerTensor(1./256, -128), []int{1, 1, 1, 2}, 0x80, 0x7f), ClassifyOptions{},
			[]pipeline.Class{{Index: 1, Score: 0.99609375}, {Index: 0}}},
		"not quantized": {bytesOf("s", tensor.UInt8, tensor.Quantization{}, []int{2}, 3, 4), ClassifyOptions{}, []pipeline.Class{{Index: 1, Score: 4}, {Index: 0, Score: 3}}},
		"float16":       {bytesOf("s", tensor.Float16, tensor.Quantization{}, []int{1, 1}, 0x00, 0x38), ClassifyOptions{}, []pipeline.Class{{Score: 0.5}}},
		"bool":          {bytesOf("s", tensor.Bool, tensor.Quantization{}, []int{1, 2}, 0, 1), ClassifyOptions{}, []pipeline.Class{{Index: 1, Score: 1}, {}}},
		"logits":        {logits, ClassifyOptions{Options: Options{MaxResults: 2}}, []pipeline.Class{{Index: 1, Score: 3}, {Index: 3, Score: 3}}},
	} {
		task, err := NewClassify(pictureInput(8), []tensor.Info{c.out.Info}, c.opts)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for range 2 {
			got, err := task.Decode(outputs{c.out}, pipeline.Placement{})
			if err != nil || !reflect.DeepEqual([]pipeline.Class(got.Classes), c.want) {
				t.Errorf("%s: %+v, %v; want %+v", name, got.Classes, err, c.want)
			}
		}
		task.Close()
	}
	task, err := NewClassify(pictureInput(8), []tensor.Info{logits.Info}, ClassifyOptions{Options: Options{MaxResults: 1, Activation: score.Softmax}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got, err := task.Decode(outputs{logits}, pipeline.Placement{})
	want := math.Exp(3) / (math.Exp(1) + 2*math.Exp(3) + math.Exp(-2) + math.Exp(0.5))
	if err != nil || len(got.Classes) != 1 || math.Abs(float64(got.Classes[0].Score)-want) > 1e-6 {
		t.Errorf("softmax: %+v, %v; want %v", got.Classes, err, want)
	}
	if _, err := task.Decode(outputs{floats("logits", []int{1, 5}, 1, 2)}, pipeline.Placement{}); err == nil {
		t.Error("an output that is too short was decoded")
	}
	nan := floats("logits", []int{1, 5}, 1, 2, float32(math.NaN()), 1, 1)
	if _, err := task.Decode(outputs{nan}, pipeline.Placement{}); err == nil {
		t.Error("a score that is not a number was taken")
	}
}

// ssd are the outputs of TFLite_Detection_PostProcess for 4 boxes of which 3 count, in another order than usual.
func ssd() outputs {
	return outputs{
		floats("scores", []int{1, 4}, 0.5, 0.9, 0.5, 0.99),
		floats("boxes", []int{1, 4, 4}, 0.1, 0.2, 0.3, 0.4, -0.1, 0.5, 0.5, 1.5, 0, 0, 1, 1, 0, 0, 1, 1),
		floats("count", []int{1}, 3),
		floats("classes", []int{1, 4}, 1, 0, 2, 0),
	}
}

var ssdRoles = DetectionOutputs{Boxes: 1, Classes: 3, Scores: 0, Count: 2}

func TestDetectDecode(t *testing.T) {
	stretch := fitInto(Stretch, 200, 100, 10, 10).placement(200, 100)
	labels := []string{"???", "person", "car", "dog"}
	person := pipeline.Detection{Label: "person", Index: 0, Score: 0.9, Box: [4]float32{100, 0, 200, 50}}
	car := pipeline.Detection{Label: "car", Index: 1, Score: 0.5, Box: [4]float32{40, 10, 80, 30}}
	dog := pipeline.Detection{Label: "dog", Index: 2, Score: 0.5, Box: [4]float32{0, 0, 200, 100}}
	for name, c := range map[string]struct {
		opts  Options
		place pipeline.Placement
		want  []pipeline.Detection
	}{
		"all, the earlier of equals first": {Options{}, stretch, []pipeline.Detection{person, car, dog}},
		"threshold is kept":                {Options{ScoreThreshold: 0.5}, stretch, []pipeline.Detection{person, car, dog}},
		"threshold":                        {Options{ScoreThreshold: 0.51}, stretch, []pipeline.Detection{person}},
		"max":                              {Options{MaxResults: 2}, stretch, []pipeline.Detection{person, car}},
		"allow":                            {Options{Allow: []string{"dog"}}, stretch, []pipeline.Detection{dog}},
		"deny":                             {Options{Deny: []string{"person", "dog"}}, stretch, []pipeline.Detection{car}},
		"none":                             {Options{ScoreThreshold: 1}, stretch, []pipeline.Detection{}},
		// The picture lies below 2.5 rows of a bar: what is above it is cut off.
		"letterbox": {Options{}, pipeline.Placement{OffsetY: -50, ScaleX: 20, ScaleY: 20, Width: 200, Height: 100}, []pipeline.Detection{
			{Label: "person", Index: 0, Score: 0.9, Box: [4]float32{100, 0, 200, 50}},
			{Label: "car", Index: 1, Score: 0.5, Box: [4]float32{40, 0, 80, 10}},
			dog,
		}},
		"crop that leaves the car out": {Options{}, pipeline.Placement{OffsetX: -90, ScaleX: 10, ScaleY: 10, Width: 200, Height: 100}, []pipeline.Detection{
			{Label: "person", Index: 0, Score: 0.9, Box: [4]float32{0, 0, 60, 50}},
			{Label: "dog", Index: 2, Score: 0.5, Box: [4]float32{0, 0, 10, 100}},
		}},
	} {
		c.opts.Labels, c.opts.LabelOffset = labels, 1
		task, err := NewDetect(pictureInput(10), ssd().Outputs(), DetectOptions{Options: c.opts, Outputs: ssdRoles})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		got, err := task.Decode(ssd(), c.place)
		if err != nil || len(got.Detections) != len(c.want) {
			t.Errorf("%s: %+v, %v; want %+v", name, got.Detections, err, c.want)
			continue
		}
		if got.Detections == nil {
			t.Errorf("%s: nothing found is nil and not an empty list", name)
		}
		for i, want := range c.want {
			g := got.Detections[i]
			for k := range want.Box {
				if math.Abs(float64(g.Box[k]-want.Box[k])) > 1e-4 {
					t.Errorf("%s: box %d is %v, want %v", name, i, g.Box, want.Box)
				}
			}
			if g.Label != want.Label || g.Index != want.Index || g.Score != want.Score {
				t.Errorf("%s: object %d is %+v, want %+v", name, i, g, want)
			}
		}
		task.Close()
	}
}

func TestDetectDecodeOfStrangeOutputs(t *testing.T) {
	nan := float32(math.NaN())
	place := fitInto(Stretch, 200, 100, 10, 10).placement(200, 100)
	task, err := NewDetect(pictureInput(10), ssd().Outputs(), DetectOptions{Options: Options{Labels: []string{"a", "b", "c"}}, Outputs: ssdRoles})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	for name, c := range map[string]struct {
		output int
		value  tensor.Tensor
		found  int // -1: an error
	}{
		"count of 0":                {2, floats("count", []int{1}, 0), 0},
		"count below 0":             {2, floats("count", []int{1}, -5), 0},
		"count beyond":              {2, floats("count", []int{1}, 1e30), 4},
		"count that is no number":   {2, floats("count", []int{1}, nan), 0},
		"scores that are no number": {0, floats("scores", []int{1, 4}, nan, 0.9, nan, 1), -1},
		"boxes that are no number":  {1, floats("boxes", []int{1, 4, 4}, nan, 0, 1, 1, 0, 0, 1, 1, 0, 0, 1, nan, 0, 0, 1, 1), 1},
		"boxes turned round":        {1, floats("boxes", []int{1, 4, 4}, 1, 1, 0, 0, 0, 0, 1, 1, 0.5, 0.5, 0.5, 0.5, 0, 0, 1, 1), 1},
		"class without a label":     {3, floats("classes", []int{1, 4}, 0, 3, 0, 0), -1},
		"class below 0":             {3, floats("classes", []int{1, 4}, 0, -1, 0, 0), -1},
		"class that is no number":   {3, floats("classes", []int{1, 4}, 0, nan, 0, 0), -1},
		"too few scores":            {0, floats("scores", []int{1, 4}, 1), -1},
	} {
		out := ssd()
		out[c.output] = c.value
		got, err := task.Decode(out, place)
		if (err != nil) != (c.found < 0) || (err == nil && len(got.Detections) != c.found) {
			t.Errorf("%s: %d objects, %v; want %d", name, len(got.Detections), err, c.found)
		}
	}
	if _, err := task.Decode(ssd(), pipeline.Placement{}); err == nil {
		t.Error("decoded without a placement")
	}
}

// TestDetectOtherCount decodes outputs for another number of boxes than the task was made with, as of a CPU model that
// keeps more of them.
func TestDetectOtherCount(t *testing.T) {
	task, err := NewDetect(pictureInput(10), ssd().Outputs(), DetectOptions{Outputs: ssdRoles})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	for _, n := range []int{1, 4, 20} {
		out := make(outputs, 4)
		out[ssdRoles.Boxes] = floats("boxes", []int{1, n, 4}, slices.Repeat([]float32{0, 0, 1, 1}, n)...)
		out[ssdRoles.Classes] = floats("classes", []int{1, n}, make([]float32, n)...)
		out[ssdRoles.Scores] = floats("scores", []int{1, n}, slices.Repeat([]float32{0.5}, n)...)
		out[ssdRoles.Count] = floats("count", []int{1}, float32(n))
		got, err := task.Decode(out, fitInto(Stretch, 200, 100, 10, 10).placement(200, 100))
		if err != nil || len(got.Detections) != n {
			t.Errorf("%d boxes: %d objects, %v", n, len(got.Detections), err)
		}
	}
}

func TestDetectDecodeQuantized(t *testing.T) {
	q := tensor.PerTensor(0.01, 10)
	out := outputs{
		bytesOf("boxes", tensor.UInt8, q, []int{1, 1, 4}, 10, 35, 60, 110), // 0, 0.25, 0.5, 1
		bytesOf("classes", tensor.UInt8, tensor.PerTensor(1, 0), []int{1, 1}, 7),
		bytesOf("scores", tensor.UInt8, q, []int{1, 1}, 85),
		bytesOf("count", tensor.Int8, tensor.Quantization{}, nil, 1),
	}
	task, err := NewDetect(pictureInput(10), out.Outputs(), DetectOptions{Outputs: DetectionOutputs{0, 1, 2, 3}})
	if err != nil {
		t.Fatal(err)
	}
	defer task.Close()
	got, err := task.Decode(out, fitInto(Stretch, 100, 100, 10, 10).placement(100, 100))
	if err != nil || len(got.Detections) != 1 {
		t.Fatalf("%+v, %v", got, err)
	}
	d := got.Detections[0]
	for k, want := range [4]float32{25, 0, 100, 50} {
		if math.Abs(float64(d.Box[k]-want)) > 1e-4 {
			t.Errorf("the box is %v", d.Box)
		}
	}
	if d.Index != 7 || math.Abs(float64(d.Score-0.75)) > 1e-6 {
		t.Errorf("class %d, score %v", d.Index, d.Score)
	}
}

// A model that does not fit the task is refused when the task is made, with what was wanted and what the model has.
func TestTasksRefuseModels(t *testing.T) {
	in := pictureInput(8)
	info := func(name string, shape ...int) tensor.Info {
		return tensor.Info{Name: name, Type: tensor.Float32, Shape: shape}
	}
	classifier := []tensor.Info{info("softmax", 1, 1001)}
	texts := []tensor.Info{{Name: "text", Type: tensor.String, Shape: []int{1, 10}}}
	roles := DetectionOutputs{0, 1, 2, 3}
	face, err := FaceOptions("front")
	if err != nil {
		t.Fatal(err)
	}
	face128 := pictureInput(128)
	named := face
	named.Outputs = &SSDAnchorsOutputs{Boxes: 1, Scores: 0}
	faces := []tensor.Info{info("regressors", 1, 896, 16), info("classificators", 1, 896, 1)}
	noOverlap := face
	noOverlap.NMSThreshold = 0
	for name, c := range map[string]struct {
		err  func() error
		want []string
	}{
		"classify an SSD":                         {func() error { _, err := NewClassify(in, ssd().Outputs(), ClassifyOptions{}); return err }, []string{"classify: ", "one output", "4 outputs", "boxes"}},
		"classify without an output of that name": {func() error { _, err := NewClassify(in, classifier, ClassifyOptions{Output: "logits"}); return err }, []string{"logits", "softmax"}},
		"classify a picture": {func() error {
			_, err := NewClassify(in, []tensor.Info{info("mask", 1, 8, 8, 2)}, ClassifyOptions{})
			return err
		}, []string{"[1,N]", "mask", "[1,8,8,2]"}},
		"classify text":       {func() error { _, err := NewClassify(in, texts, ClassifyOptions{}); return err }, []string{"string"}},
		"classify two inputs": {func() error { _, err := NewClassify(append(in, in...), classifier, ClassifyOptions{}); return err }, []string{"one input", "2 inputs"}},
		"classify sound":      {func() error { _, err := NewClassify(classifier, classifier, ClassifyOptions{}); return err }, []string{"[1,height,width,1 or 3]", "[1,1001]"}},
		"classify with few labels": {func() error {
			_, err := NewClassify(in, classifier, ClassifyOptions{Options: Options{Labels: []string{"a", "b"}}})
			return err
		}, []string{"1001", "there are 2"}},
		"detect with a classifier": {func() error { _, err := NewDetect(in, classifier, DetectOptions{Outputs: roles}); return err }, []string{"detect: ", "TFLite_Detection_PostProcess", "softmax"}},
		"detect with wrong roles":  {func() error { _, err := NewDetect(in, ssd().Outputs(), DetectOptions{Outputs: roles}); return err }, []string{"output 0 does not hold boxes"}},
		"detect with double roles": {func() error {
			_, err := NewDetect(in, ssd().Outputs(), DetectOptions{Outputs: DetectionOutputs{1, 3, 3, 2}})
			return err
		}, []string{"output 3 has two roles"}},
		"detect with no count": {func() error {
			_, err := NewDetect(in, ssd().Outputs(), DetectOptions{Outputs: DetectionOutputs{1, 3, 0, 4}})
			return err
		}, []string{"no output 4"}},
		"detect with swapped roles": {func() error {
			_, err := NewDetect(in, ssd().Outputs(), DetectOptions{Outputs: DetectionOutputs{1, 2, 0, 3}})
			return err
		}, []string{"output 2 does not hold classes"}},
		"detect with few labels": {func() error {
			_, err := NewDetect(in, ssd().Outputs(), DetectOptions{Outputs: ssdRoles, Options: Options{Labels: []string{"a"}, Classes: 90}})
			return err
		}, []string{"90 classes", "there are 1"}},
		"faces with a classifier":    {func() error { _, err := NewSSDAnchors(face128, classifier, face); return err }, []string{"[1,896,16]", "softmax"}},
		"faces of another size":      {func() error { _, err := NewSSDAnchors(pictureInput(64), faces, face); return err }, []string{"[1,224,16]", "[1,896,16]"}},
		"faces with wrong roles":     {func() error { _, err := NewSSDAnchors(face128, faces, named); return err }, []string{"do not fit"}},
		"faces that could be either": {func() error { _, err := NewSSDAnchors(face128, []tensor.Info{faces[0], faces[0]}, face); return err }, []string{"either output"}},
		"faces without an overlap":   {func() error { _, err := NewSSDAnchors(face128, faces, noOverlap); return err }, []string{"nms_threshold 0"}},
		"faces of sound":             {func() error { _, err := NewSSDAnchors(classifier, faces, face); return err }, []string{"[1,1001]"}},
	} {
		err := c.err()
		if err == nil {
			t.Errorf("%s: taken", name)
			continue
		}
		for _, want := range c.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", name, err, want)
			}
		}
	}
	if _, err := FaceOptions("side"); err == nil || !strings.Contains(err.Error(), "short_range") {
		t.Errorf("an unknown face detector: %v", err)
	}
}
