package annotate

import (
	"bytes"
	"fmt"
	"slices"
	"sync"
	"time"

	"corallite/internal/libav"
	"corallite/pipeline/camera"
)

// soundSource is a live source that hands on the packets of its sound.
type soundSource interface {
	SoundPackets(to camera.PacketSink) (stop func())
}

// stream is the sound of a live source on its way into annotated copies: packets as they came, by when they were captured.
type stream struct {
	mu      sync.Mutex
	current *libav.Parameters // of the session, as it is in copies; nil: it has no sound
	wrong   error             // why it cannot be
	anew    *libav.Transcoder // nil: packets are copied as they are
	codec   string            // that it has
	bare    bool              // the first packet of the session has come, or needs not to be known
	adts    bool              // packets have headers that MP4 does not want
	queue   []captured
	clock   *clock
}

// captured is a packet.
type captured struct {
	pts, duration time.Duration
	data          []byte
	of            *libav.Parameters
	by            *clock
}

func (c captured) at() time.Time { return c.by.zero.Add(c.pts) }

// clock is that of a session's sound: when what its times call 0 was captured, which becomes known better while packets come.
type clock struct{ zero time.Time }

const (
	// followWithin is how far the clock of the sound may be from that of the captures: less is how exactly clocks are read, and is
	// followed slowly.
	followWithin = 20 * time.Millisecond

	// maxWaiting is how much sound is kept for pictures that come late: more than is repeated of a picture.
	maxWaiting = maxGap + 5*time.Second
)

// Streams implements camera.PacketSink.
func (s *stream) Streams(all []camera.PacketStream) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current, s.wrong, s.bare, s.adts, s.clock = nil, nil, false, false, &clock{}
	s.stop()
	if i := slices.IndexFunc(all, func(p camera.PacketStream) bool { return p.Sound }); i >= 0 {
		p := all[i].Parameters()
		s.bare, s.codec = !p.MayHaveADTS(), p.Codec
		if s.anew, s.wrong = encodedAnew(p); s.anew != nil {
			p = s.anew.Parameters()
		}
		s.current = &p
	}
}

// stop ends what encodes the packets.
func (s *stream) stop() {
	if s.anew != nil {
		s.anew.Close()
		s.anew = nil
	}
}

// close ends it, when no more packets come.
func (s *stream) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stop()
	s.current = nil
}

// Packet implements camera.PacketSink.
func (s *stream) Packet(p camera.Packet) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.wrong != nil || p.Stream != s.current.Stream || p.PTS == camera.NoPacketTime || len(p.Data) == 0 {
		return
	}
	if !s.bare {
		s.bare = true
		if bare, err := s.current.WithoutADTS(p.Data); err == nil {
			s.adts = len(bare.Extradata) > 0
			s.current = &bare
		}
	}
	s.clock.follow(p)
	if s.clock.zero.IsZero() {
		return
	}
	packet := libav.Packet{PTS: p.PTS, Duration: p.Duration, Data: p.Data}
	switch {
	case s.anew != nil:
		s.wrong = s.anew.Put(packet, s.add)
		return
	case s.adts:
		packet = packet.WithoutADTS()
	}
	s.add(packet)
}

// add keeps a packet of a copy.
func (s *stream) add(p libav.Packet) {
	now := captured{p.PTS, p.Duration, bytes.Clone(p.Data), s.current, s.clock}
	s.queue = append(s.queue, now)
	old := 0
	for now.at().Sub(s.queue[old].at()) > maxWaiting {
		old++
	}
	s.queue = s.queue[old:]
}

// follow compares the clock with when a packet was captured.
func (c *clock) follow(p camera.Packet) {
	if p.Captured.IsZero() {
		return
	}
	zero := p.Captured.Add(-p.PTS)
	if d := zero.Sub(c.zero); c.zero.IsZero() || d.Abs() > followWithin {
		c.zero = zero
	} else {
		c.zero = c.zero.Add(d / 64)
	}
}

// begin returns the parameters for a copy that begins with a picture that was captured at that time; nil: there is no sound.
// original is its codec if it is encoded anew. The error is why it cannot be kept.
func (s *stream) begin(at time.Time) (_ *libav.Parameters, original string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.current == nil || s.wrong != nil {
		return nil, "", s.wrong
	}
	p := *s.current
	if s.anew != nil {
		original = s.codec
	}
	if !s.bare {
		p = p.Assumed()
	}
	p.Late = !slices.ContainsFunc(s.queue, func(c captured) bool { d := c.at().Sub(at); return d >= 0 && d < fragment/2 })
	return &p, original, nil
}

// timed is a packet at a time of a copy.
type timed struct {
	captured
	at time.Duration
}

// until takes the packets that were captured before a time, with their times from start on. Earlier ones are of no use.
func (s *stream) until(start, until time.Time) (all []timed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for ; n < len(s.queue) && s.queue[n].at().Before(until); n++ {
		if d := s.queue[n].at().Sub(start); d >= 0 {
			all = append(all, timed{s.queue[n], d})
		}
	}
	s.queue = s.queue[n:]
	return all
}

// liveTrack is the sound of a live source in one copy.
type liveTrack struct {
	from       *stream
	parameters libav.Parameters
	next       time.Duration // where the last packet in the copy ends
	told       bool          // that the sound has changed
}

// copyLive writes the sound up to a time of the copy. What is behind what was written, because pictures have stopped for long
// and time was cut out, is left out.
func (m *movie) copyLive(until time.Duration) error {
	t := m.heard
	if t == nil {
		return nil
	}
	for _, p := range t.from.until(m.start, m.start.Add(until)) {
		if !same(p.of, &t.parameters) {
			if !t.told {
				t.told = true
				m.notice(fmt.Sprintf("the sound of %s has changed: the rest of %s is without it", m.recording, m.path))
			}
			continue
		}
		if p.at < t.next-p.duration/2 {
			continue
		}
		at := max(p.at, t.next)
		if p.duration > 0 && at-t.next < p.duration/2 {
			at = t.next // packets follow each other
		}
		if err := m.video.WriteSound(libav.Packet{PTS: at, DTS: at, Duration: p.duration, Data: p.data}, 0); err != nil {
			return err
		}
		t.next = at + max(p.duration, time.Millisecond)
	}
	return nil
}

// same reports whether packets of one stream can follow those of another.
func same(a, b *libav.Parameters) bool {
	return a.ID == b.ID && a.Rate == b.Rate && a.Channels == b.Channels && bytes.Equal(a.Extradata, b.Extradata)
}
