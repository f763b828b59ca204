package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"corallite/internal/isolate"
)

// feed passes what must come whole and in order from the child's reader to the parent, beside the pictures: sound, and
// packets as they came. It is a ring in memory that the parent allocates and sends with its first request. What does not
// fit is lost, counted, and said by the next record.
type feed struct {
	mu     sync.Mutex
	memory *isolate.Memory // nil: the parent has sent none yet
	head   uint64          // bytes written
	tail   uint64          // bytes that the parent has read
	early  []Record        // said before there was memory

	lostSound time.Duration  // since the last record of sound
	lost      map[int]uint64 // packets of a stream since its last record
	waiting   map[int]bool   // streams of which packets are left out until one at which decoding may begin
	header    [recordSize]byte
	floats    []byte
}

func newFeed() *feed { return &feed{lost: map[int]uint64{}, waiting: map[int]bool{}} }

// The kinds of records.
const (
	// RecordSound is sound: its mean over the channels as 32-bit floats.
	RecordSound = 1
	// RecordPacket is a packet of a stream, as it came.
	RecordPacket = 2
	// RecordStreams is JSON: the []libav.Parameters of the streams whose packets follow.
	RecordStreams = 3
	// RecordNoSound says why there is no sound.
	RecordNoSound = 4
)

// Record is a piece of the feed. In memory it is its header, then its data, padded to a multiple of 8:
//
//	 0  4 bytes  kind        4  4 bytes  length of the data
//	 8  4 bytes  Number     12  4 bytes  1: Key, 2: Gap, 4: Corrupt
//	16  8 bytes  PTS        24  8 bytes  DTS       32  8 bytes  Duration   40  8 bytes  captured (CLOCK_MONOTONIC)
//	48  8 bytes  Lost
type Record struct {
	Kind     int
	Number   int  // of sound: samples a second; of a packet: the stream's index
	Key      bool // of a packet: decoding may begin here
	Gap      bool // it does not follow the record of its kind and stream before
	Corrupt  bool
	PTS, DTS time.Duration // in the stream; libav.NoTime: unknown
	Duration time.Duration
	Captured int64  // CLOCK_MONOTONIC, ns; of sound: of the first sample; 0: unknown
	Lost     uint64 // before it: nanoseconds of sound, or packets
	Data     []byte
}

const (
	recordSize = 56
	feedHead   = 9 // bytes before each request when there is a feed: what was read, and 1 if its memory comes with it
)

func padded(n int) int { return (n + 7) &^ 7 }

func (r *Record) put(to []byte) {
	order := binary.LittleEndian
	order.PutUint32(to, uint32(r.Kind))
	order.PutUint32(to[4:], uint32(len(r.Data)))
	order.PutUint32(to[8:], uint32(r.Number))
	var flags uint32
	for i, set := range []bool{r.Key, r.Gap, r.Corrupt} {
		if set {
			flags |= 1 << i
		}
	}
	order.PutUint32(to[12:], flags)
	for i, t := range []int64{int64(r.PTS), int64(r.DTS), int64(r.Duration), r.Captured, int64(r.Lost)} {
		order.PutUint64(to[16+8*i:], uint64(t))
	}
}

// parseRecord parses a header. size is the length of the data.
func parseRecord(from []byte) (r Record, size int) {
	order := binary.LittleEndian
	flags := order.Uint32(from[12:])
	at := func(i int) int64 { return int64(order.Uint64(from[16+8*i:])) }
	return Record{
		Kind: int(order.Uint32(from)), Number: int(order.Uint32(from[8:])), Key: flags&1 != 0, Gap: flags&2 != 0, Corrupt: flags&4 != 0,
		PTS: time.Duration(at(0)), DTS: time.Duration(at(1)), Duration: time.Duration(at(2)), Captured: at(3), Lost: uint64(at(4)),
	}, int(order.Uint32(from[4:]))
}

// add writes a record, if there is room.
func (f *feed) add(r Record) bool {
	if f.memory == nil {
		return false
	}
	ring := f.memory.Bytes()
	need := uint64(recordSize + padded(len(r.Data)))
	if f.head+need-f.tail > uint64(len(ring)) {
		return false
	}
	r.put(f.header[:])
	copyIn(ring, f.head, f.header[:])
	copyIn(ring, f.head+recordSize, r.Data)
	f.head += need
	return true
}

func copyIn(ring []byte, at uint64, data []byte) {
	n := copy(ring[at%uint64(len(ring)):], data)
	copy(ring, data[n:])
}

func copyOut(data, ring []byte, at uint64) {
	n := copy(data, ring[at%uint64(len(ring)):])
	copy(data[n:], ring)
}

// sound adds samples from -1 to 1, the first of which was captured at that time. gap: they do not follow the last ones.
func (f *feed) sound(samples []float32, rate int, captured int64, pts time.Duration, gap bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.floats = f.floats[:0]
	for _, x := range samples {
		f.floats = binary.LittleEndian.AppendUint32(f.floats, math.Float32bits(x))
	}
	length := time.Duration(len(samples)) * time.Second / time.Duration(rate)
	r := Record{
		Kind: RecordSound, Number: rate, Gap: gap || f.lostSound > 0, PTS: pts, DTS: pts, Duration: length, Captured: captured,
		Lost: uint64(f.lostSound), Data: f.floats,
	}
	if f.memory != nil && !f.add(r) {
		f.lostSound += length
		return
	}
	f.lostSound = 0
}

// packet adds a packet. After a loss the stream goes on where decoding may begin.
func (f *feed) packet(r Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := r.Number
	if f.waiting[n] && !r.Key {
		f.lost[n]++
		return
	}
	r.Kind, r.Lost = RecordPacket, f.lost[n]
	r.Gap = r.Gap || r.Lost > 0
	if !f.add(r) {
		f.lost[n]++
		f.waiting[n] = true
		return
	}
	f.lost[n], f.waiting[n] = 0, false
}

// say adds a record of what comes once, now or when there is memory.
func (f *feed) say(r Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.memory == nil {
		f.early = append(f.early, r)
		return
	}
	f.add(r) // there is always room at the beginning
}

// noSound says why there is no sound, where it is wanted; it is an error where nothing else is.
func (b *box) noSound(o Options, why string) error {
	switch {
	case !o.Sound:
		return nil
	case o.NoPictures:
		return fmt.Errorf("there is no sound: %s", why)
	}
	b.feed.say(Record{Kind: RecordNoSound, Data: []byte(why)})
	return nil
}

// answer puts the feed before requests and replies: what the parent has read of it, and how much there is.
func (f *feed) answer(inner func([]byte, []*isolate.Memory, []byte) (int, error)) func([]byte, []*isolate.Memory, []byte) (int, error) {
	return func(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
		if len(request) < feedHead || request[8] == 1 && len(shared) == 0 {
			return 0, errors.New("invalid request from the parent")
		}
		f.mu.Lock()
		if request[8] == 1 {
			f.memory, shared = shared[0], shared[1:]
			for _, r := range f.early {
				f.add(r)
			}
			f.early = nil
		}
		f.tail = binary.LittleEndian.Uint64(request)
		f.mu.Unlock()
		n, err := inner(request[feedHead:], shared, reply[8:])
		f.mu.Lock()
		binary.LittleEndian.PutUint64(reply, f.head)
		f.mu.Unlock()
		return n + 8, err
	}
}
