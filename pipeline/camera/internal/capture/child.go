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
const stopWait = time.Second

func serve(c *isolate.Child) error {
	var o Options
	if err := json.Unmarshal(c.Setup, &o); err != nil {
		return err
	}
	b, done := newFrameSlots(), make(chan struct{})
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
	case <-time.After(stopWait): // it hangs in C; the end of the process ends it
	}
	return nil
}

// input is an open input, used by one goroutine.
type input interface {
	// read reads the next picture into memory from reserve and returns its time of capture, by CLOCK_MONOTONIC in ns.
	read(reserve reserve) (captured int64, err error)
	// rate is the nominal frame rate of the input; 0: unknown.
	rate() float64
	close()
}

// reserve returns memory for a picture: BGR, 8 bits per channel, rows without padding.
type reserve func(width, height int) ([]byte, error)

// damagedError is the error of one picture, after which the next may be good.
type damagedError struct{ error }

// read reads the input until it is lost or ctx ends.
func read(ctx context.Context, b *frameSlots, o Options) error {
	b.setNote("opening %s", o.Shown)
	in, err := open(ctx, b, o)
	if err != nil {
		return err
	}
	defer in.close()
	b.setNote("%s is open but sends no pictures", o.Shown)
	damaged := 0
	var pace pace
	for ctx.Err() == nil {
		captured, err := in.read(b.reserve)
		var one damagedError
		switch {
		case errors.As(err, &one):
			damaged++
			b.setNote("%d pictures could not be decoded, the last one: %v", damaged, one)
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

func open(ctx context.Context, b *frameSlots, o Options) (input, error) {
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
