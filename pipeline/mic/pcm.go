package mic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"corallite/internal/channels"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// PCMOptions are the options of NewPCM.
type PCMOptions struct {
	Reader     io.Reader // the caller closes it
	Format     string    // of the input, one of Formats; "": that of its WAVE header, or "s16le" without one
	SourceRate int       // of the input, in samples per second, from 1000 to 1,000,000; 0: Rate
	Channels   int       // of the input, from 1 to 256; 0: 1
	Channel    string    // of several: "left", "right", "1", "2", …; "" or "mix": their mean

	Rate  int           // of the chunks, in samples per second, from 1000 to 1,000,000
	Chunk time.Duration // length of a chunk; 0: 480 ms, 10 ms if Live
	Pool  *audio.Pool   // of the chunks; nil: a new one
	Name  string        // Meta.Source; "": "-"

	Logger *slog.Logger // for channels that cancel each other out; nil: nothing is logged
	Live   bool         // the sound comes in real time: what is not taken in time is lost, oldest first
}

const liveChunk = 10 * time.Millisecond

// PCM is a source of raw sound from a pipe ("arecord -f S16_LE -r 16000 -t raw | corallite …"), or of a WAVE stream, whose
// header says the format. The last chunk, at the end of the pipe, is Last.
type PCM struct {
	live   bool
	name   string
	sound  decoder
	log    *slog.Logger
	detect bool // the stream may begin with a WAVE header
	ring   *ring
	chunks reader
	ended  error // to be returned after the last chunk
	over   bool  // the last chunk was returned

	closed  context.Context
	close   context.CancelFunc
	reading sync.Once
	input   io.Reader
	opened  chan struct{} // closed when the layout is known and the ring made
}

var _ audio.Source = (*PCM)(nil)

// NewPCM returns a source of raw sound. Reading begins with the first Next.
func NewPCM(o PCMOptions) (audio.Source, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	channel, err := channels.Parse(o.Channel)
	if err != nil {
		return nil, err
	}
	p := &PCM{live: o.Live, name: o.Name, input: o.Reader, detect: o.Format == "", log: o.Logger, opened: make(chan struct{})}
	p.sound.mixer.Channel = channel
	if p.name == "" {
		p.name = "-"
	}
	if p.detect {
		o.Format = "s16le"
	}
	l := &p.sound.layout
	if l.encoding, err = encodingNamed(o.Format); err != nil {
		return nil, err
	}
	l.rate, l.channels = o.SourceRate, o.Channels
	if o.SourceRate == 0 {
		l.rate = o.Rate
	}
	if o.Channels == 0 {
		l.channels = 1
	}
	if err := l.check(); err != nil {
		return nil, fmt.Errorf("raw sound from %s: %w", p.name, err)
	}
	usual := fileChunk
	if o.Live {
		usual = liveChunk
	}
	p.chunks.chunker = chunker{pool: poolOr(o.Pool), name: p.name, rate: o.Rate, size: samplesIn(o.Chunk, usual, o.Rate)}
	p.closed, p.close = context.WithCancel(context.Background())
	return p, nil
}

// Live reports whether the sound comes in real time.
func (p *PCM) Live() bool { return p.live }

// Stats say how much sound was returned so far, and how much was lost.
func (p *PCM) Stats() pipeline.Stats {
	return pipeline.Stats{Name: p.name, Buffered: true, Sound: p.chunks.counts.summary(p.chunks.rate)}
}

// Next returns the next chunk. A stream without samples, or with one that is NaN, is a *pipeline.ItemError.
func (p *PCM) Next(ctx context.Context) (*audio.Chunk, error) {
	if err := p.finished(ctx); err != nil {
		return nil, err
	}
	p.reading.Do(func() { go p.read() })
	select {
	case <-p.opened:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed.Done():
		return nil, ErrClosed
	}
	for !p.over {
		if p.chunks.ring == nil {
			if err := p.chunks.use(p.ring); err != nil {
				return nil, err
			}
		}
		err := p.chunks.pull()
		switch {
		case err != nil:
			return p.finish(err)
		case p.chunks.full():
			return p.stamp(p.chunks.next()), nil
		}
		select {
		case <-p.ring.wake:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-p.closed.Done():
			return nil, ErrClosed
		}
	}
	err := p.ended
	p.ended = io.EOF
	return nil, err
}

// finished returns why no chunk is wanted any more.
func (p *PCM) finished(ctx context.Context) error {
	if p.closed.Err() != nil {
		return ErrClosed
	}
	return ctx.Err()
}

// finish returns what is left once the stream has ended.
func (p *PCM) finish(why error) (*audio.Chunk, error) {
	if p.ended == nil {
		p.chunks.end()
		p.ended = why
	}
	if len(p.chunks.pending) > p.chunks.size {
		return p.stamp(p.chunks.next()), nil
	}
	p.over = true
	if why != io.EOF {
		p.ended = &pipeline.ItemError{Source: p.name, Err: why}
	}
	if p.chunks.first && len(p.chunks.pending) == 0 {
		err := p.ended
		p.ended = io.EOF
		return nil, err
	}
	c := p.stamp(p.chunks.next())
	c.Last = true
	return c, nil
}

// stamp sets the position in the stream, for sound that does not come in real time.
func (p *PCM) stamp(c *audio.Chunk) *audio.Chunk {
	if !p.live {
		c.Meta().Position = audio.At(c.Start, c.Rate)
	}
	return c
}

// read fills the ring until the stream ends or the source is closed.
func (p *PCM) read() {
	in := bufio.NewReaderSize(p.input, 1<<16)
	err := p.detectLayout(in)
	p.ring = newRing(p.sound.rate, &p.chunks.counts)
	close(p.opened)
	if err == nil {
		err = p.copy(in)
	}
	p.ring.end(err)
}

// detectLayout reads the layout from a WAVE header, if there is one.
func (p *PCM) detectLayout(in *bufio.Reader) error {
	if !p.detect {
		return p.sound.begin(p.sound.layout)
	}
	if head, _ := in.Peek(wavHead); !isWAV(head) { // an error returns when the samples are read
		return p.sound.begin(p.sound.layout)
	}
	w, err := openWAV(in, p.sound.mixer.Channel)
	if err != nil {
		return err
	}
	return p.sound.begin(w.layout)
}

// copy copies samples into the ring as soon as they are read.
func (p *PCM) copy(in io.Reader) error {
	frame := p.sound.frame()
	buf := make([]byte, max(frame, blockFrames*frame/4))
	var samples []float32
	total, rest, warned := int64(0), 0, false
	for {
		n, err := in.Read(buf[rest:])
		now := time.Now()
		n += rest
		whole := n / frame * frame
		got := 0
		samples, got = p.sound.mono(samples[:0], buf[:whole])
		total += int64(got)
		if !p.live && !p.waitForRoom(len(samples)) {
			return ErrClosed
		}
		p.ring.put(samples, now)
		if err == io.EOF {
			p.sound.mixer.End()
		}
		warned = p.sound.mixer.Report(p.log, warned, "source", p.name) || warned
		switch {
		case got < whole/frame:
			return fmt.Errorf("sample %d (at %s) is NaN", total, seconds(total, p.sound.rate))
		case err == io.EOF && total == 0:
			return errors.New("the stream ended without a sample")
		case err != nil:
			return err
		case p.closed.Err() != nil:
			return ErrClosed
		}
		rest = copy(buf, buf[whole:n])
	}
}

// waitForRoom waits until that many samples fit into the ring; false: the source was closed.
func (p *PCM) waitForRoom(samples int) bool {
	for p.ring.free() < samples {
		select {
		case <-p.ring.room:
		case <-p.closed.Done():
			return false
		}
	}
	return true
}

// Close ends the source and any waiting Next. It does not interrupt a blocked Read of Reader, which returns when its writer
// ends or the caller closes it. It may be called twice.
func (p *PCM) Close() error {
	p.close()
	return nil
}
