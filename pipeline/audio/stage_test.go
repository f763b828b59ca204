package audio_test

import (
	"context"
	"errors"
	"io"
	"math"
	"slices"
	"testing"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// fake is a source that gives predefined chunks.
type fake struct {
	pool   audio.Pool
	rate   int
	pieces [][]int16
	at     int64
	next   int
	closed int
}

func (f *fake) Next(context.Context) (*audio.Chunk, error) {
	if f.next == len(f.pieces) {
		return nil, io.EOF
	}
	c := f.pool.Get(len(f.pieces[f.next]))
	c.Samples = append(c.Samples, f.pieces[f.next]...)
	c.Rate, c.Start, c.First, c.Last = f.rate, f.at, f.next == 0, f.next == len(f.pieces)-1
	f.at += int64(len(c.Samples))
	f.next++
	return c, nil
}

func (f *fake) Live() bool { return false }
func (f *fake) Stats() pipeline.Stats {
	return pipeline.Stats{Sound: &pipeline.SoundSummary{Seconds: audio.At(f.at, f.rate).Seconds()}}
}

func (f *fake) Close() error {
	f.closed++
	return nil
}

// cut divides samples into pieces of the given lengths.
func cut(samples []int16, give func() int) [][]int16 {
	var pieces [][]int16
	for len(samples) > 0 {
		n := min(give(), len(samples))
		pieces = append(pieces, samples[:n])
		samples = samples[n:]
	}
	return append(pieces, nil) // a last chunk may be empty
}

func every(n int) func() int { return func() int { return n } }

// through passes samples through stages and returns the output.
func through(t *testing.T, rate int, pieces [][]int16, see func(*audio.Chunk), stages ...audio.Stage) pipeline.SoundSummary {
	t.Helper()
	f := &fake{rate: rate, pieces: pieces}
	p := audio.Prepare(f, stages...)
	for {
		c, err := p.Next(context.Background())
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if see != nil {
			see(c)
		}
		c.Release()
	}
	if f.pool.Out() != 0 {
		t.Errorf("%d chunks are still in use", f.pool.Out())
	}
	return *p.Stats().Sound
}

func TestLevel(t *testing.T) {
	square, sine := make([]int16, 1600), make([]int16, 1600)
	for i := range square {
		square[i] = -32768
		sine[i] = int16(math.Round(16384 * math.Sin(2*math.Pi*float64(i)/16)))
	}
	for name, c := range map[string]struct {
		samples     []int16
		level, peak float64
	}{
		"full scale":   {square, 0, 0},
		"sine, half":   {sine, -9.03, -6.02},
		"silence":      {make([]int16, 1600), audio.SilentDBFS, audio.SilentDBFS},
		"the smallest": {slices.Repeat([]int16{1, -1}, 800), -90.31, -90.31},
	} {
		var levels []float32
		sum := through(t, 16000, cut(c.samples, every(160)), func(c *audio.Chunk) { levels = append(levels, c.Level) }, audio.NewLevel())
		if math.Abs(sum.LevelDBFS-c.level) > 0.01 || math.Abs(sum.PeakDBFS-c.peak) > 0.01 {
			t.Errorf("%s: level %.2f, peak %.2f; want %.2f, %.2f", name, sum.LevelDBFS, sum.PeakDBFS, c.level, c.peak)
		}
		if math.Abs(float64(levels[3])-c.level) > 0.01 || levels[len(levels)-1] != audio.SilentDBFS {
			t.Errorf("%s: chunks have %v", name, levels)
		}
	}
}

// closing is a stage that fails at its third chunk, and that is closed.
type closing struct{ seen, closed int }

var errStage = errors.New("the stage failed")

func (s *closing) Process(context.Context, *audio.Chunk) error {
	if s.seen++; s.seen == 3 {
		return errStage
	}
	return nil
}

func (s *closing) Close() error {
	s.closed++
	return nil
}

func TestPrepare(t *testing.T) {
	f, s := &fake{rate: 16000, pieces: cut(make([]int16, 1600), every(160))}, new(closing)
	p := audio.Prepare(f, audio.NewLevel(), s)
	for i := range 3 {
		c, err := p.Next(context.Background())
		if (err == nil) != (i < 2) || i == 2 && !errors.Is(err, errStage) {
			t.Fatalf("chunk %d: %v", i, err)
		}
		if err == nil {
			c.Release()
		}
	}
	if f.pool.Out() != 0 {
		t.Errorf("%d chunks are still in use after the stage failed", f.pool.Out())
	}
	if sum := p.Stats().Sound; sum.Seconds != 0.03 || sum.LevelDBFS != audio.SilentDBFS {
		t.Errorf("%+v", sum)
	}
	if err := p.Close(); err != nil || f.closed != 1 || s.closed != 1 {
		t.Errorf("%v, source closed %d times, stage %d times", err, f.closed, s.closed)
	}
}

func TestStagesAllocateNothing(t *testing.T) {
	var pool audio.Pool
	c := pool.Get(160)
	c.Samples, c.Rate = c.Samples[:160], 16000
	level, voice := audio.NewLevel(), newVAD(t, audio.VADOptions{})
	if n := testing.AllocsPerRun(1000, func() {
		if err := errors.Join(level.Process(context.Background(), c), voice.Process(context.Background(), c)); err != nil {
			t.Fatal(err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a chunk", n)
	}
}
