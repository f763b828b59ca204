package capture

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"corallite/internal/isolate"
	"corallite/internal/reconnect"
)

// Kind is the kind of child that captures.
const Kind = "capture"

// Handlers are what isolate.Main needs to know of this package.
func Handlers() map[string]isolate.Handler {
	return map[string]isolate.Handler{Kind: serve}
}

// stopWait is how long the reader may take to close its input in order: an RTSP server is told, a camera is turned off.
const stopWait = time.Second

func serve(c *isolate.Child) error {
	var o Options
	if err := json.Unmarshal(c.Setup, &o); err != nil {
		return err
	}
	b, done := newBoard(), make(chan struct{})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		defer close(done)
		if err := read(ctx, b, o); err != nil && ctx.Err() == nil {
			b.fail(err)
		}
	}()
	if err := c.Serve(b.answer); err != nil {
		return err
	}
	stop()
	select {
	case <-done:
	case <-time.After(stopWait): // it hangs in C: the end of the process ends it
	}
	return nil
}

// input is what is being read. One goroutine uses it.
type input interface {
	// read reads the next picture into memory that reserve gives, and says when it was captured.
	read(reserve reserve) (captured int64, err error)
	// rate is how many pictures a second the input says that it has; 0: it does not say.
	rate() float64
	close()
}

// reserve gives memory for a picture: BGR, 8 bits a channel, rows without gaps.
type reserve func(width, height int) ([]byte, error)

// damagedError is a picture that cannot be used, while the next one may be.
type damagedError struct{ error }

// read reads the input until it is lost or ctx ends.
func read(ctx context.Context, b *board, o Options) error {
	b.say("opening %s", o.Shown)
	in, err := open(ctx, b, o)
	if err != nil {
		return err
	}
	defer in.close()
	b.say("%s is open, but sends no picture", o.Shown)
	damaged := 0
	var pace pace
	for ctx.Err() == nil {
		captured, err := in.read(b.reserve)
		var one damagedError
		switch {
		case errors.As(err, &one):
			damaged++
			b.say("%d pictures could not be used, the last because: %v", damaged, one)
			continue
		case err != nil:
			return err
		}
		damaged = 0
		rate := in.rate()
		if rate <= 0 || rate > maxRate {
			rate = pace.of(captured)
		}
		b.commit(captured, rate)
	}
	return nil
}

func open(ctx context.Context, b *board, o Options) (input, error) {
	switch o.Input {
	case Device:
		return openDevice(o)
	case HTTP:
		return openHTTP(ctx, b, o)
	case Stream:
		return openStream(ctx, b, o)
	case GStreamer:
		return openGStreamer(o)
	case Program:
		return openProgram(ctx, o)
	}
	return nil, reconnect.Permanent(fmt.Errorf("there is no input %q", o.Input))
}

// maxRate is the highest rate of pictures a second that is believed: ffmpeg guesses 90000 where a stream says none.
const maxRate = 1000

// pace is the rate at which pictures come, as it is seen.
type pace struct {
	last int64
	mean float64 // ns between pictures
}

func (p *pace) of(captured int64) float64 {
	gap := float64(captured - p.last)
	first := p.last == 0
	p.last = captured
	switch {
	case first || gap <= 0:
	case p.mean == 0:
		p.mean = gap
	default:
		p.mean += float64((gap - p.mean) / 8)
	}
	if p.mean == 0 {
		return 0
	}
	return 1e9 / p.mean
}
