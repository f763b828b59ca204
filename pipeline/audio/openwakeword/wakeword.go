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
	Threshold  float32       // the score that is the word: above 0, at most 1; 0: 0.5
	Patience   int           // so many scores in a row must reach the threshold, one each 80 ms; 0: 1
	Refractory time.Duration // as audio.SpotterOptions has it; a second keeps a score that wavers from being two words
}

// DefaultThreshold is openWakeWord's.
const DefaultThreshold = 0.5

// NewWakeWord makes a Flow of a word model: it looks at Chunk.Embeddings, which a Stage before it must fill, and says
// when the word was heard: once each time, where its score reaches the threshold (audio.Spotter). A keyword's times are
// those of the sound that the model looked at, about two seconds that end with the word; what of it lies before or after
// a recording is left out. The engine stays the caller's.
//
// A model that does not fit is an error that says what was expected and what it has.
func NewWakeWord(label string, e pipeline.Engine, o Options) (pipeline.StreamingModel[*audio.Chunk], error) {
	if err := check("wake word", e, []int{1, 0, audio.EmbeddingSize}, 1); err != nil {
		return nil, err
	}
	rows := e.Inputs()[0].Shape[1]
	if rows > before {
		return nil, fmt.Errorf("the wake word model looks at %d rows of embeddings, and at most %d are possible", rows, before)
	}
	if o.Threshold == 0 {
		o.Threshold = DefaultThreshold
	}
	if o.Patience == 0 {
		o.Patience = 1
	}
	if o.Patience < 0 {
		return nil, fmt.Errorf("a patience of %d is not possible: want 1 or more", o.Patience)
	}
	spotter, err := audio.NewSpotter(audio.SpotterOptions{
		Labels: []string{label}, Thresholds: []float32{o.Threshold}, Refractory: o.Refractory,
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

var errNoStage = errors.New("a wake word of openWakeWord got a chunk with a broken row of embeddings: a Stage must fill them")

// Name is "wakeword".
func (w *wakeWord) Name() string { return "wakeword" }

// Device is what ran the word's model last; the shared models may run elsewhere.
func (w *wakeWord) Device() pipeline.Device { return w.engine.Device() }

// Process looks at each row of embeddings that the chunk brings.
func (w *wakeWord) Process(ctx context.Context, c *audio.Chunk) (pipeline.Result, error) {
	if c.First {
		w.spotter.Reset()
		w.beginning, w.next, w.inARow = c.Start, 0, 0
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
			continue // silence in place of what was heard already
		}
		w.next = row + 1
		if err := run(ctx, w.engine, w.embeddings, w.score); err != nil {
			return pipeline.Result{}, fmt.Errorf("wake word model: %w", err)
		}
		found = w.spot(found, row, ended)
	}
	return pipeline.Result{Keywords: found, Quiet: len(found) == 0}, nil
}

// spot adds the word when its score says so. Nothing is said of what comes after the sound's end.
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
