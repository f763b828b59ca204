package openwakeword

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"corallite/delegate"
	"corallite/internal/testdata"
	"corallite/pipeline/audio"
)

func recording(tb testing.TB, name string) []int16 {
	tb.Helper()
	return samples(tb, testdata.Path(tb, "speech/wakewords/"+name+".wav"))
}

// TestCuts: features do not depend on how the sound is cut into chunks, bit for bit, nor on what was heard before.
func TestCuts(t *testing.T) {
	s := stage(t, delegate.XNNPACK)
	sound := recording(t, "hey_jarvis-en-us")
	want := hear(t, s, cut(sound, 0, 160))
	if n := (before + int(newest(int64(len(sound)))) + 1 + tail) * audio.EmbeddingSize; len(want) != n {
		t.Fatalf("%d features, want %d", len(want), n)
	}
	hear(t, s, cut(recording(t, "alexa-en-gb"), 0, 4000)[:5]) // and no end
	for _, lengths := range [][]int{{0, 1280}, {479, 1, 1}, {8000}, {1, 1759, 33, 5000, 0, 7}, {len(sound)}} {
		if got := hear(t, s, cut(sound, 12345, lengths...)); !slices.Equal(got, want) {
			t.Errorf("cut into %v, features differ", lengths)
		}
	}
}

// TestShort: recordings of nothing and of a single sample are heard to their end.
func TestShort(t *testing.T) {
	for n, want := range map[int]int{0: before + tail, 1: before + tail, 479: before + tail, 480: before + tail + 1} {
		s, _, _ := scriptedStage(t)
		if got := len(hear(t, s, cut(make([]int16, n), 0, 160))) / audio.EmbeddingSize; got != want {
			t.Errorf("%d samples: %d rows, want %d", n, got, want)
		}
	}
}

// shut makes the voice gate hold back the chunks from one sample to another.
func shut(chunks []*audio.Chunk, from, to int64) []*audio.Chunk {
	for _, c := range chunks {
		c.Voice = c.Start < from || c.Start >= to
	}
	return chunks
}

// TestGateBriefly: what the gate holds back for a second is caught up on, and nothing is lost. So it is at the end.
func TestGateBriefly(t *testing.T) {
	s := stage(t, delegate.XNNPACK)
	sound := recording(t, "hey_jarvis-en-us")
	want := hear(t, s, cut(sound, 0, 160))
	for _, gap := range [][2]int64{{0, 16000}, {16000, 32000}, {40000, 40160}, {int64(len(sound)) - 16000, int64(len(sound)) + 1}} {
		chunks := shut(cut(sound, 0, 160), gap[0], gap[1])
		if got := hear(t, s, chunks); !slices.Equal(got, want) {
			t.Errorf("held back from %d to %d: features differ", gap[0], gap[1])
		}
		for _, c := range chunks {
			if !c.Voice && !c.Last && len(c.Embeddings) > 0 {
				t.Fatalf("a model ran at %d although there was no voice", c.Start)
			}
		}
	}
}

// TestGateLong: after the gate was shut for longer, all is as if the recording began about a second before it opened.
func TestGateLong(t *testing.T) {
	s := stage(t, delegate.XNNPACK)
	sound := slices.Concat(recording(t, "alexa-en-gb"), recording(t, "hey_jarvis-en-us"))
	const opens, begins = 48000, 32000 // what is kept begins at a multiple of 1280, and its first 1280 are silenced
	got := hear(t, s, shut(cut(sound, 0, 160), 8000, opens))
	got = got[(before+6)*audio.EmbeddingSize:] // 6 rows are complete after 8000 samples
	if want := hear(t, s, cut(sound[begins:], begins, 160)); !slices.Equal(got, want) {
		t.Error("features are not those of a recording that begins a second before the gate opens")
	}
}

// TestGateShut: while the gate is shut no model runs, however the sound is cut, also at the end.
func TestGateShut(t *testing.T) {
	for _, length := range []int{160, 8000, 100000} {
		s, mel, embedding := scriptedStage(t)
		rows := hear(t, s, shut(cut(make([]int16, 200000), 0, length), 0, 1<<40))
		if len(rows) != 0 || mel.runs != 1 || embedding.runs != 1 { // the one is to learn what silence is
			t.Errorf("chunks of %d: %d rows, %d and %d runs", length, len(rows), mel.runs, embedding.runs)
		}
	}
}

// TestStageRefuses: models that do not fit, sound of another rate.
func TestStageRefuses(t *testing.T) {
	found := pulled(t, "alexa")
	mel, embedding := open(t, found.Melspectrogram, delegate.None, MelShapes()...), open(t, found.Embedding, delegate.None)
	other := open(t, found.Melspectrogram, delegate.None, []int{1, 1280})
	_, err1 := NewStage(other, embedding)
	_, err2 := NewStage(embedding, mel)
	_, err3 := NewStage(mel, open(t, found.Model, delegate.None))
	for err, want := range map[error]string{
		err1: "not an openWakeWord melspectrogram model: want the input float32[1,1760], has serving_default_input:0 float32[1,1280]",
		err2: "not an openWakeWord melspectrogram model: want the input float32[1,1760], has ",
		err3: "not an openWakeWord embedding model: want the input float32[1,76,32,1], has ",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %s", err, want)
		}
	}
	s, _, _ := scriptedStage(t)
	if err := s.Process(t.Context(), &audio.Chunk{Rate: 8000, First: true}); err == nil || !strings.Contains(err.Error(), "invalid sample rate 8000 of a chunk (want 16000)") {
		t.Errorf("8000 samples a second: %v", err)
	}
}

// TestStageFails: the error of an engine comes out, with the model that it was.
func TestStageFails(t *testing.T) {
	broken := errors.New("broken")
	for what := range 2 {
		s, mel, embedding := scriptedStage(t)
		engine, want := mel, "melspectrogram model: broken"
		if what == 1 {
			engine, want = embedding, "embedding model: broken"
		}
		engine.run = func([]float32, []float32) error {
			if engine.runs > 3 {
				return broken
			}
			return nil
		}
		var err error
		for _, c := range cut(make([]int16, 16000), 0, 1600) {
			if err = s.Process(context.Background(), c); err != nil {
				break
			}
		}
		if !errors.Is(err, broken) || err.Error() != want {
			t.Errorf("error %v, want %s", err, want)
		}
	}
}
