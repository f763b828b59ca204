package keyword

import (
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/tflite/tensor"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is an engine whose model is a Go function of the window.
type fake struct {
	in, out []tensor.Info
	mem     [2][][]byte
	model   func(window []float32, scores []float32) error // the first input's and the first output's real values
	device  pipeline.Device
	windows [][]float32 // what it was given, when it is to be kept
	keep    bool
	runs    int
	values  [2][]float32
}

func newFake(in, out tensor.Info, model func(window, scores []float32) error) *fake {
	e := &fake{in: []tensor.Info{in}, out: []tensor.Info{out}, model: model, device: pipeline.Device{Name: "cpu:fake"}}
	e.mem[0] = [][]byte{make([]byte, max(in.Elements(), 0)*in.Type.Size())}
	e.mem[1] = [][]byte{make([]byte, max(out.Elements(), 0)*out.Type.Size())}
	e.values[0], e.values[1] = make([]float32, max(in.Elements(), 0)), make([]float32, max(out.Elements(), 0))
	return e
}

func (e *fake) Inputs() []tensor.Info      { return e.in }
func (e *fake) Outputs() []tensor.Info     { return e.out }
func (e *fake) Input(i int) tensor.Tensor  { return tensor.Tensor{Info: e.in[i], Data: e.mem[0][i]} }
func (e *fake) Output(i int) tensor.Tensor { return tensor.Tensor{Info: e.out[i], Data: e.mem[1][i]} }
func (e *fake) Device() pipeline.Device    { return e.device }
func (e *fake) Close() error               { return nil }
func (e *fake) Invoke(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.runs++
	if err := tensor.Real(e.values[0], e.Input(0)); err != nil {
		return err
	}
	if e.keep {
		e.windows = append(e.windows, slices.Clone(e.values[0]))
	}
	if err := e.model(e.values[0], e.values[1]); err != nil {
		return err
	}
	return tensor.SetReal(e.Output(0), e.values[1])
}

func floats(name string, shape ...int) tensor.Info {
	return tensor.Info{Name: name, Type: tensor.Float32, Shape: shape}
}

// silent is a model that never hears anything.
func silent(_, scores []float32) error {
	clear(scores)
	return nil
}

// cut passes a recording to a model in pieces of random lengths, some of them empty, and returns all keywords.
func cut(t *testing.T, f *Model, samples []int16, r *rand.Rand, longest int) []pipeline.Keyword {
	t.Helper()
	var all []pipeline.Keyword
	for at, first := 0, true; ; first = false {
		n := min(r.IntN(longest+1), len(samples)-at)
		c := &audio.Chunk{Samples: samples[at : at+n], Rate: f.Rate(), Start: int64(at), First: first, Level: -20, Voice: true}
		at += n
		c.Last = at == len(samples) && r.IntN(3) > 0 // or an empty chunk comes that is the last
		all = append(all, take(t, f, c)...)
		if c.Last {
			return all
		}
	}
}

func take(t *testing.T, f *Model, c *audio.Chunk) []pipeline.Keyword {
	t.Helper()
	got, err := f.Process(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	if got.Suppress != (len(got.Keywords) == 0) {
		t.Fatalf("quiet is %v with keywords %v", got.Suppress, got.Keywords)
	}
	for i := range got.Keywords {
		got.Keywords[i].LevelDBFS = -20 // as word has it: TestLevel looks at levels
	}
	return got.Keywords
}

// whole passes a recording to a model in one piece.
func whole(t *testing.T, f *Model, samples []int16) []pipeline.Keyword {
	t.Helper()
	return take(t, f, &audio.Chunk{Samples: samples, Rate: f.Rate(), First: true, Last: true, Level: -20, Voice: true})
}

func open(t testing.TB, e pipeline.Engine, o Options) *Model {
	t.Helper()
	f, err := New(e, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func noise(r *rand.Rand, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(r.IntN(1 << 16))
	}
	return s
}

// tone is a sine of a quarter of full scale.
func tone(hz float64, rate, n int) []int16 {
	s := make([]int16, n)
	for i := range s {
		s[i] = int16(8192 * math.Sin(2*math.Pi*hz*float64(i)/float64(rate)))
	}
	return s
}

func join(parts ...[]int16) []int16 { return slices.Concat(parts...) }

// little writes values as a model's constants are stored.
func little[T int8 | int32 | float32](values []T) []byte {
	b, err := binary.Append(nil, binary.LittleEndian, values)
	if err != nil {
		panic(err)
	}
	return b
}

// probed keeps what went into an engine and what came out, as real values.
type probed struct {
	pipeline.Engine
	windows, scores [][]float32
}

func (p *probed) Invoke(ctx context.Context) error {
	in := p.Input(0)
	window := make([]float32, in.Elements())
	if err := tensor.Real(window, in); err != nil {
		return err
	}
	if err := p.Engine.Invoke(ctx); err != nil {
		return err
	}
	out := p.Output(0)
	scores := make([]float32, out.Elements())
	p.windows, p.scores = append(p.windows, window), append(p.scores, scores)
	return tensor.Real(scores, out)
}
