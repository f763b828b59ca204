package schema_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/schema/modeltest"
	"corallite/internal/testdata"
	"corallite/tflite/tensor"
)

func read(t testing.TB, name string) (*schema.Model, []byte) {
	t.Helper()
	b, err := os.ReadFile(testdata.Path(t, "models/"+name+".tflite"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return m, b
}

// TestRealModels reads every model of the test data, and those in $CORALLITE_MODELS.
func TestRealModels(t *testing.T) {
	roots := []string{filepath.Dir(testdata.Path(t, "models/split_concat.tflite"))}
	if more := os.Getenv("CORALLITE_MODELS"); more != "" {
		roots = append(roots, more)
	}
	seen := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(path string, _ os.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".tflite" {
				return err
			}
			seen++
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			m, err := schema.Read(b)
			if err != nil {
				t.Errorf("%s: %v", path, err)
				return nil
			}
			if m.Version != 3 || len(m.Main().Inputs) == 0 && !strings.Contains(path, "invoking_error") || len(m.Main().Outputs) == 0 {
				t.Errorf("%s: version %d, %d inputs, %d outputs", path, m.Version, len(m.Main().Inputs), len(m.Main().Outputs))
			}
			if m.Compiled() != strings.HasSuffix(path, "_edgetpu.tflite") {
				t.Errorf("%s: compiled %v", path, m.Compiled())
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if seen < 20 {
		t.Errorf("only %d models", seen)
	}
}

func TestDetector(t *testing.T) {
	m, _ := read(t, "ssd_mobilenet_v1_coco_quant")
	g := m.Main()
	want := tensor.Info{Type: tensor.UInt8, Shape: []int{1, 300, 300, 3}, Quantization: tensor.PerTensor(0.0078125, 128)}
	if in := g.InputInfos(); len(in) != 1 || !in[0].Same(want) || in[0].Name != "normalized_input_image_tensor" {
		t.Errorf("inputs %v", in)
	}
	op := g.Find("TFLite_Detection_PostProcess")
	if op == nil || !op.Custom || !slices.Equal(g.OutputsOf(op), []int{0, 1, 2, 3}) || len(op.CustomOptions) == 0 {
		t.Errorf("post-processing %+v", op)
	}
	if first := g.Operators[0]; first.Name != "CONV_2D" || !strings.HasPrefix(first.OptionsString(), "Conv2DOptions[0 2 2 ") {
		t.Errorf("the first operator is %s %s", first.Name, first.OptionsString())
	}
	if g.Find("NOTHING") != nil {
		t.Error("found an operator that is not there")
	}
	// Outputs in another order are still found.
	g.Outputs[0], g.Outputs[3] = g.Outputs[3], g.Outputs[0]
	if got := g.OutputsOf(op); !slices.Equal(got, []int{3, 1, 2, 0}) {
		t.Errorf("outputs %v", got)
	}
	g.Outputs = g.Outputs[:2]
	if got := g.OutputsOf(op); !slices.Equal(got, []int{-1, 1, -1, 0}) {
		t.Errorf("outputs %v", got)
	}
}

func TestSignatureAndMetadata(t *testing.T) {
	m, _ := read(t, "movenet_single_pose_lightning_ptq")
	if len(m.Signatures) != 1 || m.Signatures[0].Key != "serving_default" || m.Signatures[0].Inputs[0].Name != "input" {
		t.Errorf("signatures %+v", m.Signatures)
	}
	found := slices.IndexFunc(m.Metadata, func(e schema.Metadata) bool { return e.Name == "min_runtime_version" })
	if found < 0 || !strings.HasPrefix(string(m.Metadata[found].Data), "2.") {
		t.Errorf("metadata %+v", m.Metadata)
	}
	m, _ = read(t, "keras_lstm_mnist_ptq")
	variables := 0
	for _, x := range m.Main().Tensors {
		if x.Variable {
			variables++
		}
	}
	if variables != 2 {
		t.Errorf("%d variables", variables)
	}
}

// edit is Addition(1, 4) changed.
func edit(change func(g *modeltest.Subgraph)) modeltest.Model {
	m := modeltest.Addition(1, 4)
	change(&m.Subgraphs[0])
	return m
}

func TestRefused(t *testing.T) {
	int32s := func(values ...byte) modeltest.Tensor {
		b := make([]byte, 4*len(values))
		for i, v := range values {
			b[4*i] = v
		}
		return modeltest.Tensor{Info: tensor.Info{Name: "numbers", Type: tensor.Int32, Shape: []int{len(values)}}, Data: b}
	}
	conv := func(options ...any) modeltest.Model {
		return modeltest.Model{Subgraphs: []modeltest.Subgraph{{
			Tensors: []modeltest.Tensor{modeltest.Float32("in", 1, 8, 8, 3), modeltest.Float32("filter", 5, 3, 3, 3), modeltest.Float32("bias", 5), modeltest.Float32("out", 1, 8, 8, 5)},
			Inputs:  []int32{0, 1, 2}, Outputs: []int32{3},
			Operators: []modeltest.Operator{{Code: 3, Inputs: []int32{0, 1, 2}, Outputs: []int32{3}, OptionsType: 1, Options: options}},
		}}}
	}
	if err := schema.Verify(conv(int8(0), int32(1), int32(1), int8(1)).Bytes()); err != nil {
		t.Fatalf("a sound convolution: %v", err)
	}
	for want, m := range map[string]modeltest.Model{
		"schema version 2":                                {Version: 2, Subgraphs: modeltest.Addition(1).Subgraphs},
		"no subgraph":                                     {},
		"input tensor 7 is out of range":                  edit(func(g *modeltest.Subgraph) { g.Inputs[0] = 7 }),
		"output tensor -1 is out of range":                edit(func(g *modeltest.Subgraph) { g.Outputs[0] = -1 }),
		"operator 0: ADD: input tensor 3 is out of range": edit(func(g *modeltest.Subgraph) { g.Operators[0].Inputs[1] = 3 }),
		"required input 1 is missing":                     edit(func(g *modeltest.Subgraph) { g.Operators[0].Inputs[1] = -1 }),
		"1 inputs":                                        edit(func(g *modeltest.Subgraph) { g.Operators[0].Inputs = []int32{0} }),
		"is used before it is computed":                   edit(func(g *modeltest.Subgraph) { g.Inputs = g.Inputs[:1] }),
		"is computed more than once":                      edit(func(g *modeltest.Subgraph) { g.Operators[0].Outputs[0] = 0 }),
		"no operator computes":                            edit(func(g *modeltest.Subgraph) { g.Operators = nil }),
		"needs 16 bytes but has 3":                        edit(func(g *modeltest.Subgraph) { g.Tensors[0].Data = []byte{1, 2, 3} }),
		"larger than 2 GiB":                               edit(func(g *modeltest.Subgraph) { g.Tensors[0].Shape = []int{1 << 16, 1 << 16} }),
		"has invalid shape [1,-4]":                        edit(func(g *modeltest.Subgraph) { g.Tensors[0].Shape = []int{1, -4} }),
		"9 dimensions":                                    edit(func(g *modeltest.Subgraph) { g.Tensors[0].Shape = make([]int, 9) }),
		"do not broadcast to output shape [1,5]":          edit(func(g *modeltest.Subgraph) { g.Tensors[2].Shape = []int{1, 5} }),
		"unknown activation 9":                            edit(func(g *modeltest.Subgraph) { g.Operators[0].Options[0] = int8(9) }),
		"options of another operator: PadOptions":         edit(func(g *modeltest.Subgraph) { g.Operators[0].OptionsType = 22 }),
		"unknown operator 127":                            edit(func(g *modeltest.Subgraph) { g.Operators[0].Code = 127 }),
		"custom operator has no name":                     edit(func(g *modeltest.Subgraph) { g.Operators[0].Code = modeltest.Custom }),
		"2 quantization scales do not match axis 1 of shape [1,4]": edit(func(g *modeltest.Subgraph) {
			g.Tensors[0].Quantization = tensor.Quantization{Scales: []float32{1, 2}, ZeroPoints: []int32{0, 0}, Axis: 1}
		}),
		"quantization axis 2": edit(func(g *modeltest.Subgraph) {
			g.Tensors[0].Quantization = tensor.Quantization{Scales: []float32{1}, ZeroPoints: []int32{0}, Axis: 2}
		}),
		"1 quantization scales but 2 zero points": edit(func(g *modeltest.Subgraph) {
			g.Tensors[0].Quantization = tensor.Quantization{Scales: []float32{1}, ZeroPoints: []int32{0, 0}}
		}),
		"invalid quantization scale -1": edit(func(g *modeltest.Subgraph) { g.Tensors[0].Quantization = tensor.PerTensor(-1, 0) }),
		"zero point 300 is out of range for uint8": edit(func(g *modeltest.Subgraph) {
			g.Tensors[0].Type, g.Tensors[0].Quantization = tensor.UInt8, tensor.PerTensor(1, 300)
		}),
		"is int8 but has no quantization scale": edit(func(g *modeltest.Subgraph) { g.Tensors[0].Type = tensor.Int8 }),
		"is variable but has constant data": edit(func(g *modeltest.Subgraph) {
			g.Tensors[0].Data, g.Tensors[0].Variable, g.Inputs = make([]byte, 16), true, g.Inputs[1:]
		}),
		"string buffer of 3 bytes": edit(func(g *modeltest.Subgraph) {
			g.Tensors[0].Type, g.Tensors[0].Data, g.Inputs = tensor.String, []byte{1, 2, 3}, g.Inputs[1:]
		}),
		"stride":            conv(int8(0), int32(0), int32(1), int8(0)),
		"unknown padding 2": conv(int8(2), int32(1), int32(1), int8(0)),
		"the new shape has an invalid type: float32": edit(func(g *modeltest.Subgraph) {
			g.Operators[0] = modeltest.Operator{Code: modeltest.Reshape, Inputs: []int32{0, 1}, Outputs: []int32{2}}
		}),
		"input type float32 differs from output type int32": edit(func(g *modeltest.Subgraph) {
			g.Tensors[2].Type = tensor.Int32
			g.Operators[0] = modeltest.Operator{Code: modeltest.Reshape, Inputs: []int32{0}, Outputs: []int32{2}}
		}),
		"broken FlexBuffer": edit(func(g *modeltest.Subgraph) {
			g.Operators[0] = modeltest.Operator{Code: modeltest.Custom, Custom: "TFLite_Detection_PostProcess", Inputs: []int32{0, 1}, Outputs: []int32{2}, CustomData: []byte{1, 2, 3, 4}}
		}),
		"calls itself": func() modeltest.Model {
			m := modeltest.Endless()
			m.Subgraphs[2].Operators[0] = modeltest.Operator{Code: modeltest.While, Inputs: []int32{0}, Outputs: []int32{3},
				OptionsType: modeltest.WhileOptions, Options: []any{int32(1), int32(2)}}
			return m
		}(),
		"calls subgraph 9 (number of subgraphs: 3)": func() modeltest.Model {
			m := modeltest.Endless()
			m.Subgraphs[0].Operators[0].Options[1] = int32(9)
			return m
		}(),
		"is not an input of subgraph 0":                       {Subgraphs: modeltest.Addition(1).Subgraphs, Signatures: []modeltest.Signature{{Key: "x", Inputs: []modeltest.Named{{Name: "a", Tensor: 2}}}}},
		"tensor 5 of \"a\" is out of range":                   {Subgraphs: modeltest.Addition(1).Subgraphs, Signatures: []modeltest.Signature{{Key: "x", Outputs: []modeltest.Named{{Name: "a", Tensor: 5}}}}},
		"subgraph 4 is out of range (number of subgraphs: 1)": {Subgraphs: modeltest.Addition(1).Subgraphs, Signatures: []modeltest.Signature{{Key: "x", Subgraph: 4}}},
		"input sizes along the axis add up to 2, but axis 0": {Subgraphs: []modeltest.Subgraph{{
			Tensors: []modeltest.Tensor{int32s(1), int32s(2), int32s(0, 0, 0)}, Inputs: nil, Outputs: []int32{2},
			Operators: []modeltest.Operator{{Code: 2, Inputs: []int32{0, 1}, Outputs: []int32{2}, OptionsType: 10, Options: []any{int32(0), int8(0)}}},
		}}},
	} {
		if want == "input sizes along the axis add up to 2, but axis 0" {
			m.Subgraphs[0].Tensors[2].Data = nil
		}
		if want == "stride" {
			want = "option 1 has an invalid value: 0"
		}
		err := schema.Verify(m.Bytes())
		if !errors.Is(err, schema.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// TestEveryPrefix cuts a model at every length, and sets every byte of it to a few values: nothing may panic, and
// what is cut off in the middle is refused.
func TestEveryPrefix(t *testing.T) {
	_, whole := read(t, "split_concat")
	for n := range whole {
		if err := schema.Verify(whole[:n]); n < len(whole)-64 && !errors.Is(err, schema.ErrInvalid) {
			t.Fatalf("the first %d of %d bytes: %v", n, len(whole), err)
		}
	}
	for i, old := range whole {
		for _, v := range []byte{0, 1, 4, 127, 128, 255} {
			whole[i] = v
			if err := schema.Verify(whole); err != nil && !errors.Is(err, schema.ErrInvalid) && !errors.Is(err, schema.ErrUnsupported) {
				t.Fatalf("byte %d as %d: %v", i, v, err)
			}
		}
		whole[i] = old
	}
}

func FuzzVerify(f *testing.F) {
	for _, name := range []string{"split_concat", "model_invoking_error", "keras_lstm_mnist_ptq"} {
		b, err := os.ReadFile(testdata.Path(f, "models/"+name+".tflite"))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	for _, m := range []modeltest.Model{modeltest.Addition(1, 4), modeltest.Endless()} {
		f.Add(m.Bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := schema.Read(b)
		if err != nil {
			if !errors.Is(err, schema.ErrInvalid) || m != nil {
				t.Fatalf("%v with %v", err, m)
			}
			return
		}
		// What was accepted can be walked without looking at any bound.
		for _, g := range m.Subgraphs {
			for _, i := range slices.Concat(g.Inputs, g.Outputs) {
				_ = g.Tensors[i]
			}
			for _, o := range g.Operators {
				for _, i := range o.Inputs {
					if i != -1 {
						_ = g.Tensors[i]
					}
				}
				for _, i := range slices.Concat(o.Outputs, o.Intermediates) {
					_ = g.Tensors[i]
				}
				for _, s := range o.Subgraphs {
					_ = m.Subgraphs[s]
				}
				_ = o.OptionsString()
				g.OutputsOf(&o)
			}
			for _, x := range g.Tensors {
				if size := x.Elements() * x.Type.Size(); x.Data != nil && size > 0 && !x.Sparse && len(x.Data) != size {
					t.Fatalf("%v has %d bytes", x.Info, len(x.Data))
				}
			}
		}
		m.Compiled()
	})
}

func BenchmarkRead(b *testing.B) {
	_, model := read(b, "ssd_mobilenet_v1_coco_quant")
	for b.Loop() {
		if err := schema.Verify(model); err != nil {
			b.Fatal(err)
		}
	}
}
