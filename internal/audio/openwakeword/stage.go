package openwakeword

import (
	"context"
	"fmt"

	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/tflite/tensor"
)

// Stage is an audio.Stage that fills Chunk.Embeddings. One serves all word models of a pipeline.
//
// At the beginning it adds rows of silence before the first row of sound, as many as any word model looks at. The beginning
// is a chunk that is First, or voice after more than about a second without: then with the last second of that, after
// silence. Shorter pauses are made up for, and nothing is lost. After Last some silence follows, unless there was no voice
// lately.
//
// The caller closes the engines.
type Stage struct {
	mel, embedding pipeline.Engine

	silentBands    []float32 // of a window of zeros; nil: not known yet
	silentFeatures []float32 // of seenRows of them

	sound    []int16   // what no window has left behind; its capacity is all that is kept
	samples  []float32 // a window
	bands    []float32 // the newest keptRows
	features []float32 // a row

	atStart bool // no row was returned since the beginning
	voice   bool // there was voice since the beginning
	dropped bool // sound was dropped because there was no voice
}

var _ audio.Stage = (*Stage)(nil)

// NewStage returns a Stage of the two models that all words share. The melspectrogram model must be opened with MelShapes.
// The error for a model that does not fit says what was expected and what it has.
func NewStage(mel, embedding pipeline.Engine) (*Stage, error) {
	if err := check("melspectrogram", mel, []int{1, window}, newRows*bands); err != nil {
		return nil, err
	}
	if err := check("embedding", embedding, []int{1, seenRows, bands, 1}, audio.EmbeddingSize); err != nil {
		return nil, err
	}
	return &Stage{
		mel: mel, embedding: embedding,
		sound: make([]int16, 0, window+held*hop), samples: make([]float32, window),
		bands: make([]float32, keptRows*bands), features: make([]float32, audio.EmbeddingSize),
	}, nil
}

// Process adds the rows of embeddings that the chunk completes.
func (s *Stage) Process(ctx context.Context, c *audio.Chunk) error {
	if c.Rate != rate {
		return fmt.Errorf("openwakeword: invalid sample rate %d of a chunk (want %d)", c.Rate, rate)
	}
	if err := s.learnSilence(ctx); err != nil {
		return err
	}
	if c.First {
		s.sound, s.voice, s.dropped = append(s.sound[:0], make([]int16, hop)...), false, false
		s.begin()
	}
	if c.Voice {
		s.voice = true
		if s.dropped {
			s.dropped = false
			clear(s.sound[:hop])
			s.begin()
		}
		if err := s.catchUp(ctx, c); err != nil {
			return err
		}
	}
	for in := c.Samples; len(in) > 0; {
		if len(s.sound) == cap(s.sound) {
			s.leave(hop)
			s.dropped = true
		}
		n := min(cap(s.sound)-len(s.sound), len(in))
		s.sound, in = append(s.sound, in[:n]...), in[n:]
		if c.Voice {
			if err := s.catchUp(ctx, c); err != nil {
				return err
			}
		}
	}
	if c.Last && s.voice && !s.dropped {
		return s.end(ctx, c)
	}
	return nil
}

// begin puts silence before what comes.
func (s *Stage) begin() {
	for row := s.bands; len(row) > 0; {
		row = row[copy(row, s.silentBands):]
	}
	s.atStart = true
}

// end goes on through silence.
func (s *Stage) end(ctx context.Context, c *audio.Chunk) error {
	if err := s.catchUp(ctx, c); err != nil { // on what the gate held back
		return err
	}
	for range tail {
		n := len(s.sound)
		s.sound = s.sound[:n+hop]
		clear(s.sound[n:])
		if err := s.catchUp(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// catchUp makes a row of each window that is there. Less than a window is left of the sound.
func (s *Stage) catchUp(ctx context.Context, c *audio.Chunk) error {
	at := 0
	for ; at+window <= len(s.sound); at += hop {
		if err := s.listen(ctx, s.sound[at:at+window]); err != nil {
			return err
		}
		if err := s.embed(ctx, s.features); err != nil {
			return err
		}
		if s.atStart {
			for range before {
				c.Embeddings = append(c.Embeddings, s.silentFeatures...)
			}
			s.atStart = false
		}
		c.Embeddings = append(c.Embeddings, s.features...)
	}
	s.leave(at)
	return nil
}

// leave takes the first n samples away.
func (s *Stage) leave(n int) {
	s.sound = s.sound[:copy(s.sound, s.sound[n:])]
}

// listen moves the bands on by those of a window.
func (s *Stage) listen(ctx context.Context, sound []int16) error {
	for i, v := range sound {
		s.samples[i] = float32(v)
	}
	copy(s.bands, s.bands[newRows*bands:])
	fresh := s.bands[(keptRows-newRows)*bands:]
	if err := run(ctx, s.mel, s.samples, fresh); err != nil {
		return fmt.Errorf("melspectrogram model: %w", err)
	}
	for i, v := range fresh {
		fresh[i] = v/10 + 2
	}
	return nil
}

// embed gives the features of the bands.
func (s *Stage) embed(ctx context.Context, features []float32) error {
	if err := run(ctx, s.embedding, s.bands[:seenRows*bands], features); err != nil {
		return fmt.Errorf("embedding model: %w", err)
	}
	return nil
}

// learnSilence finds out, once, what the models say of it.
func (s *Stage) learnSilence(ctx context.Context) error {
	if s.silentFeatures != nil {
		return nil
	}
	if err := s.listen(ctx, make([]int16, window)); err != nil {
		return err
	}
	s.silentBands = append([]float32(nil), s.bands[(keptRows-newRows)*bands:]...)
	s.begin()
	features := make([]float32, audio.EmbeddingSize)
	if err := s.embed(ctx, features); err != nil {
		return err
	}
	s.silentFeatures = features
	return nil
}

// run runs an engine of one input and one output.
func run(ctx context.Context, e pipeline.Engine, in, out []float32) error {
	if err := tensor.SetReal(e.Input(0), in); err != nil {
		return err
	}
	if err := e.Invoke(ctx); err != nil {
		return err
	}
	return tensor.Real(out, e.Output(0))
}
