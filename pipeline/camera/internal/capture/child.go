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

// Kind is the kind of the capture process.
const Kind = "capture"

// Handlers returns what isolate.Main needs of this package.
func Handlers() map[string]isolate.Handler {
	return map[string]isolate.Handler{Kind: serve}
}

// stopWait is how long the reader may take to close its input in order: tell an RTSP server, turn off a camera.
const stopWait = 2 * time.Second

func serve(c *isolate.Child) error {
	var o Options
	if err := json.Unmarshal(c.Setup, &o); err != nil {
		return err
	}
	b, done := newBox(), make(chan struct{})
	answer := b.answer
	if o.feeds() > 0 {
		b.feed = newFeed()
		answer = b.feed.answer(answer)
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	go func() {
		defer close(done)
		if err := read(ctx, b, o); err != nil && ctx.Err() == nil {
			b.fail(err)
		}
	}()
	if err := c.Serve(answer); err != nil {
		return err
	}
	stop()
	select {
	case <-done:
		b.close()
	case <-time.After(stopWait): // it hangs in C; the end of the process ends it
	}
	return nil
}

// input is an open input, used by one goroutine.
type input interface {
	// read reads the next picture. It may return nil for one that is not wanted, by its time of capture (CLOCK_MONOTONIC, ns).
	read(wanted func(captured int64) bool) (*offer, error)
	close()
}

// reserve returns memory for a picture. Its error is errRoom or a damagedError.
type reserve func(f Form) ([]byte, error)

// damagedError is the error of one picture, after which the next may be good.
type damagedError struct{ error }

// read reads the input until it is lost or ctx ends.
func read(ctx context.Context, b *box, o Options) error {
	b.setNote("opening %s", o.Shown)
	in, err := open(ctx, b, o)
	if err != nil {
		return err
	}
	defer in.close()
	b.setNote("%s is open but sends no pictures", o.Shown)
	var pace pace
	for ctx.Err() == nil {
		offer, err := in.read(b.wanted)
		var one damagedError
		switch {
		case errors.As(err, &one):
			b.isDamaged(one)
			continue
		case err != nil:
			return err
		case offer == nil:
			b.passOver()
			pace.passed++
			continue
		}
		pace.passed += offer.passed
		measured := pace.of(offer.captured)
		if offer.rate <= 0 || offer.rate > maxRate {
			offer.rate = measured
		}
		b.put(offer)
	}
	return nil
}

func open(ctx context.Context, b *box, o Options) (input, error) {
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
		return openFFmpeg(ctx, o)
	}
	return nil, reconnect.Permanent(fmt.Errorf("capture: unknown input %q", o.Input))
}

// maxRate is the highest plausible frame rate: ffmpeg guesses 90000 when a stream has none.
const maxRate = 1000

// pace measures the rate at which pictures come.
type pace struct {
	last   int64
	passed int     // pictures since last that were passed over
	mean   float64 // ns between pictures
}

func (p *pace) of(captured int64) float64 {
	gap := float64(captured-p.last) / float64(p.passed+1)
	first := p.last == 0
	p.last, p.passed = captured, 0
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
