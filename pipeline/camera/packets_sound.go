package camera

import "sync"

// copies are those who take the packets of the sound.
type copies struct {
	mu      sync.Mutex
	streams []PacketStream // of the sound, in this session; nil: there is none, or it has not begun
	takers  map[int]PacketSink
	next    int
}

// SoundPackets hands the packets of the stream's sound to a sink as they come, until stop is called;
// LiveOptions.SoundPackets must be set. A session that has begun is announced at once.
func (l *LiveSource) SoundPackets(to PacketSink) (stop func()) {
	c := &l.copies
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.takers == nil {
		c.takers = map[int]PacketSink{}
	}
	n := c.next
	c.next++
	c.takers[n] = to
	if c.streams != nil {
		to.Streams(c.streams)
	}
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.takers, n)
	}
}

func (c *copies) begin(all []PacketStream) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.streams = []PacketStream{}
	for _, s := range all {
		if s.Sound {
			c.streams = append(c.streams, s)
		}
	}
	for _, t := range c.takers {
		t.Streams(c.streams)
	}
}

func (c *copies) packet(p Packet) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.streams {
		if s.Index == p.Stream {
			for _, t := range c.takers {
				t.Packet(p)
			}
			return
		}
	}
}

// SoundPackets are those of the source, if it has any.
func (s *Select) SoundPackets(to PacketSink) (stop func()) {
	if source, ok := s.source.(interface {
		SoundPackets(PacketSink) (stop func())
	}); ok {
		return source.SoundPackets(to)
	}
	return func() {}
}
