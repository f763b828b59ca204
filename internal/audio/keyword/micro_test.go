package keyword

import (
	"math/rand/v2"
	"slices"
	"testing"

	"corallite/internal/testdata"
	"corallite/tflite"
)

// TestMicroSpeech hears the recordings of micro_speech's own test with its model, whole and in pieces: one word each,
// from a window full of sound, and none in noise. A shorter recording is heard once, with silence behind it.
func TestMicroSpeech(t *testing.T) {
	n, err := tflite.Open(testdata.Path(t, "wild/micro_speech_quantized.tflite"), tflite.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Close()
	for clip, want := range map[string][]string{"yes": {"yes"}, "no": {"no"}, "noise": nil} {
		p := &probed{Engine: n}
		f := open(t, p, Options{Features: Micro, Labels: []string{"silence", "unknown", "yes", "no"}})
		sound := recording(t, "wild/"+clip+"_1000ms.wav")
		got := whole(t, f, sound)
		if !slices.Equal(said(got), want) || len(got) > 0 && (got[0].Score < 0.9 || got[0].EndS != 1) {
			t.Errorf("%s: heard %v", clip, got)
		}
		if len(p.scores) != 1 {
			t.Errorf("%s: %d runs on windows of 0.99 s in 1 s, with a step of 0.1 s", clip, len(p.scores))
		}
		if pieces := cut(t, f, sound, rand.New(rand.NewPCG(1, 1)), 3000); !slices.Equal(pieces, got) {
			t.Errorf("%s: in pieces %v, in one %v", clip, pieces, got)
		}
		if short := whole(t, f, sound[:14000]); !slices.Equal(said(short), want) {
			t.Errorf("%s: cut at 0.875 s, heard %v", clip, short)
		}
	}
}
