package audio

import "time"

// levelGrain is the time resolution of Levels.
const levelGrain = 10 * time.Millisecond

// Levels remembers the level of the sound, for Keyword.LevelDBFS: the root mean square of each 10 ms, however the sound was
// cut into chunks. It resets at a chunk that is not continuous with the one before. It allocates only for longer chunks.
type Levels struct {
	span       int64   // grains to remember behind a chunk
	ring       []grain // grain g is at g modulo the length
	begin, end int64   // the grains that are known, the last of them excluded
	next       int64   // the sample that follows what is known
}

// grain is 10 ms of sound, or what has come of them.
type grain struct {
	squares int64 // sum
	samples int32
}

// NewLevels returns Levels that remember at least the last span before a chunk.
func NewLevels(span time.Duration) *Levels {
	n := int64(max(span, 0)/levelGrain) + 2
	return &Levels{span: n, ring: make([]grain, n)}
}

// Add adds the next chunk.
func (l *Levels) Add(c *Chunk) {
	first := int64(At(c.Start, c.Rate) / levelGrain)
	if c.First || c.Start != l.next {
		l.begin, l.end = first, first
	}
	l.next = c.Start + int64(len(c.Samples))
	if len(c.Samples) == 0 {
		return
	}
	end := int64((At(l.next, c.Rate)-1)/levelGrain) + 1
	l.reserve(l.span + end - first)
	n := int64(len(l.ring))
	rest := c.Samples
	for g, at := first, c.Start; g < end; g++ {
		until := min(grainStart(g+1, c.Rate), l.next)
		here := &l.ring[g%n]
		if g >= l.end {
			*here = grain{}
		}
		for _, s := range rest[:until-at] {
			here.squares += int64(s) * int64(s)
		}
		here.samples += int32(until - at)
		rest, at = rest[until-at:], until
	}
	l.end = end
	l.begin = max(l.begin, l.end-n)
}

// grainStart is the first sample of a grain.
func grainStart(g int64, rate int) int64 {
	const perSecond = int64(time.Second / levelGrain)
	return (g*int64(rate) + perSecond - 1) / perSecond
}

// reserve makes room for so many grains, and keeps those that are known.
func (l *Levels) reserve(n int64) {
	old := int64(len(l.ring))
	if n <= old {
		return
	}
	ring := make([]grain, n)
	for g := l.begin; g < l.end; g++ {
		ring[g%n] = l.ring[g%old]
	}
	l.ring = ring
}

// Loudest returns the highest level of the 10 ms pieces between start and end, as far back as Levels remembers; SilentDBFS if
// there are none. Partial pieces do not count, because how much of them is known yet depends on the chunks.
func (l *Levels) Loudest(start, end time.Duration) float32 {
	loudest := float64(SilentDBFS)
	until := min(int64(end/levelGrain), l.end)
	for g := max(int64((start+levelGrain-1)/levelGrain), l.begin); g < until; g++ {
		at := l.ring[g%int64(len(l.ring))]
		loudest = max(loudest, dBFS(float64(at.squares), int64(at.samples)))
	}
	return float32(loudest)
}

// At returns the time of a sample, from sample 0, at rate samples per second.
func At(sample int64, rate int) time.Duration {
	r := int64(rate)
	return time.Duration(sample/r)*time.Second + time.Duration(sample%r)*time.Second/time.Duration(r)
}
