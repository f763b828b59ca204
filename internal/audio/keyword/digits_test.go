package keyword

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"corallite/internal/audio/mel"
	"corallite/internal/schema"
	"corallite/internal/testdata"
	"corallite/models"
	"corallite/pipeline"
	"corallite/pipeline/mic/mictest"
	"corallite/tflite"
	"corallite/tflite/tensor"
)

// digitsFiles is where the model of spoken digits and its labels lie.
const digitsFiles = "../../../models/digits_"

var speakers = []string{"george", "jackson", "lucas", "nicolas"}

// long says whether the tests of the digits are to take all recordings and hours of sound: CORALLITE_DIGITS_LONG=1, some
// minutes on a quiet machine. The figures of models/digits.md are from it.
func long() bool { return os.Getenv("CORALLITE_DIGITS_LONG") == "1" }

// folds is a folder with a model for each speaker that has not heard them, without_NAME.tflite: what
// `scripts/train/digits/run --folds` makes. The tests then take those instead of the one that ships.
var folds = os.Getenv("CORALLITE_DIGITS_FOLDS")

// digits is the project's model of spoken digits for a speaker, run as its entry in the catalog says.
func digits(t *testing.T, speaker string) (f *Model, labels []string) {
	t.Helper()
	store, err := models.Open(models.Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	found, err := store.Find("digits")
	if err != nil {
		t.Fatal(err)
	}
	if folds != "" && speaker != "" {
		found.Model = filepath.Join(folds, "without_"+speaker+".tflite")
	}
	e, err := tflite.Open(found.Model, tflite.Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	k := found.Entry.Keyword
	of := k.Features
	seconds := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	o := Options{
		Features: Features(of.Kind),
		Mel: mel.Options{
			Rate: of.Rate, WindowMS: of.WindowMS, HopMS: of.HopMS, FFT: of.FFT, Bins: of.Bins, LowHz: *of.LowHz, HighHz: of.HighHz,
			Offset: *of.Offset, Mean: of.Mean, Std: of.Std,
		},
		RangeDB: of.RangeDB, Labels: found.Entry.Labels, Step: seconds(k.Step), Smoothing: seconds(k.Smoothing), Refractory: seconds(*k.Refractory),
		Threshold: float32(k.Threshold), Thresholds: map[string]float32{},
	}
	for label, threshold := range k.Thresholds {
		o.Thresholds[label] = float32(threshold)
	}
	return open(t, e, o), o.Labels
}

// TestDigitsFitTheEdgeTPU: its compiler takes int8, fixed shapes, and the operators that coral.ai/docs/edgetpu/models-intro
// lists; these are all that the model has.
func TestDigitsFitTheEdgeTPU(t *testing.T) {
	data, err := os.ReadFile(digitsFiles + "quant.tflite")
	if err != nil {
		t.Fatal(err)
	}
	if len(data) >= 300_000 {
		t.Errorf("%d bytes, want less than 300000", len(data))
	}
	m, err := schema.Read(data)
	if err != nil {
		t.Fatal(err)
	}
	if len(m.Subgraphs) != 1 {
		t.Fatalf("%d subgraphs, want 1", len(m.Subgraphs))
	}
	g := m.Main()
	var operators []string
	for _, op := range g.Operators {
		operators = append(operators, op.Name)
	}
	want := strings.Fields("CONV_2D CONV_2D CONV_2D CONV_2D CONV_2D AVERAGE_POOL_2D CONV_2D FULLY_CONNECTED SOFTMAX")
	if !slices.Equal(operators, want) {
		t.Errorf("the operators are %q, want %q", operators, want)
	}
	for i, x := range g.Tensors {
		bias := x.Type == tensor.Int32 && x.Data != nil
		if (x.Type != tensor.Int8 && !bias) || !x.Quantization.Quantized() {
			t.Errorf("tensor %d is %s, want quantized int8, or int32 for a bias", i, x.Info)
		}
		if slices.Contains(x.ShapeSignature, -1) || x.Elements() < 1 || x.Variable {
			t.Errorf("tensor %d, %s, has no fixed shape, or keeps its contents", i, x.Info)
		}
	}
	in, out := g.InputInfos(), g.OutputInfos()
	if len(in) != 1 || in[0].Type != tensor.Int8 || len(out) != 1 || out[0].Type != tensor.Int8 {
		t.Errorf("from %v to %v, want int8 to int8", in, out)
	}
}

// TestDigitsLabels: the label file is for who uses the model without the catalog.
func TestDigitsLabels(t *testing.T) {
	lines, err := os.ReadFile(digitsFiles + "labels.txt")
	if err != nil {
		t.Fatal(err)
	}
	if _, labels := digits(t, ""); string(lines) != strings.Join(labels, "\n")+"\n" {
		t.Errorf("the label file has %q, the catalog %q", lines, labels)
	}
}

// TestDigitsAlone: a recording of one word is one keyword, for at least nine of ten recordings of each speaker. The
// model has heard them while it was trained: this is about what comes after the model. How it does with speakers that it
// does not know is in models/digits.md.
func TestDigitsAlone(t *testing.T) {
	each := 5
	if long() {
		each = 50
	}
	for _, speaker := range speakers {
		f, names := digits(t, speaker)
		right, silent, several := 0, 0, 0
		for digit := range 10 {
			for n := range each {
				switch got := said(whole(t, f, spoken(t, digit, speaker, n))); {
				case slices.Equal(got, names[digit:digit+1]):
					right++
				case len(got) == 0:
					silent++
				case len(got) > 1:
					several++
				}
			}
		}
		t.Logf("%s: %d of %d recordings give their digit and nothing else, %d nothing, %d more than one word",
			speaker, right, 10*each, silent, several)
		if right*10 < 9*10*each {
			t.Errorf("%s: only %d of %d", speaker, right, 10*each)
		}
	}
}

// said are the labels of keywords.
func said(words []pipeline.Keyword) (labels []string) {
	for _, k := range words {
		labels = append(labels, k.Label)
	}
	return labels
}

// spoken is a recording of a digit, 0 to 49 of each speaker, with nothing before and after it.
func spoken(t *testing.T, digit int, speaker string, n int) []int16 {
	t.Helper()
	return recording(t, fmt.Sprintf("speech/digits/%d_%s_%d.wav", digit, speaker, n))
}

// recording reads a recording of the test data, brought to the model's rate as corallite does it.
func recording(t *testing.T, name string) []int16 {
	t.Helper()
	return mictest.Read(t, 16000, testdata.Path(t, name))[0].Samples
}
