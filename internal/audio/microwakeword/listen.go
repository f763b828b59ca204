package microwakeword

import (
	"context"
	"fmt"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// Process processes a chunk and returns the keywords that end in it. It allocates only for those.
func (w *WakeWord) Process(ctx context.Context, c *audio.Chunk) (pipeline.Result, error) {
	if len(c.Micro)%Channels != 0 {
		return pipeline.Result{}, fmt.Errorf("wake-word model %s: the chunk has %d features (want whole rows of %d)", w.name, len(c.Micro), Channels)
	}
	if err := w.change(); err != nil {
		return pipeline.Result{}, fmt.Errorf("wake-word model %s: %w", w.name, err)
	}
	if c.First {
		if err := w.restart(ctx, c.Start); err != nil {
			return pipeline.Result{}, fmt.Errorf("wake-word model %s: resetting: %w", w.name, err)
		}
	}
	w.levels.Add(c)
	w.end = c.Start + int64(len(c.Samples))
	if w.front == nil {
		w.held = append(w.held, c.Micro...)
	} else {
		w.held = w.front.Process(w.held, c.Samples)
		if c.Last {
			w.held = w.front.Process(w.held, w.quiet)
		}
	}
	if !c.Voice {
		w.drop()
		return pipeline.Result{Suppress: true}, nil
	}
	keywords, err := w.listen(ctx)
	if err != nil {
		return pipeline.Result{}, fmt.Errorf("wake-word model %s: %w", w.name, err)
	}
	return pipeline.Result{Keywords: keywords, Suppress: len(keywords) == 0}, nil
}

// change takes the cutoff as it is now.
func (w *WakeWord) change() error {
	if w.now == nil || w.now() == w.cutoff {
		return nil
	}
	w.cutoff = w.now()
	if err := checkCutoff(w.cutoff); err != nil {
		return err
	}
	return w.spotter.SetThresholds([]float32{above(w.cutoff)})
}

// restart resets all state.
func (w *WakeWord) restart(ctx context.Context, start int64) error {
	w.begin, w.row, w.warmupUntil = start, 0, 0
	w.held = w.held[:0]
	if w.front != nil {
		w.front.Reset()
	}
	w.forget()
	w.spotter.Reset()
	return w.model.reset(ctx)
}

// forget empties the sliding window.
func (w *WakeWord) forget() { w.filled, w.at, w.sum = 0, 0, 0 }

// drop drops held rows that are too old to be processed later.
func (w *WakeWord) drop() {
	stride := w.model.stride
	if n := (len(w.held)/Channels - w.keep) / stride * stride; n > 0 {
		w.held = w.held[:copy(w.held, w.held[n*Channels:])]
		w.row += int64(n)
		w.warmupUntil = w.row + int64(w.model.strides(memory)*stride)
		w.forget()
	}
}

// listen runs the model on the held rows while there are enough.
func (w *WakeWord) listen(ctx context.Context) (keywords []pipeline.Keyword, err error) {
	size := w.model.stride * Channels
	rows := w.held
	for len(rows) >= size && err == nil {
		var answer int
		if answer, err = w.model.run(ctx, rows[:size]); err == nil {
			w.row += int64(w.model.stride)
			keywords = w.add(keywords, answer)
		}
		rows = rows[size:] // also after a failure, which would repeat
	}
	w.held = w.held[:copy(w.held, rows)]
	return keywords, err
}

// add adds the answer for the rows before w.row.
func (w *WakeWord) add(keywords []pipeline.Keyword, answer int) []pipeline.Keyword {
	if w.row < w.warmupUntil {
		return keywords
	}
	if w.filled == len(w.recent) {
		w.sum -= w.recent[w.at]
	} else {
		w.filled++
	}
	w.recent[w.at] = answer
	w.sum += answer
	if w.at++; w.at == len(w.recent) {
		w.at = 0
	}
	if w.filled < len(w.recent) {
		return keywords
	}
	w.score[0] = float32(w.model.scale * float64(w.sum) / float64(len(w.recent)))
	// Rows of the silence after a recording end after it.
	end := audio.At(min(w.begin+(w.row-1)*int64(w.hop)+Window, w.end), Rate)
	start := max(end-w.span, audio.At(w.begin, Rate))
	n := len(keywords)
	keywords = w.spotter.Add(keywords, w.score[:], start, end)
	for i := range keywords[n:] {
		keywords[n+i].LevelDBFS = w.levels.Loudest(start, end)
	}
	return keywords
}
