package audio

import (
	"sync"
	"sync/atomic"

	"corallite/internal/refcount"
	"corallite/pipeline"
)

// Chunk is a piece of sound in a pipeline: one channel of 16-bit samples. Chunks follow each other without gaps, except
// before one that is First. It is reference-counted (pipeline.Item). Its source fills it, then each Stage adds what models
// need, and after that it is read-only.
type Chunk struct {
	Samples []int16 // full scale is ±32768; at most the source's chunk length, none in an empty last chunk
	Rate    int     // samples per second
	Start   int64   // index of Samples[0] in the recording, or since the stream began
	First   bool    // not continuous with the chunk before: a recording begins, or sound was lost
	Last    bool    // the recording ends with this chunk

	Level float32 // root mean square in dB of full scale, SilentDBFS to 0
	Voice bool    // there may be voice, and models run; false: a VAD holds them back

	// Features of stages; empty without such a stage, or when the next row is incomplete.
	Micro      []uint16  // rows of MicroChannels features of the TensorFlow Lite Micro front end, one for each 10 ms
	Embeddings []float32 // rows of EmbeddingSize features of openWakeWord, one for each 80 ms

	meta pipeline.Meta
	refs refcount.Count
	pool *Pool
}

// SilentDBFS is the level of digital silence, the lowest that is reported.
const SilentDBFS = -120

// MicroChannels is the number of features in a row of Chunk.Micro, EmbeddingSize that of Chunk.Embeddings.
const (
	MicroChannels = 40
	EmbeddingSize = 96
)

// Meta says where the chunk came from; Position is that of its first sample.
func (c *Chunk) Meta() *pipeline.Meta { return &c.meta }

// Retain keeps the chunk for one more Release.
func (c *Chunk) Retain() {
	if !c.refs.Retain() {
		panic("audio: a chunk was retained after its last release")
	}
}

// Release releases one reference; after the last the chunk is reused.
func (c *Chunk) Release() {
	switch last, ok := c.refs.Release(); {
	case last:
		c.pool.out.Add(-1)
		c.pool.free.Put(c)
	case !ok:
		panic("audio: a chunk was released more often than it was retained")
	}
}

// Pool recycles chunks. The zero value is ready.
type Pool struct {
	free sync.Pool
	out  atomic.Int64
}

// Get returns an empty chunk with one reference and room for n samples.
func (p *Pool) Get(n int) *Chunk {
	c, _ := p.free.Get().(*Chunk)
	if c == nil {
		c = &Chunk{pool: p}
	}
	if cap(c.Samples) < n {
		c.Samples = make([]int16, 0, n)
	}
	c.Samples, c.Micro, c.Embeddings = c.Samples[:0], c.Micro[:0], c.Embeddings[:0]
	c.Rate, c.Start, c.First, c.Last, c.Level, c.Voice = 0, 0, false, false, SilentDBFS, true
	c.meta = pipeline.Meta{}
	c.refs.Start()
	p.out.Add(1)
	return c
}

// Out returns the number of chunks in use.
func (p *Pool) Out() int { return int(p.out.Load()) }
