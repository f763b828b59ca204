package inspect_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/inspect"
	"corallite/internal/schema"
	"corallite/internal/schema/mutate"
	"corallite/internal/testdata"
)

func read(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(testdata.Path(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func static(t *testing.T, name string) *inspect.Report {
	t.Helper()
	r, err := inspect.Static(name, read(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestMACs compares multiply-accumulates, and weights of layers, with what their authors publish.
func TestMACs(t *testing.T) {
	for name, want := range map[string]struct {
		macs       float64 // in millions
		parameters float64 // in millions; 0: not published
	}{
		// MobileNets: https://github.com/tensorflow/models/blob/master/research/slim/nets/mobilenet_v1.md. The extractor lacks the last
		// layer, of 1024 x 1001.
		"models/mobilenet_v1_1.0_224_quant_embedding_extractor.tflite": {569 - 1.025, 4.24 - 1.026},
		"models/mobilenet_v1_0.5_160_quant.tflite":                     {77, 1.34},
		"models/mobilenet_v1_0.25_128_quant.tflite":                    {14, 0.47},
		"wild/mobilenet_v1_0.25_224_quant.tflite":                      {41, 0.47},
		"models/mobilenet_v2_1.0_224_quant.tflite":                     {300, 3.47}, // mobilenet/README.md there
		"wild/mobilenet_v2_quantized_1x3x224x224.tflite":               {300, 3.47},
		// MLPerf Tiny: Banbury et al. 2021, table 1 (parameters without batch normalization).
		"wild/kws_ref_model.tflite":                 {2.7, 0},
		"wild/vww_96_int8.tflite":                   {7.5, 0},
		"../learning/pretrainedResnet_quant.tflite": {12.5, 0},
		// YAMNet's README: 3.7 M weights, 69.2 M multiplies for 960 ms; here it sees 975 ms and makes its own spectrogram.
		"wild/yamnet_audio_classifier_with_metadata.tflite": {69.2, 3.7},
	} {
		r := static(t, name)
		if got := float64(r.Total.MACs) / 1e6; math.Abs(got/want.macs-1) > 0.035 {
			t.Errorf("%s: %.2f M multiply-accumulates (published: %.2f M)", name, got, want.macs)
		}
		if got := float64(r.Weights.Parameters) / 1e6; want.parameters > 0 && math.Abs(got/want.parameters-1) > 0.02 {
			t.Errorf("%s: %.3f M weights (published: %.3f M)", name, got, want.parameters)
		}
	}
}

// TestOpenMACs has a convolution of open size, whose multiply-accumulates are not known.
func TestOpenMACs(t *testing.T) {
	if total := static(t, "wild/dilated_conv.tflite").Total; total.MACs != 0 || total.Unknown != 1 {
		t.Errorf("%+v", total)
	}
}

// TestMapping compares the published rules with what the Edge TPU's compiler has made of the same models.
func TestMapping(t *testing.T) {
	found, err := filepath.Glob(testdata.Path(t, "models") + "/*_edgetpu.tflite")
	if err != nil || len(found) < 7 {
		t.Fatal(found, err)
	}
	for _, path := range found {
		compiled := static(t, "models/"+filepath.Base(path))
		cpu := static(t, "models/"+strings.Replace(filepath.Base(path), "_edgetpu", "", 1))
		m := cpu.EdgeTPU.Mapping
		mapped := m.Of - len(compiled.EdgeTPU.OnCPU)
		if mapped < m.Mapped || mapped > m.Most || m.Mapped == 0 {
			t.Errorf("%s: the compiler mapped %d of %d operators; the rules say %d to %d", path, mapped, m.Of, m.Mapped, m.Most)
		}
		if m.Mapped == m.Most && (m.Mapped == m.Of) != (len(m.Stops) == 0) {
			t.Errorf("%s: %d of %d are mapped, and it stops at %v", path, m.Mapped, m.Of, m.Stops)
		}
		if len(compiled.EdgeTPU.Packages) != 1 || compiled.EdgeTPU.Packages[0].OnChip == 0 || compiled.EdgeTPU.Packages[0].MinimumRuntime < 12 {
			t.Errorf("%s: %+v", path, compiled.EdgeTPU)
		}
	}
	// Co-compiled models share the token under which parameters are kept.
	var tokens []string
	for _, name := range []string{
		"models/cocompiled/mobilenet_v1_0.25_128_quant_cocompiled_with_mobilenet_v1_0.5_160_quant_edgetpu.tflite",
		"models/cocompiled/mobilenet_v1_0.5_160_quant_cocompiled_with_mobilenet_v1_0.25_128_quant_edgetpu.tflite",
		"models/mobilenet_v1_0.25_128_quant_edgetpu.tflite",
	} {
		for _, e := range static(t, name).EdgeTPU.Packages[0].Executables {
			if e.Type == "parameter-caching" {
				tokens = append(tokens, e.Token)
			}
		}
	}
	if len(tokens) != 3 || tokens[0] != tokens[1] || tokens[0] == tokens[2] || tokens[0] == "" {
		t.Error(tokens)
	}
}

func TestTraps(t *testing.T) {
	for name, want := range map[string][]string{
		"wild/mobilenet_v2_quantized_1x3x224x224.tflite":         {"channels_first", "logits"},
		"wild/dilated_conv.tflite":                               {"dynamic"},
		"wild/yamnet_audio_classifier_with_metadata.tflite":      {"float_layers"},
		"wild/kws_ref_model.tflite":                              nil,
		"models/ssd_mobilenet_v1_coco_quant.tflite":              nil,
		"models/deeplabv3_mnv2_dm05_pascal_quant_edgetpu.tflite": {"on_cpu"},
		"models/model_invoking_error.tflite":                     {"custom"},
		"../cases/logits.tflite":                                 {"logits"},
		"../cases/mean_float_dynamic.tflite":                     {"dynamic", "logits"},
		"../cases/runtimes/sparse_dynamic.tflite":                {"sparse", "logits"},
		"../cases/runtimes/onnx2tf_float16.tflite":               {"float16_io", "float16_io", "float16_weights"},
	} {
		var got []string
		for _, trap := range static(t, name).Traps {
			got = append(got, trap.Code)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %v (want %v)", name, got, want)
		}
	}
}

func TestReport(t *testing.T) {
	r := static(t, "wild/mobilenet_v1_0.25_224_quant.tflite")
	if f := r.File; f.SHA256 != "e480eb15572f86d3d5f1be6e83e35b3c7d509ab2bcec353707d1f614e14edca2" || f.Bytes != 508786 || f.Description != "TOCO Converted." {
		t.Errorf("%+v", f)
	}
	if v := static(t, "wild/yamnet_audio_classifier_with_metadata.tflite").File.MinimumRuntime; v != "2.5.0" {
		t.Error(v)
	}
	in := r.Subgraphs[0].Inputs[0]
	if in.Name != "input" || in.Type != "uint8" || !slices.Equal(in.Shape, []int{1, 224, 224, 3}) || in.Quantization.ZeroPoint != 128 ||
		math.Abs(in.Quantization.Least+1) > 1e-6 || math.Abs(in.Quantization.Most-127./128) > 1e-6 {
		t.Errorf("%+v %+v", in, in.Quantization)
	}
	o := r.Subgraphs[0].Operators[0]
	if o.Name != "CONV_2D" || o.Options["padding"] != "SAME" || o.Options["stride_w"] != int64(2) || o.Options["fused_activation_function"] != "NONE" ||
		o.MACs != 112*112*8*3*3*3 || !o.Inputs[1].Const || o.Inputs[0].Const {
		t.Errorf("%+v", o)
	}
	if len(r.Packed) != 1 || r.Packed[0].Name != "labels.txt" || !bytes.Contains(r.Metadata, []byte(`"license":"Apache`)) {
		t.Errorf("%v %s", r.Packed, r.Metadata)
	}
	// A signature's order is not the file's.
	r = static(t, "../learning/kws_dscnn_float.tflite")
	if len(r.Signatures) != 1 || r.Signatures[0].Inputs[0].Position != 0 {
		t.Errorf("%+v", r.Signatures)
	}
}

// TestEverything makes each form of the report of every model there is: text, JSON, and well-formed SVG.
func TestEverything(t *testing.T) {
	root := filepath.Dir(testdata.Path(t, "models"))
	n := 0
	for _, folder := range []string{root, filepath.Join(root, "..", "learning"), filepath.Join(root, "..", "cases")} {
		err := filepath.WalkDir(folder, func(path string, e os.DirEntry, err error) error {
			if err != nil || e.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			r, err := inspect.Static(path, b)
			if filepath.Ext(path) != ".tflite" {
				if err == nil {
					t.Errorf("%s is a model?", path)
				}
				return nil
			}
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return nil
			}
			n++
			forms(t, r)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n < 40 {
		t.Errorf("only %d models", n)
	}
}

func forms(t *testing.T, r *inspect.Report) {
	t.Helper()
	var text bytes.Buffer
	if err := r.Print(&text, inspect.TextOptions{Operators: true}); err != nil || text.Len() == 0 {
		t.Errorf("%s: %v", r.File.Path, err)
	}
	b, err := json.Marshal(r)
	if err != nil || bytes.Contains(b, []byte(":null")) {
		t.Errorf("%s: %v %s", r.File.Path, err, b)
	}
	d := xml.NewDecoder(bytes.NewReader(r.SVG()))
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Errorf("%s: SVG: %v", r.File.Path, err)
			break
		}
	}
	if page, err := r.HTML(); err != nil || !bytes.Contains(page, []byte("<svg")) {
		t.Errorf("%s: HTML: %v", r.File.Path, err)
	}
}

// TestMutants looks at broken models: an error that names a place, or a report in each form.
func TestMutants(t *testing.T) {
	var seeds []mutate.Seed
	for _, name := range []string{"models/split_concat.tflite", "models/split_concat_edgetpu.tflite", "wild/dilated_conv.tflite", "../cases/logits.tflite",
		"../cases/runtimes/int2.tflite", "../cases/runtimes/onnx2tf_float16.tflite", "../learning/pretrainedResnet_quant.tflite"} {
		b := read(t, name)
		s := mutate.Seed{Name: name, Bytes: b}
		if sound, err := mutate.NewSeed(name, b); err == nil {
			s = sound
		}
		seeds = append(seeds, s)
	}
	r := rand.New(rand.NewPCG(16, 1))
	whole := 0
	for i := range 6000 {
		s := seeds[i%len(seeds)]
		b, how := s.Mutant(r, seeds[r.IntN(len(seeds))])
		report, err := inspect.Static("mutant", b)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) {
				t.Fatalf("mutant %d of %s (%s): %v", i, s.Name, how, err)
			}
			continue
		}
		whole++
		if i%4 == 0 {
			forms(t, report)
		}
	}
	if whole < 1000 {
		t.Errorf("only %d had a report", whole)
	}
}

// TestEscaped has names that would be markup, or control a terminal.
func TestEscaped(t *testing.T) {
	b := bytes.Replace(read(t, "../cases/logits.tflite"), []byte("sequential"), []byte(`"><b>&\x01x`)[:10], -1)
	r, err := inspect.Static(`<script>"&`, b)
	if err != nil {
		t.Fatal(err)
	}
	forms(t, r)
	if page, _ := r.HTML(); bytes.Contains(page, []byte("<script>")) {
		t.Error("the path is markup")
	}
}
