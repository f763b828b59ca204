package keyword

import (
	"archive/zip"
	"io"
	"math"
	"slices"
	"strings"
	"testing"

	"corallite/internal/testdata"
	"corallite/tflite"
)

// TestYAMNet runs a real YAMNet on a real recording. The right scores are those of LiteRT 2.3 (PyPI ai-edge-litert) on the same
// windows of 15600 samples, every 7800.
func TestYAMNet(t *testing.T) {
	path := testdata.Path(t, "wild/yamnet_audio_classifier_with_metadata.tflite")
	n, err := tflite.Open(path, tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	labels := packedLabels(t, path, "yamnet_label_list.txt")
	sound := recording(t, "wild/speech.wav")
	speech, room := []float64{0.918, 0.9883, 0.9922, 0.8516, 0.9844, 0.9961, 0.9961}, []float64{0.082, 0.0195, 0.0039, 0.0039, 0.0039, 0.0039, 0.0039}

	p := &probed{Engine: n}
	groups := []Group{
		{Name: "voice", Labels: []string{"Speech", "Narration, monologue"}, Threshold: 0.9},
		{Name: "room", Labels: []string{"Inside, small room", "Reverberation"}, Threshold: 0.05},
	}
	got := whole(t, open(t, p, Options{Features: Waveform, Rate: 16000, Labels: labels, Groups: groups}), sound)
	if len(p.scores) <= len(speech) {
		t.Fatalf("%d runs, want %d or more", len(p.scores), len(speech)+1)
	}
	for i := range speech { // behind a first window that is half silence
		for label, want := range map[string]float64{"Speech": speech[i], "Inside, small room": room[i]} {
			if s := float64(p.scores[i+1][slices.Index(labels, label)]); math.Abs(s-want) > 0.012 { // three steps of 1/256
				t.Errorf("window %d: %s is %.4f, LiteRT's %.4f", i, label, s, want)
			}
		}
	}
	// A voice is heard again after the window in which it falls below 0.9.
	if want := []string{"room", "voice", "voice"}; !slices.Equal(said(got), want) || math.Abs(got[2].EndS-2.925) > 1e-6 {
		t.Errorf("heard %+v, want %v", got, want)
	}
	got = whole(t, open(t, &probed{Engine: n}, Options{Features: Waveform, Rate: 16000, Labels: labels, Groups: groups[:1],
		Allow: []string{"voice"}, Thresholds: map[string]float32{"Speech": 0.9945}}), sound)
	if want := []string{"voice"}; !slices.Equal(said(got), want) || math.Abs(got[0].EndS-3.4125) > 1e-6 {
		t.Errorf("with a threshold of its own for Speech: heard %+v, want %v from 3.4125 s", got, want)
	}
}

// packedLabels are the lines of a file that is packed into a model's.
func packedLabels(t *testing.T, model, name string) []string {
	t.Helper()
	z, err := zip.OpenReader(model)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSpace(string(text)), "\n")
}
