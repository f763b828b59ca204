package mic

import (
	"errors"
	"io"
	"log/slog"
	"math"
	"sync"

	"corallite/internal/channels"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// player cuts recordings into chunks, one after the other. Its methods but stop are called by one goroutine at a time.
type player struct {
	chunker chunker
	samples []float32 // one block, not resampled yet
	ended   error     // why the open recording has no more samples; nil: not known yet
	failed  error     // to be returned after the last chunk
	counts  counts
	channel int // from 1; 0: the mean of all
	log     *slog.Logger
	warned  bool // of channels that cancel each other out

	mu     sync.Mutex
	closed bool
	open   recording // the current one; nil: none
}

// newPlayer makes a player of chunks of that many samples.
func newPlayer(o FilesOptions) (*player, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	channel, err := channels.Parse(o.Channel)
	if err != nil {
		return nil, err
	}
	return &player{
		chunker: chunker{pool: poolOr(o.Pool), rate: o.Rate, size: samplesIn(o.Chunk, fileChunk, o.Rate)}, channel: channel, log: o.Logger,
	}, nil
}

// current returns the recording that is being played; nil: there is none, and the next one can begin. The error is of the
// one before, or ErrClosed.
func (p *player) current() (recording, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return nil, ErrClosed
	case p.open != nil:
		return p.open, nil
	case p.failed != nil:
		return nil, p.failure()
	}
	return nil, nil
}

// begin opens a file.
func (p *player) begin(path string) (recording, error) {
	return p.beginWith(path, func() (recording, error) { return openRecording(path, p.channel) })
}

// beginWith opens a recording of that name.
func (p *player) beginWith(name string, open func() (recording, error)) (recording, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	r, err := open()
	if err == nil {
		err = p.chunker.begin(r.sampleRate(), int64(math.Round(r.start().Seconds()*float64(p.chunker.rate))))
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}
	if err != nil {
		return nil, &pipeline.ItemError{Source: name, Err: err}
	}
	p.open, p.ended, p.chunker.name = r, nil, name
	return r, nil
}

// next returns the next chunk of the recording that is being played.
func (p *player) next(r recording) (*audio.Chunk, error) {
	for p.ended == nil && !p.chunker.full() {
		p.samples, p.ended = r.read(p.samples[:0])
		p.chunker.add(p.samples)
		if p.ended != nil {
			p.chunker.end()
			r.mixing().End()
		}
		p.warned = r.mixing().Report(p.log, p.warned, "source", p.chunker.name) || p.warned
	}
	return p.take(r)
}

// failure returns the pending error, once.
func (p *player) failure() error {
	err := p.failed
	p.failed = nil
	return err
}

// take returns a chunk of the pending samples of the open recording.
func (p *player) take(r recording) (*audio.Chunk, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return nil, ErrClosed
	}
	last := p.ended != nil && len(p.chunker.pending) <= p.chunker.size
	if last {
		p.open = nil
		err := r.close()
		if p.ended != io.EOF {
			err = p.ended
		}
		if err != nil {
			p.failed = &pipeline.ItemError{Source: p.chunker.name, Err: err}
		}
		if err != nil && p.chunker.first && len(p.chunker.pending) == 0 {
			return nil, p.failure()
		}
	}
	c := p.chunker.chunk()
	c.Last = last
	c.Meta().Position = audio.At(c.Start, c.Rate)
	p.counts.given.Add(int64(len(c.Samples)))
	return c, nil
}

// stop ends the player. Any goroutine may call it, also twice.
func (p *player) stop() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	if p.open == nil {
		return nil
	}
	r := p.open
	p.open = nil
	return r.close()
}
