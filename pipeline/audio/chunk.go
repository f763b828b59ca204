package audio

import (
	"sync"
	"sync/atomic"

	"corallite/internal/refcount"
	"corallite/pipeline"
)

// Chunk is a piece of sound on its way through a pipeline: one channel, 16 bits a sample. Chunks follow each other
// without gaps, but for those that are First. It is counted as pipeline.Item says. Its source fills it, then each Stage
// adds what models need, and then nobody changes it any more.
type Chunk struct {
	Samples []int16 // full scale is ±32768; at most as many as the source was told, none in a last chunk that is empty
	Rate    int     // samples a second
	Start   int64   // the index of Samples[0] in the recording, or since the stream began to hear
	First   bool    // what comes has nothing to do with what was before: a recording begins, or sound was lost
	Last    bool    // the recording ends with this chunk

	Level float32 // root mean square in dB of full scale, SilentDBFS to 0
	Voice bool    // models are to listen; false: the voice gate holds them back

	// What stages made of the samples. Empty where there is no such stage, or where too little came for the next row.
	Micro      []uint16  // rows of MicroChannels features of the TensorFlow Lite Micro front end, one for each 10 ms
	Embeddings []float32 // rows of EmbeddingSize features of openWakeWord, one for each 80 ms

	meta pipeline.Meta
	refs refcount.Count
	pool *Pool
}

// SilentDBFS is the level of digital silence, the lowest that is told.
const SilentDBFS = -120

// MicroChannels is how many features a row of Chunk.Micro has; EmbeddingSize is that of Chunk.Embeddings.
const (
	MicroChannels = 40
	EmbeddingSize = 96
)

// Meta says where the chunk came from. Position is that of its first sample.
func (c *Chunk) Meta() *pipeline.Meta { return &c.meta }

// Retain keeps the chunk for one more Release.
func (c *Chunk) Retain() {
	if !c.refs.Retain() {
		panic("audio: a chunk was retained after its last release")
	}
}

// Release gives one reference back; after the last the chunk's memory is used for another one.
func (c *Chunk) Release() {
	switch last, ok := c.refs.Release(); {
	case last:
		c.pool.out.Add(-1)
		c.pool.free.Put(c)
	case !ok:
		panic("audio: a chunk was released more often than it was retained")
	}
}

// Pool keeps the memory of chunks that are not in use. Its zero value is ready.
type Pool struct {
	free sync.Pool
	out  atomic.Int64
}

// Get gives a chunk with one reference, with room for n samples and none in it.
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

// Out is how many chunks are in use.
func (p *Pool) Out() int { return int(p.out.Load()) }
