package assemble

import (
	"context"
	"errors"
	"sync"

	"corallite/configs"
	"corallite/internal/part"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// hearing is a model for sound that answers requests. Each recording is heard by a model with a state of its own, which is
// kept for the next.
type hearing struct {
	request ModelRequest

	mu   sync.Mutex
	idle []*AudioModels
}

// openHearing opens a model for sound: once as it hears, and its engines for those who send tensors.
func openHearing(ctx context.Context, r ModelRequest, m configs.Model) (_ part.Served, err error) {
	r.Model = m
	h := &hearing{request: r}
	first, err := h.open(ctx)
	if err != nil {
		return part.Served{}, err
	}
	h.put(first)
	s, err := openBare(ctx, r, m)
	if err != nil {
		return part.Served{}, errors.Join(err, h.close())
	}
	s.Hear = h.hear
	s.Labels = first.Words[0].Labels
	closeEngines := s.Close
	s.Close = func() error { return errors.Join(h.close(), closeEngines()) }
	return s, nil
}

func (h *hearing) open(ctx context.Context) (*AudioModels, error) {
	return OpenAudioModels(ctx, []ModelRequest{h.request}, false)
}

// take gives a model that nobody uses, and opens one if there is none.
func (h *hearing) take(ctx context.Context) (*AudioModels, error) {
	h.mu.Lock()
	if n := len(h.idle); n > 0 {
		defer h.mu.Unlock()
		e := h.idle[n-1]
		h.idle = h.idle[:n-1]
		return e, nil
	}
	h.mu.Unlock()
	return h.open(context.WithoutCancel(ctx)) // it stays for others
}

func (h *hearing) put(e *AudioModels) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.idle = append(h.idle, e)
}

// close closes the models, when nobody hears any more.
func (h *hearing) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, e := range h.idle {
		errs = append(errs, e.Close())
	}
	h.idle = nil
	return errors.Join(errs...)
}

// hear hears a recording.
func (h *hearing) hear(ctx context.Context, open func(rate int) (audio.Source, error), found func(pipeline.Keyword)) error {
	e, err := h.take(ctx)
	if err != nil {
		return err
	}
	defer h.put(e)
	source, err := open(e.Rate)
	if err != nil {
		return err
	}
	var failed error
	stream := &pipeline.Stream[*audio.Chunk]{
		Name: h.request.Name, Source: audio.Prepare(source, e.Stages...), Models: e.Models,
		Sinks:   []pipeline.NamedSink{{Name: "request", Sink: wordSink(found)}},
		OnError: func(f pipeline.Failure) { failed = errors.Join(failed, f.Err) },
	}
	if _, err := stream.Run(ctx); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return failed
}

// wordSink passes words on.
type wordSink func(pipeline.Keyword)

func (s wordSink) Consume(_ context.Context, r pipeline.Report) error {
	for _, e := range r.Events {
		for _, k := range e.Keywords {
			s(k)
		}
	}
	return nil
}

func (s wordSink) Lossless() bool { return true }
func (s wordSink) Close() error   { return nil }
