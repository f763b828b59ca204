package mic

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// PCMOptions say what NewPCM reads.
type PCMOptions struct {
	Reader     io.Reader // whoever opened it closes it
	Format     string    // one of Formats; "": a WAVE stream by what stands at its beginning, or else "s16le"
	SourceRate int       // of what is read, samples a second; 0: Rate
	Channels   int       // of what is read; 0: 1

	Rate  int           // of the chunks, samples a second
	Chunk time.Duration // the length of a chunk; 0: 480 ms, 10 ms when Live
	Pool  *audio.Pool   // of the chunks; nil: one of its own
	Name  string        // Meta.Source; "": "-"
	Live  bool          // the sound comes in its own time: when it is not taken in time, the oldest is lost
}

const liveChunk = 10 * time.Millisecond

// PCM is a source of raw sound out of a pipe: "arecord -f S16_LE -r 16000 -t raw | corallite …", or a WAVE stream, whose
// head says what it is. Its last chunk, at the end of the pipe, is Last.
type PCM struct {
	live   bool
	name   string
	layout layout
	detect bool // the stream may begin with a WAVE head
	ring   *ring
	intake intake
	ended  error // to be told after the chunk that was given last
	over   bool  // the last chunk was given

	closed  context.Context
	close   context.CancelFunc
	reading sync.Once
	reader  io.Reader
	opened  chan struct{} // the layout is known, and the ring there
}

var _ audio.Source = (*PCM)(nil)

// NewPCM makes a source of raw sound. Reading begins with the first Next.
func NewPCM(o PCMOptions) (audio.Source, error) {
	if err := checkRate(o.Rate); err != nil {
		return nil, err
	}
	p := &PCM{live: o.Live, name: o.Name, reader: o.Reader, detect: o.Format == "", opened: make(chan struct{})}
	if p.name == "" {
		p.name = "-"
	}
	if p.detect {
		o.Format = "s16le"
	}
	var err error
	if p.layout.encoding, err = encodingNamed(o.Format); err != nil {
		return nil, err
	}
	p.layout.rate, p.layout.channels = o.SourceRate, o.Channels
	if o.SourceRate == 0 {
		p.layout.rate = o.Rate
	}
	if o.Channels == 0 {
		p.layout.channels = 1
	}
	if err := p.layout.check(); err != nil {
		return nil, fmt.Errorf("raw sound of %s: %w", p.name, err)
	}
	usual := fileChunk
	if o.Live {
		usual = liveChunk
	}
	p.intake.shaper = shaper{pool: poolOr(o.Pool), name: p.name, rate: o.Rate, size: samplesIn(o.Chunk, usual, o.Rate)}
	p.closed, p.close = context.WithCancel(context.Background())
	return p, nil
}

// Live says whether the sound comes in its own time.
func (p *PCM) Live() bool { return p.live }

// Stats say how much sound was given so far, and lost.
func (p *PCM) Stats() pipeline.Stats {
	return pipeline.Stats{Name: p.name, Buffered: true, Sound: p.intake.counts.summary(p.intake.rate)}
}

// Next gives the next chunk. A stream without samples, or with one that is no number, is a *pipeline.ItemError.
func (p *PCM) Next(ctx context.Context) (*audio.Chunk, error) {
	if err := p.waiting(ctx); err != nil {
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
		if p.intake.ring == nil {
			if err := p.intake.use(p.ring); err != nil {
				return nil, err
			}
		}
		err := p.intake.pull()
		switch {
		case err != nil:
			return p.finish(err)
		case p.intake.full():
			return p.stamp(p.intake.next()), nil
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

// waiting is why no chunk is wanted any more.
func (p *PCM) waiting(ctx context.Context) error {
	if p.closed.Err() != nil {
		return ErrClosed
	}
	return ctx.Err()
}

// finish gives what is left once the stream has ended.
func (p *PCM) finish(why error) (*audio.Chunk, error) {
	if p.ended == nil {
		p.intake.end()
		p.ended = why
	}
	if len(p.intake.pending) > p.intake.size {
		return p.stamp(p.intake.next()), nil
	}
	p.over = true
	if why != io.EOF {
		p.ended = &pipeline.ItemError{Source: p.name, Err: why}
	}
	if p.intake.first && len(p.intake.pending) == 0 {
		err := p.ended
		p.ended = io.EOF
		return nil, err
	}
	c := p.stamp(p.intake.next())
	c.Last = true
	return c, nil
}

// stamp says where in the stream a chunk lies, when its time says nothing.
func (p *PCM) stamp(c *audio.Chunk) *audio.Chunk {
	if !p.live {
		c.Meta().Position = audio.At(c.Start, c.Rate)
	}
	return c
}

// read fills the ring until the stream ends or the source is closed.
func (p *PCM) read() {
	in := bufio.NewReaderSize(p.reader, 1<<16)
	err := p.detectLayout(in)
	p.ring = newRing(p.layout.rate, &p.intake.counts)
	close(p.opened)
	if err == nil {
		err = p.copy(in)
	}
	p.ring.end(err)
}

// detectLayout takes the layout from a WAVE head, if there may be one and is.
func (p *PCM) detectLayout(in *bufio.Reader) error {
	if !p.detect {
		return nil
	}
	if head, _ := in.Peek(wavHead); !isWAV(head) { // an error comes again when the samples are read
		return nil
	}
	w, err := openWAV(in)
	if err == nil {
		p.layout = w.layout
	}
	return err
}

// copy copies samples into the ring, each as soon as it is there.
func (p *PCM) copy(in io.Reader) error {
	frame := p.layout.frame()
	buf := make([]byte, max(frame, blockFrames*frame/4))
	var samples []float32
	total, rest := int64(0), 0
	for {
		n, err := in.Read(buf[rest:])
		now := time.Now()
		n += rest
		whole := n / frame * frame
		got := 0
		samples, got = p.layout.mono(samples[:0], buf[:whole])
		total += int64(got)
		if !p.live && !p.waitForRoom(len(samples)) {
			return ErrClosed
		}
		p.ring.put(samples, now)
		switch {
		case got < whole/frame:
			return fmt.Errorf("sample %d (%s) is not a number", total, seconds(total, p.layout.rate))
		case err == io.EOF && total == 0:
			return errors.New("no sound came: the stream ended without a sample")
		case err != nil:
			return err
		case p.closed.Err() != nil:
			return ErrClosed
		}
		rest = copy(buf, buf[whole:n])
	}
}

// waitForRoom waits until so many samples fit into the ring; false: the source was closed.
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

// Close ends the source and a Next that waits. It does not end a Read of the Reader that waits for its writer: that
// returns when the writer goes or the Reader is closed. Twice is safe.
func (p *PCM) Close() error {
	p.close()
	return nil
}
