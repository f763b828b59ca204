package openwakeword

import (
	"context"
	"errors"
	"fmt"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Options of a wake word. Zero values are the defaults.
type Options struct {
	Threshold  float32       // minimum score of the word, above 0, at most 1; 0: 0.5
	Patience   int           // number of scores in a row, one each 80 ms, that must reach the threshold; 0: 1
	Refractory time.Duration // as in audio.SpotterOptions; a second keeps a score that wavers from counting as two words

	// Now is asked at each chunk for the threshold, above 0, at most 1; nil: it stays.
	Now func() float32

	Watch audio.Watch // gets all scores; nil: nobody asks
}

// DefaultThreshold is openWakeWord's.
const DefaultThreshold = 0.5

// NewWakeWord returns a streaming model of a word model. It takes Chunk.Embeddings, which a Stage must fill, and reports the
// word once each time its score reaches the threshold (audio.Spotter). The times of the keyword are those of the sound that
// the model saw, about two seconds that end with the word, clipped to the recording. The caller closes the engine.
//
// The error for a model that does not fit says what was expected and what it has.
func NewWakeWord(label string, e pipeline.Engine, o Options) (pipeline.StreamingModel[*audio.Chunk], error) {
	if err := check("wake word", e, []int{1, 0, audio.EmbeddingSize}, 1); err != nil {
		return nil, err
	}
	rows := e.Inputs()[0].Shape[1]
	if rows > before {
		return nil, fmt.Errorf("the wake word model takes %d rows of embeddings (want at most %d)", rows, before)
	}
	if o.Threshold == 0 {
		o.Threshold = DefaultThreshold
	}
	if o.Patience == 0 {
		o.Patience = 1
	}
	if o.Patience < 0 {
		return nil, fmt.Errorf("openwakeword: invalid patience %d (want 1 or more)", o.Patience)
	}
	spotter, err := audio.NewSpotter(audio.SpotterOptions{
		Labels: []string{label}, Thresholds: []float32{o.Threshold}, Refractory: o.Refractory, Watch: o.Watch,
	})
	if err != nil {
		return nil, err
	}
	const longest = before*hop + (seenRows+held)*hop // any window, as far back as one can lie
	return &wakeWord{
		o: o, engine: e, rows: rows, spotter: spotter, levels: audio.NewLevels(audio.At(longest, rate)),
		embeddings: make([]float32, rows*audio.EmbeddingSize), score: make([]float32, 1),
	}, nil
}

// wakeWord is one word's model.
type wakeWord struct {
	o       Options
	engine  pipeline.Engine
	rows    int
	spotter *audio.Spotter
	levels  *audio.Levels

	embeddings []float32 // the newest rows
	score      []float32
	beginning  int64 // the sample that rows are counted from
	next       int64 // the first row that was not looked at
	inARow     int   // scores that reached the threshold
}

var errNoStage = errors.New("openwakeword: the chunk has an incomplete row of embeddings (want a Stage before the model)")

// Name is "wakeword".
func (w *wakeWord) Name() string { return "wakeword" }

// Device returns what ran the word model last; the shared models may run elsewhere.
func (w *wakeWord) Device() pipeline.Device { return w.engine.Device() }

// Process runs the model for each row of embeddings in the chunk.
func (w *wakeWord) Process(ctx context.Context, c *audio.Chunk) (pipeline.Result, error) {
	if c.First {
		w.spotter.Reset()
		w.beginning, w.next, w.inARow = c.Start, 0, 0
	}
	if now := w.o.Now; now != nil && now() != w.o.Threshold {
		w.o.Threshold = now()
		if err := w.spotter.SetThresholds([]float32{w.o.Threshold}); err != nil {
			return pipeline.Result{}, fmt.Errorf("openwakeword: %w", err)
		}
	}
	w.levels.Add(c)
	if len(c.Embeddings)%audio.EmbeddingSize != 0 {
		return pipeline.Result{}, errNoStage
	}
	ended := c.Start + int64(len(c.Samples))
	last := newest(ended - w.beginning)
	if c.Last {
		last += tail
	}
	var found []pipeline.Keyword
	row := last - int64(len(c.Embeddings)/audio.EmbeddingSize)
	for rest := c.Embeddings; len(rest) > 0; rest = rest[audio.EmbeddingSize:] {
		row++
		copy(w.embeddings, w.embeddings[audio.EmbeddingSize:])
		copy(w.embeddings[len(w.embeddings)-audio.EmbeddingSize:], rest)
		if row < w.next {
			continue // silence in place of what was processed already
		}
		w.next = row + 1
		if err := run(ctx, w.engine, w.embeddings, w.score); err != nil {
			return pipeline.Result{}, fmt.Errorf("wake word model: %w", err)
		}
		found = w.spot(found, row, ended)
	}
	return pipeline.Result{Keywords: found, Suppress: len(found) == 0}, nil
}

// spot adds the word if its score reaches the threshold.
func (w *wakeWord) spot(found []pipeline.Keyword, row, ended int64) []pipeline.Keyword {
	if w.score[0] >= w.o.Threshold {
		w.inARow++
	} else {
		w.inARow = 0
	}
	if w.inARow < w.o.Patience {
		w.score[0] = 0
	}
	start, end := span(row, w.rows)
	start, end = max(w.beginning+start, w.beginning), max(w.beginning+end, w.beginning)
	n := len(found)
	found = w.spotter.Add(found, w.score, audio.At(start, rate), audio.At(end, rate))
	for i := range found[n:] {
		k := &found[n+i]
		k.LevelDBFS = w.levels.Loudest(audio.At(start, rate), audio.At(end, rate))
		k.StartS, k.EndS = audio.At(min(start, ended), rate).Seconds(), audio.At(min(end, ended), rate).Seconds()
	}
	return found
}
