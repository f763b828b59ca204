package schema_test

import (
	"math/rand/v2"
	"os"
	"slices"
	"testing"

	"corallite/internal/schema"
	"corallite/internal/testdata"
)

func readFile(t *testing.T, path string) *schema.Model {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// TestDescribe reads what real models say of themselves; those of their authors' scripts.
func TestDescribe(t *testing.T) {
	d, err := readFile(t, testdata.Path(t, "wild/yamnet_audio_classifier_with_metadata.tflite")).Describe()
	if err != nil || len(d.Inputs) != 1 || d.Inputs[0].Audio == nil || *d.Inputs[0].Audio != (schema.Audio{Rate: 16000, Channels: 1}) {
		t.Errorf("YAMNet: %+v, %v", d, err)
	} else if len(d.Outputs) != 1 || d.Outputs[0].Labels != "yamnet_label_list.txt" {
		t.Errorf("YAMNet's outputs: %+v", d.Outputs)
	}
	d, err = readFile(t, testdata.Path(t, "wild/mobilenet_v1_0.25_224_quant.tflite")).Describe()
	if err != nil || len(d.Inputs) != 1 || !slices.Equal(d.Inputs[0].Mean, []float32{127.5}) || !slices.Equal(d.Inputs[0].Std, []float32{127.5}) || d.Outputs[0].Labels == "" {
		t.Errorf("MobileNet: %+v, %v", d, err)
	}
	d, err = readFile(t, testdata.Case(t, "runtimes/meter_metadata_mean0_std1.tflite")).Describe()
	if err != nil || !slices.Equal(d.Inputs[0].Mean, []float32{0}) || !slices.Equal(d.Inputs[0].Std, []float32{1}) {
		t.Errorf("meter: %+v, %v", d, err)
	}
	if d, err := readFile(t, testdata.Path(t, "models/split_concat.tflite")).Describe(); d != nil || err != nil {
		t.Errorf("a model without metadata: %+v, %v", d, err)
	}
}

// TestDescribeEntry reads the metadata in the order of a signature's inputs and outputs; they say nothing of other graphs.
func TestDescribeEntry(t *testing.T) {
	m := readFile(t, testdata.Path(t, "wild/mobilenet_v1_0.25_224_quant.tflite"))
	g := m.Main()
	out := schema.NamedTensor{Name: "scores", Tensor: g.Outputs[0]}
	m.Signatures = []schema.Signature{
		{Key: "classify", Inputs: []schema.NamedTensor{{Name: "image", Tensor: g.Inputs[0]}}, Outputs: []schema.NamedTensor{{Name: "hidden", Tensor: 0}, out}},
		{Key: "other", Subgraph: 1, Outputs: []schema.NamedTensor{out}},
	}
	d, err := m.DescribeEntry("classify")
	if err != nil || len(d.Outputs) != 2 || d.Outputs[0].Labels != "" || d.Outputs[1].Labels == "" || len(d.Inputs) != 1 || len(d.Inputs[0].Mean) != 1 {
		t.Errorf("%+v, %v", d, err)
	}
	for _, key := range []string{"other", "unknown"} {
		if d, err := m.DescribeEntry(key); d != nil || err != nil {
			t.Errorf("%s: %+v, %v", key, d, err)
		}
	}
}

// TestDescribeBroken damages metadata: they are read, or refused with an error.
func TestDescribeBroken(t *testing.T) {
	b, err := os.ReadFile(testdata.Case(t, "runtimes/meter_metadata_mean0_std1.tflite"))
	if err != nil {
		t.Fatal(err)
	}
	m, err := schema.Read(b)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(m.Metadata, func(m schema.Metadata) bool { return m.Name == "TFLITE_METADATA" })
	if at < 0 {
		t.Fatal("no metadata")
	}
	read, refused := 0, 0
	for i := range 20_000 {
		r := rand.New(rand.NewPCG(uint64(i), 3))
		data := slices.Clone(m.Metadata[at].Data)
		for range 1 + r.IntN(3) {
			data[r.IntN(len(data))] ^= 1 << r.IntN(8)
		}
		broken := &schema.Model{Metadata: []schema.Metadata{{Name: "TFLITE_METADATA", Data: data[:len(data)-r.IntN(2)*r.IntN(len(data))]}}}
		if _, err := broken.Describe(); err != nil {
			refused++
		} else {
			read++
		}
	}
	if read == 0 || refused == 0 {
		t.Errorf("%d read, %d refused", read, refused)
	}
}
