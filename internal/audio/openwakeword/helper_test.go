package openwakeword

import (
	"context"
	"encoding/binary"
	"os"
	"path/filepath"
	"testing"

	"corallite/delegate"
	"corallite/internal/testdata"
	"corallite/models"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/tflite/tensor"
)

// words are the models of pyopen-wakeword.
var words = []string{"alexa", "hey_jarvis", "hey_mycroft", "hey_rhasspy", "okay_nabu"}

// pulled gives the files of a word's chain, out of the package that scripts/test-files has fetched.
func pulled(tb testing.TB, word string) models.Found {
	tb.Helper()
	store, err := models.Open(models.Options{})
	if err != nil {
		tb.Fatal(err)
	}
	store, err = models.Open(models.Options{Cache: tb.TempDir(), Downloads: store.Downloads()})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Setenv("PATH", "") // no python3: nothing may be fetched
	found, err := store.Pull(tb.Context(), "openwakeword_"+word, nil)
	if err != nil {
		testdata.Missing(tb, "%v: run scripts/test-files", err)
	}
	return found
}

// open opens a model on the CPU, on one thread, closed when the test ends.
func open(tb testing.TB, path string, choice delegate.Choice, shapes ...[]int) pipeline.Engine {
	tb.Helper()
	e, err := delegate.Open(tb.Context(), delegate.Files{CPU: path}, delegate.Options{Choice: choice, Shapes: shapes})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		if err := e.Close(); err != nil {
			tb.Error(err)
		}
	})
	return e
}

func stage(tb testing.TB, choice delegate.Choice) *Stage {
	tb.Helper()
	found := pulled(tb, words[0])
	s, err := NewStage(open(tb, found.Melspectrogram, choice, MelShapes()...), open(tb, found.Embedding, choice))
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func word(tb testing.TB, name string, choice delegate.Choice, o Options) *wakeWord {
	tb.Helper()
	w, err := NewWakeWord(name, &recorder{Engine: open(tb, pulled(tb, name).Model, choice)}, o)
	if err != nil {
		tb.Fatal(err)
	}
	return w.(*wakeWord)
}

// recorder is an engine that keeps the scores of all runs.
type recorder struct {
	pipeline.Engine
	scores []float32
}

func (r *recorder) Invoke(ctx context.Context) error {
	if err := r.Engine.Invoke(ctx); err != nil {
		return err
	}
	r.scores = append(r.scores, 0)
	return tensor.Real(r.scores[len(r.scores)-1:], r.Output(0))
}

// recordings are the paths of all spoken words.
func recordings(tb testing.TB) []string {
	tb.Helper()
	paths, err := filepath.Glob(filepath.Join(testdata.Path(tb, "speech/wakewords"), "*.wav"))
	if err != nil || len(paths) == 0 {
		tb.Fatalf("%d recordings, %v", len(paths), err)
	}
	return paths
}

// samples reads a recording as espeak-ng writes it: 44 bytes of header, then 16 bits a sample.
func samples(tb testing.TB, path string) []int16 {
	tb.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		tb.Fatal(err)
	}
	if len(b) < 44 || string(b[:4]) != "RIFF" || string(b[36:40]) != "data" || binary.LittleEndian.Uint32(b[24:]) != rate {
		tb.Fatalf("%s is no plain recording", path)
	}
	out := make([]int16, (len(b)-44)/2)
	for i := range out {
		out[i] = int16(binary.LittleEndian.Uint16(b[44+2*i:]))
	}
	return out
}

// cut makes chunks of a recording: the lengths come in turn.
func cut(sound []int16, start int64, lengths ...int) []*audio.Chunk {
	var all []*audio.Chunk
	for i := 0; ; i++ {
		n := min(lengths[i%len(lengths)], len(sound))
		all = append(all, &audio.Chunk{
			Samples: sound[:n], Rate: rate, Start: start, First: i == 0, Last: n == len(sound), Level: -20, Voice: true,
		})
		if n == len(sound) {
			return all
		}
		sound, start = sound[n:], start+int64(n)
	}
}

// hear takes chunks through a stage and gives all rows.
func hear(tb testing.TB, s *Stage, chunks []*audio.Chunk) []float32 {
	tb.Helper()
	var rows []float32
	for _, c := range chunks {
		if err := s.Process(context.Background(), c); err != nil {
			tb.Fatal(err)
		}
		rows = append(rows, c.Embeddings...)
	}
	return rows
}

// told is what a word model says of chunks that a stage has seen, with the scores of all rows if there is a recorder.
func told(tb testing.TB, w *wakeWord, chunks []*audio.Chunk) (found []pipeline.Keyword, scores []float32) {
	tb.Helper()
	all, recorded := w.engine.(*recorder)
	if recorded {
		all.scores = nil
	}
	for _, c := range chunks {
		r, err := w.Process(context.Background(), c)
		if err != nil {
			tb.Fatal(err)
		}
		if r.Suppress != (len(r.Keywords) == 0) {
			tb.Fatalf("quiet %v with %v", r.Suppress, r.Keywords)
		}
		found = append(found, r.Keywords...)
	}
	if recorded {
		scores = all.scores
	}
	return found, scores
}

// scripted is an engine whose runs give what a test says. Its inputs and outputs are floats.
type scripted struct {
	in, out []tensor.Tensor
	run     func(in, out []float32) error
	runs    int
}

func newScripted(in, out []int, run func(in, out []float32) error) *scripted {
	tensorOf := func(name string, shape []int) []tensor.Tensor {
		info := tensor.Info{Name: name, Type: tensor.Float32, Shape: shape}
		return []tensor.Tensor{{Info: info, Data: make([]byte, 4*info.Elements())}}
	}
	return &scripted{in: tensorOf("in", in), out: tensorOf("out", out), run: run}
}

func (e *scripted) Inputs() []tensor.Info      { return []tensor.Info{e.in[0].Info} }
func (e *scripted) Outputs() []tensor.Info     { return []tensor.Info{e.out[0].Info} }
func (e *scripted) Input(i int) tensor.Tensor  { return e.in[i] }
func (e *scripted) Output(i int) tensor.Tensor { return e.out[i] }
func (e *scripted) Device() tensor.Device      { return tensor.Device{Name: "cpu:scripted"} }
func (e *scripted) Close() error               { return nil }
func (e *scripted) Invoke(context.Context) error {
	e.runs++
	in, err := tensor.Of[float32](e.in[0])
	if err != nil {
		return err
	}
	out, err := tensor.Of[float32](e.out[0])
	if err != nil {
		return err
	}
	return e.run(in, out)
}

// scriptedStage is a Stage of two engines that only count their runs.
func scriptedStage(tb testing.TB) (s *Stage, mel, embedding *scripted) {
	tb.Helper()
	nothing := func([]float32, []float32) error { return nil }
	mel = newScripted([]int{1, window}, []int{1, 1, newRows, bands}, nothing)
	embedding = newScripted([]int{1, seenRows, bands, 1}, []int{1, 1, 1, audio.EmbeddingSize}, nothing)
	s, err := NewStage(mel, embedding)
	if err != nil {
		tb.Fatal(err)
	}
	return s, mel, embedding
}
