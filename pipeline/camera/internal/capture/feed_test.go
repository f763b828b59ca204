package capture

import (
	"bytes"
	"encoding/binary"
	"errors"
	"strconv"
	"testing"
	"time"

	"corallite/internal/isolate"
)

// link is both sides of a feed.
type link struct {
	*feed
	parent *feedReader
	got    []Record
	t      *testing.T
}

func newLink(t *testing.T, size int) *link {
	t.Helper()
	memory, err := isolate.NewMemory(size)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = memory.Close() })
	l := &link{feed: newFeed(), t: t}
	l.parent = &feedReader{memory: memory, take: func(r Record) {
		r.Data = bytes.Clone(r.Data)
		l.got = append(l.got, r)
	}}
	return l
}

// ask makes one request.
func (l *link) ask() error {
	l.t.Helper()
	request, reply := make([]byte, feedHead+1), make([]byte, 100)
	shared := l.parent.head(request)
	n, err := l.answer(func(request []byte, _ []*isolate.Memory, reply []byte) (int, error) {
		return copy(reply, "yes"), nil
	})(request, shared, reply)
	if err != nil {
		l.t.Fatal(err)
	}
	rest, err := l.parent.read(reply[:n])
	if err == nil && string(rest) != "yes" {
		l.t.Errorf("%q", rest)
	}
	return err
}

// TestFeed sends more than its memory holds, piece by piece.
func TestFeed(t *testing.T) {
	l := newLink(t, 1000)
	l.say(Record{Kind: RecordStreams, Data: []byte("[]")}) // before there is memory
	if err := l.ask(); err != nil || len(l.got) != 1 || string(l.got[0].Data) != "[]" {
		t.Fatalf("%+v, %v", l.got, err)
	}
	for i := range 100 {
		l.packet(Record{Number: 1, Key: i%3 == 0, PTS: time.Duration(i), Data: []byte(strconv.Itoa(i * i * i * i))})
		l.sound([]float32{float32(i), 0.5}, 8000, int64(i), 0, i == 0)
		if i%3 == 2 {
			if err := l.ask(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := l.ask(); err != nil || len(l.got) != 201 {
		t.Fatalf("%d records, %v", len(l.got), err)
	}
	for i := range 100 {
		p, s := l.got[1+2*i], l.got[2+2*i]
		if p.Kind != RecordPacket || p.Key != (i%3 == 0) || p.PTS != time.Duration(i) || string(p.Data) != strconv.Itoa(i*i*i*i) || p.Lost != 0 {
			t.Errorf("packet %d: %+v", i, p)
		}
		if x := s.Samples(nil); s.Kind != RecordSound || len(x) != 2 || x[0] != float32(i) || x[1] != 0.5 || s.Gap != (i == 0) || s.Captured != int64(i) {
			t.Errorf("sound %d: %+v", i, s)
		}
	}
}

// TestFeedLoses counts what does not fit; packets go on with one at which decoding may begin.
func TestFeedLoses(t *testing.T) {
	l := newLink(t, 1000)
	if err := l.ask(); err != nil {
		t.Fatal(err)
	}
	for i := range 30 {
		l.packet(Record{Number: 1, Key: i == 0, Data: make([]byte, 100)})
		l.sound(make([]float32, 8), 8000, 0, 0, false)
	}
	if err := l.ask(); err != nil {
		t.Fatal(err)
	}
	packets := 0
	for _, r := range l.got {
		if r.Kind == RecordPacket {
			packets++
		}
	}
	if err := l.ask(); err != nil { // which says that all was read
		t.Fatal(err)
	}
	l.got = nil
	l.packet(Record{Number: 1, Data: make([]byte, 10)})
	l.packet(Record{Number: 1, Key: true, Data: make([]byte, 10)})
	l.sound(make([]float32, 8), 8000, 0, 0, false)
	if err := l.ask(); err != nil || len(l.got) != 2 {
		t.Fatalf("%+v, %v", l.got, err)
	}
	if p := l.got[0]; packets < 3 || !p.Key || !p.Gap || p.Lost != uint64(31-packets) {
		t.Errorf("%+v after %d packets", p, packets)
	}
	if s := l.got[1]; !s.Gap || s.Lost == 0 || s.Lost%uint64(time.Millisecond) != 0 {
		t.Errorf("%+v", s)
	}
}

// TestFeedIsNotBelieved writes what no working child writes.
func TestFeedIsNotBelieved(t *testing.T) {
	for name, harm := range map[string]func(l *link, ring []byte){
		"kind":   func(_ *link, ring []byte) { ring[0] = 77 },
		"length": func(_ *link, ring []byte) { binary.LittleEndian.PutUint32(ring[4:], 1<<31) },
		"rate":   func(_ *link, ring []byte) { clear(ring[8:12]) },
		"head":   func(l *link, _ []byte) { l.feed.head = 1 << 40 },
		"back":   func(l *link, _ []byte) { l.parent.tail = 1 << 20 },
		"rest":   func(l *link, _ []byte) { l.feed.head += 5 },
	} {
		l := newLink(t, 1000)
		if err := l.ask(); err != nil {
			t.Fatal(err)
		}
		l.sound([]float32{1}, 8000, 0, 0, false)
		harm(l, l.parent.memory.Bytes())
		if err := l.ask(); !errors.Is(err, errInvalidReply) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
