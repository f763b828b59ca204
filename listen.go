package corallite

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"corallite/internal/assemble"
	"corallite/pipeline"
	"corallite/pipeline/audio"
	"corallite/pipeline/mic"
)

// request is what opens the model.
func (m *Model) request() assemble.ModelRequest {
	return assemble.ModelRequest{Name: m.name, Model: m.c, Items: 1, Pool: m.pool, Logger: m.logger}
}

// openAudio opens a model for sound, unless it is open and has heard nothing yet.
func (m *Model) openAudio(ctx context.Context) (err error) {
	if m.audio == nil {
		m.audio, err = assemble.OpenAudioModels(context.WithoutCancel(ctx), []assemble.ModelRequest{m.request()}, false)
	}
	return err
}

func (m *Model) closeAudio() error {
	if m.audio == nil {
		return nil
	}
	err := m.audio.Close()
	m.audio = nil
	return err
}

// Listen finds words in a whole recording: samples of one channel, from -1 to 1, rate of them a second (1000 to 192000);
// they are brought to the model's own rate. Times are seconds into the recording. Nothing of an earlier call is
// remembered. Microphones and files are for Events.
func (m *Model) Listen(ctx context.Context, samples []float32, rate int) (words []pipeline.Keyword, err error) {
	if !m.c.Listens() {
		return nil, m.wrongMethod("Listen")
	}
	if err := m.enter(true); err != nil {
		return nil, err
	}
	defer m.leave(true)
	defer func() {
		if err != nil {
			err = fmt.Errorf("corallite: %s: %w", m.name, err)
		}
	}()
	if err := m.openAudio(ctx); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.closeAudio()) }()
	raw := make([]byte, 0, 4*len(samples))
	if raw, err = binary.Append(raw, binary.LittleEndian, samples); err != nil {
		return nil, err
	}
	source, err := mic.NewPCM(mic.PCMOptions{
		Reader: bytes.NewReader(raw), Format: "f32le", SourceRate: rate, Rate: m.audio.Rate, Name: "samples",
	})
	if err != nil {
		return nil, err
	}
	keep := SinkFunc(func(_ context.Context, r pipeline.Report) error {
		for _, e := range r.Events {
			words = append(words, e.Keywords...)
		}
		return nil
	})
	var failed error
	stream := &pipeline.Stream[*audio.Chunk]{
		Name: m.name, Source: audio.Prepare(source, m.audio.Stages...), Models: m.audio.Models,
		Sinks:   []pipeline.NamedSink{{Name: "words", Sink: keep}},
		OnError: func(f pipeline.Failure) { failed = errors.Join(failed, f.Err) },
	}
	ctx, cancel := m.until(ctx)
	defer cancel()
	if _, err := stream.Run(ctx); err != nil {
		return words, err
	}
	if ctx.Err() != nil {
		return words, context.Cause(ctx)
	}
	return words, failed
}

// until is a context that also ends with Close.
func (m *Model) until(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(m.closing, func() { cancel(ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
	}
}
