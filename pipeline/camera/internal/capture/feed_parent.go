package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"

	"corallite/internal/isolate"
)

// The size of the feed: two seconds of sound at 192 kHz, and of packets more than a second of any camera, with a key frame.
const (
	soundBytes  = 2 << 20
	packetBytes = 16 << 20
)

// feeds reports whether the session has a feed, and its size.
func (o Options) feeds() int {
	n := 0
	if o.Sound {
		n += soundBytes
	}
	if o.Packets {
		n += packetBytes
	}
	return n
}

// feedReader is the parent's side of a feed.
type feedReader struct {
	memory *isolate.Memory
	sent   bool
	tail   uint64
	take   func(Record)
	data   []byte
}

// newFeedReader makes the feed of a session; nil: it has none.
func newFeedReader(o Options, take func(Record)) (*feedReader, error) {
	size := o.feeds()
	if size == 0 {
		return nil, nil
	}
	if take == nil {
		return nil, errNoTaker
	}
	memory, err := isolate.NewMemory(size)
	if err != nil {
		return nil, err
	}
	return &feedReader{memory: memory, take: take}, nil
}

// head writes what comes before a request, and returns the memory to be sent with it, if it was not sent yet.
func (f *feedReader) head(request []byte) []*isolate.Memory {
	binary.LittleEndian.PutUint64(request, f.tail)
	request[8] = 0
	if f.sent {
		return nil
	}
	request[8] = 1
	return []*isolate.Memory{f.memory}
}

// read takes the records that a reply announces, and returns the rest of the reply. Nothing of what the child wrote is
// believed: it may go on writing.
func (f *feedReader) read(reply []byte) ([]byte, error) {
	if len(reply) < 8 {
		return nil, errInvalidReply
	}
	f.sent = true
	ring, head := f.memory.Bytes(), binary.LittleEndian.Uint64(reply)
	if head < f.tail || head-f.tail > uint64(len(ring)) {
		return nil, fmt.Errorf("%w: a feed from %d to %d", errInvalidReply, f.tail, head)
	}
	var header [recordSize]byte
	for f.tail < head {
		if head-f.tail < recordSize {
			return nil, fmt.Errorf("%w: a record of %d bytes", errInvalidReply, head-f.tail)
		}
		copyOut(header[:], ring, f.tail)
		r, size := parseRecord(header[:])
		if left := head - f.tail - recordSize; uint64(padded(size)) > left {
			return nil, fmt.Errorf("%w: a record of %d bytes in %d", errInvalidReply, size, left)
		}
		if cap(f.data) < size {
			f.data = make([]byte, size)
		}
		r.Data = f.data[:size]
		copyOut(r.Data, ring, f.tail+recordSize)
		f.tail += recordSize + uint64(padded(size))
		if err := r.check(); err != nil {
			return nil, err
		}
		f.take(r)
	}
	return reply[8:], nil
}

// check validates a record.
func (r *Record) check() error {
	switch r.Kind {
	case RecordSound:
		if r.Number < 1 || r.Number > maxSoundRate || len(r.Data)%4 != 0 {
			return fmt.Errorf("%w: %d bytes of sound at %d Hz", errInvalidReply, len(r.Data), r.Number)
		}
	case RecordPacket, RecordStreams, RecordNoSound:
	default:
		return fmt.Errorf("%w: a record of kind %d", errInvalidReply, r.Kind)
	}
	return nil
}

// maxSoundRate is the highest rate that can be brought to a model's.
const maxSoundRate = 1_000_000

// Samples appends the samples of a record of sound.
func (r *Record) Samples(to []float32) []float32 {
	for d := r.Data; len(d) >= 4; d = d[4:] {
		x := math.Float32frombits(binary.LittleEndian.Uint32(d))
		if x != x || math.IsInf(float64(x), 0) {
			x = 0
		}
		to = append(to, x)
	}
	return to
}

func (f *feedReader) close() error {
	if f == nil {
		return nil
	}
	return f.memory.Close()
}

var errNoTaker = errors.New("capture: a feed needs who takes it")
