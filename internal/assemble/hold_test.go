package assemble

import (
	"context"
	"io"
	"testing"
	"time"

	"corallite/internal/control"
	"corallite/pipeline"
	"corallite/pipeline/audio"
)

// counted is a source of so many chunks.
type counted struct {
	pool audio.Pool
	n    int64
	live bool
	at   int64
}

func (c *counted) Next(context.Context) (*audio.Chunk, error) {
	if c.at == c.n {
		return nil, io.EOF
	}
	k := c.pool.Get(160)
	k.Rate, k.Start, k.First = 16000, c.at*160, c.at == 0
	k.Samples = append(k.Samples, make([]int16, 160)...)
	c.at++
	return k, nil
}
func (c *counted) Live() bool            { return c.live }
func (c *counted) Close() error          { return nil }
func (c *counted) Stats() pipeline.Stats { return pipeline.Stats{Sound: &pipeline.SoundSummary{}} }

// TestHeldSound switches a pipeline off after three chunks: those of a microphone and of a client are passed over, the
// next is First, the level goes on; a recording waits.
func TestHeldSound(t *testing.T) {
	for name, c := range map[string]struct{ live, spoken bool }{"microphone": {live: true}, "client": {spoken: true}, "recording": {}} {
		p := &basePlan[*audio.Chunk]{control: &control.Pipeline{}}
		level := audio.NewLevel()
		from := &counted{n: 10, live: c.live}
		source := p.prepare(from, []audio.Stage{level}, c.spoken)
		next := func() *audio.Chunk {
			t.Helper()
			k, err := source.Next(t.Context())
			if err != nil {
				t.Fatal(name, err)
			}
			k.Release()
			return k
		}
		for i := range 3 {
			if k := next(); k.First != (i == 0) {
				t.Errorf("%s: chunk %d: first %v", name, i, k.First)
			}
		}
		p.control.Switch(false)
		if !c.live && !c.spoken {
			ctx, cancel := context.WithTimeout(t.Context(), 3*holdPause)
			k, _ := source.Next(ctx)
			if k == nil || ctx.Err() == nil || from.at != 4 {
				t.Errorf("%s: it does not wait: %d were read", name, from.at)
			}
			k.Release()
			cancel()
			p.control.Switch(true)
			if k := next(); k.First || k.Start != 640 {
				t.Errorf("%s: after waiting: %+v", name, k)
			}
			continue
		}
		done := make(chan *audio.Chunk)
		go func() { k, _ := source.Next(t.Context()); done <- k }()
		if k := <-done; k != nil { // all that was left was passed over, until the end
			t.Errorf("%s: it is heard while it is off", name)
		}
		if from.at != 10 {
			t.Errorf("%s: %d were read", name, from.at)
		}
		if _, heard := level.Recent(); time.Since(heard) > time.Minute {
			t.Errorf("%s: the level stands still", name)
		}
		from.at = 5
		p.control.Switch(true)
		if k := next(); !k.First || k.Start != 800 {
			t.Errorf("%s: after the gap: first %v, start %d", name, k.First, k.Start)
		}
		if k := next(); k.First {
			t.Errorf("%s: the one after it is First too", name)
		}
	}
}
