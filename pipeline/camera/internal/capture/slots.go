package capture

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"corallite/internal/isolate"
	"corallite/internal/reconnect"
)

// frameSlots passes the newest picture from the child's reader to the parent's requests.
type frameSlots struct {
	changed chan struct{} // has a value when something is new

	mu      sync.Mutex
	memory  *isolate.Memory // nil: the parent has sent none yet
	retired *isolate.Memory // an old memory that the reader still writes to
	slot    int             // bytes in a slot
	need    int             // bytes in the picture that reserve was last asked for
	spare   []byte          // for pictures that do not fit into a slot
	lent    int             // the slot that the parent may be reading; -1: none
	newest  picture         // number 0: none
	last    uint64          // number of the newest picture
	note    string
	lost    error

	// The picture that is being written, and where to.
	writing picture
	into    []byte
	within  *isolate.Memory // nil: spare
}

func newFrameSlots() *frameSlots {
	return &frameSlots{changed: make(chan struct{}, 1), lent: -1}
}

// reserve returns memory for the reader's next picture.
func (b *frameSlots) reserve(width, height int) ([]byte, error) {
	if err := checkSize(width, height); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.endWriting()
	b.writing = picture{slot: -1, width: width, height: height}
	b.need = b.writing.bytes()
	if b.need <= b.slot {
		for b.writing.slot = 0; b.writing.slot == b.lent || b.newest.number > 0 && b.writing.slot == b.newest.slot; {
			b.writing.slot++
		}
		b.within = b.memory
		b.into = b.memory.Bytes()[b.writing.slot*b.slot:][:b.need:b.need]
		return b.into, nil
	}
	if b.newest.slot < 0 {
		b.newest.number = 0 // spare is overwritten
	}
	if cap(b.spare) < b.need {
		b.spare = make([]byte, b.need)
	}
	b.within, b.into = nil, b.spare[:b.need:b.need]
	return b.into, nil
}

// commit makes the picture that was written to the last reserved memory the newest.
func (b *frameSlots) commit(captured int64, fps float64) {
	b.mu.Lock()
	p := b.writing
	if b.within != nil && b.within != b.memory { // the parent has sent a new memory meanwhile
		if p.slot = b.unused(); p.bytes() <= b.slot {
			copy(b.at(p), b.into)
		} else {
			b.spare = append(b.spare[:0], b.into...)
			p.slot = -1
		}
	}
	b.endWriting()
	b.last++
	p.number, p.captured, p.fps = b.last, captured, fps
	b.newest, b.note = p, ""
	b.mu.Unlock()
	b.notify()
}

// endWriting forgets the picture that was being written; b.mu is held.
func (b *frameSlots) endWriting() {
	b.within, b.into = nil, nil
	if b.retired != nil {
		_ = b.retired.Close() // cannot fail: it was mapped
		b.retired = nil
	}
}

// unused returns a slot that holds neither the parent's nor the newest picture; b.mu is held.
func (b *frameSlots) unused() int {
	for i := range slots {
		if i != b.lent && (b.newest.number == 0 || i != b.newest.slot) && (b.within != b.memory || i != b.writing.slot) {
			return i
		}
	}
	return slots - 1 // unreachable: of three slots one is free while none is being written, and this is not called otherwise
}

func (b *frameSlots) at(p picture) []byte {
	return b.memory.Bytes()[p.slot*b.slot:][:p.bytes()]
}

// setNote sets the explanation for the absence of pictures.
func (b *frameSlots) setNote(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = fmt.Sprintf(format, args...)
}

// fail marks the input as lost.
func (b *frameSlots) fail(err error) {
	b.mu.Lock()
	b.lost = err
	b.mu.Unlock()
	b.notify()
}

func (b *frameSlots) notify() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// answer answers a request of the parent.
func (b *frameSlots) answer(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
	if len(request) != requestSize || len(shared) > 1 {
		return 0, errors.New("invalid request from the parent")
	}
	after := binary.LittleEndian.Uint64(request)
	b.mu.Lock()
	b.lent = -1
	if len(shared) == 1 {
		b.setMemory(shared[0])
	}
	b.mu.Unlock()
	timer := time.NewTimer(Slice)
	defer timer.Stop()
	for {
		if n := b.reply(after, reply); n > 0 {
			return n, nil
		}
		select {
		case <-b.changed:
		case <-timer.C:
			b.mu.Lock()
			defer b.mu.Unlock()
			reply[0] = replyNothing
			return 1 + putText(reply[1:], b.note), nil
		}
	}
}

// setMemory replaces the memory; b.mu is held.
func (b *frameSlots) setMemory(m *isolate.Memory) {
	if old := b.memory; old != nil {
		if b.newest.slot >= 0 {
			b.newest.number = 0 // the parent has made room for larger ones, and one is coming
		}
		if b.within == old {
			b.retired = old
		} else {
			_ = old.Close()
		}
	}
	b.memory, b.slot = m, len(m.Bytes())/slots
}

// reply writes the reply, if there is one yet, and returns its length; 0: there is none.
func (b *frameSlots) reply(after uint64, out []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := &b.newest; p.number > after {
		if p.slot < 0 {
			if p.bytes() > b.slot {
				return putRoom(out, p.bytes())
			}
			slot := b.unused()
			copy(b.memory.Bytes()[slot*b.slot:], b.spare[:p.bytes()])
			p.slot = slot
		}
		b.lent = p.slot
		return p.put(out)
	}
	if b.need > b.slot { // on one processor the reader may always be writing the next picture at this point
		return putRoom(out, b.need)
	}
	if b.lost != nil {
		out[0], out[1] = replyLost, 0
		if reconnect.IsPermanent(b.lost) {
			out[1] = 1
		}
		return 2 + putText(out[2:], b.lost.Error())
	}
	return 0
}
