package audio_test

import (
	"sync"
	"testing"

	"corallite/pipeline/audio"
)

func TestPool(t *testing.T) {
	var pool audio.Pool
	c := pool.Get(160)
	if len(c.Samples) != 0 || cap(c.Samples) < 160 || !c.Voice || c.Level != audio.SilentDBFS || c.First || c.Last || pool.Out() != 1 {
		t.Fatalf("a new chunk: %+v, %d out", c, pool.Out())
	}
	// A reused chunk has nothing left of its earlier contents.
	c.Samples, c.Micro, c.Embeddings = append(c.Samples, 1), append(c.Micro, 2), append(c.Embeddings, 3)
	c.First, c.Last, c.Voice, c.Level, c.Start, c.Rate = true, true, false, -1, 5, 16000
	c.Meta().Source = "x"
	c.Retain()
	c.Release()
	if pool.Out() != 1 {
		t.Error("a chunk that is retained was given back")
	}
	c.Release()
	for range 10 {
		c := pool.Get(320)
		if len(c.Samples) != 0 || cap(c.Samples) < 320 || len(c.Micro) != 0 || len(c.Embeddings) != 0 || c.First || c.Last || !c.Voice ||
			c.Level != audio.SilentDBFS || c.Start != 0 || c.Rate != 0 || c.Meta().Source != "" {
			t.Fatalf("a chunk that was used: %+v", c)
		}
		c.Release()
	}
	if pool.Out() != 0 {
		t.Errorf("%d chunks out", pool.Out())
	}
	defer func() {
		if recover() == nil {
			t.Error("a chunk that is released once too often is not noticed")
		}
	}()
	c.Release()
}

func TestPoolTogether(t *testing.T) {
	var pool audio.Pool
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 1000 {
				c := pool.Get(16)
				c.Retain()
				all.Go(c.Release)
				c.Release()
			}
		})
	}
	all.Wait()
	if pool.Out() != 0 {
		t.Errorf("%d chunks out", pool.Out())
	}
}
