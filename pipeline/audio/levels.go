package audio

import "time"

// levelGrain is how fine Levels tells times apart.
const levelGrain = 10 * time.Millisecond

// Levels keeps how loud the last chunks were, for Keyword.LevelDBFS. It forgets at a chunk that does not follow the
// one before. Nothing is allocated after NewLevels, however the sound is cut.
type Levels struct {
	ring       []float32 // the loudest chunk that touches each grain; grain g is at g modulo the length
	begin, end int64     // the grains that are known, the last of them excluded
}

// NewLevels makes Levels that remember at least the last span.
func NewLevels(span time.Duration) *Levels {
	return &Levels{ring: make([]float32, max(span, 0)/levelGrain+2)}
}

// Add takes the level of the next chunk. One without samples says nothing.
func (l *Levels) Add(c *Chunk) {
	first := int64(At(c.Start, c.Rate) / levelGrain)
	if c.First || first < l.end-1 || first > l.end {
		l.begin, l.end = first, first
	}
	if len(c.Samples) == 0 {
		return
	}
	end := int64((At(c.Start+int64(len(c.Samples)), c.Rate) + levelGrain - 1) / levelGrain)
	n := int64(len(l.ring))
	for g := max(first, end-n); g < end; g++ {
		at := &l.ring[g%n]
		if g >= l.end || *at < c.Level { // a grain that two chunks share has the louder one's level
			*at = c.Level
		}
	}
	l.end = max(l.end, end)
	l.begin = max(l.begin, l.end-n)
}

// Loudest is the highest level of the chunks between start and end, to 10 ms, as far back as Levels remembers;
// SilentDBFS where there are none.
func (l *Levels) Loudest(start, end time.Duration) float32 {
	loudest := float32(SilentDBFS)
	until := min(int64((end+levelGrain-1)/levelGrain), l.end)
	for g := max(int64(start/levelGrain), l.begin); g < until; g++ {
		loudest = max(loudest, l.ring[g%int64(len(l.ring))])
	}
	return loudest
}

// At is when a sample is heard: the time from sample 0 to it, at rate samples a second.
func At(sample int64, rate int) time.Duration {
	r := int64(rate)
	return time.Duration(sample/r)*time.Second + time.Duration(sample%r)*time.Second/time.Duration(r)
}
