package camera

import (
	"encoding/json"
	"time"

	"corallite/internal/libav"
	"corallite/pipeline/camera/internal/capture"
)

// Packet is a piece of a stream as the camera sent it, compressed.
type Packet struct {
	Stream  int  // PacketStream.Index
	Key     bool // decoding may begin here
	Corrupt bool // a part is missing
	// Lost is how many packets of the stream before it were not handed on, because nobody took them for too long. After a
	// loss the stream goes on with a packet that is Key.
	Lost     uint64
	PTS, DTS time.Duration // when it is shown and decoded, by the session's clock; NoPacketTime: the stream does not say
	Duration time.Duration // 0: unknown
	Captured time.Time     // of what it shows, by this machine's clock; zero: unknown
	Data     []byte        // valid during the call
}

// NoPacketTime is the time of a packet that has none.
const NoPacketTime = libav.NoTime

// PacketStream describes a stream of packets.
type PacketStream struct {
	Index int
	Sound bool // else pictures
	Codec string

	parameters libav.Parameters
}

// PacketStreamOf describes a stream for a PacketSink that gets its packets from elsewhere.
func PacketStreamOf(p libav.Parameters) PacketStream {
	return PacketStream{Index: p.Stream, Sound: p.Kind == libav.Sound, Codec: p.Codec, parameters: p}
}

// Parameters are what a container needs to know of the stream (package libav).
func (s PacketStream) Parameters() libav.Parameters { return s.parameters }

// PacketSink takes packets of a LiveSource as they came, for recordings without encoding. Its methods are called during
// LiveSource.Next, one at a time, and must return soon.
type PacketSink interface {
	// Streams begins a session: the packets that follow are of these streams, and their times begin anew.
	Streams([]PacketStream)
	Packet(Packet)
}

// hand hands on packets, and what they are of.
func (l *LiveSource) hand(r capture.Record) {
	switch {
	case !l.input.Packets:
	case r.Kind == capture.RecordStreams:
		l.handStreams(r.Data)
	case r.Kind == capture.RecordPacket:
		p := Packet{
			Stream: r.Number, Key: r.Key, Corrupt: r.Corrupt, Lost: r.Lost, PTS: r.PTS, DTS: r.DTS, Duration: max(r.Duration, 0), Data: r.Data,
		}
		if r.Captured != 0 {
			p.Captured = capture.Wall(r.Captured)
		}
		if l.packets != nil {
			l.packets.Packet(p)
		}
		l.copies.packet(p)
	}
}

func (l *LiveSource) handStreams(text []byte) {
	var all []libav.Parameters
	if err := json.Unmarshal(text, &all); err != nil {
		l.log.Warn("packets that cannot be recorded", "error", err)
		return
	}
	streams := make([]PacketStream, len(all))
	for i, p := range all {
		streams[i] = PacketStreamOf(p)
	}
	if l.packets != nil {
		l.packets.Streams(streams)
	}
	l.copies.begin(streams)
}
