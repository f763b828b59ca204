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

// board is where the child's reader leaves the newest picture and the parent's requests find it.
type board struct {
	changed chan struct{} // something is new; of one

	mu      sync.Mutex
	memory  *isolate.Memory // nil: the parent has sent none yet
	retired *isolate.Memory // in which the reader is still writing
	slot    int             // bytes of one
	need    int             // bytes of the picture that reserve was last asked for
	spare   []byte          // for pictures that have no room in the memory
	lent    int             // the slot that the parent may be reading; -1: none
	newest  picture         // number 0: none
	last    uint64          // number
	note    string
	lost    error

	// The picture that is being written, and where.
	writing picture
	into    []byte
	within  *isolate.Memory // nil: spare
}

func newBoard() *board {
	return &board{changed: make(chan struct{}, 1), lent: -1}
}

// reserve gives the reader memory for a picture.
func (b *board) reserve(width, height int) ([]byte, error) {
	if err := possible(width, height); err != nil {
		return nil, err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.settle()
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
		b.newest.number = 0 // it is overwritten
	}
	if cap(b.spare) < b.need {
		b.spare = make([]byte, b.need)
	}
	b.within, b.into = nil, b.spare[:b.need:b.need]
	return b.into, nil
}

// commit makes what was written to the last reserved memory the newest picture.
func (b *board) commit(captured int64, fps float64) {
	b.mu.Lock()
	p := b.writing
	if b.within != nil && b.within != b.memory { // the parent has sent another memory meanwhile
		if p.slot = b.unused(); p.bytes() <= b.slot {
			copy(b.at(p), b.into)
		} else {
			b.spare = append(b.spare[:0], b.into...)
			p.slot = -1
		}
	}
	b.settle()
	b.last++
	p.number, p.captured, p.fps = b.last, captured, fps
	b.newest, b.note = p, ""
	b.mu.Unlock()
	b.poke()
}

// settle ends the writing of a picture; b.mu is held.
func (b *board) settle() {
	b.within, b.into = nil, nil
	if b.retired != nil {
		_ = b.retired.Close() // a memory that was mapped can be unmapped
		b.retired = nil
	}
}

// unused is a slot that neither the parent nor the newest picture has; b.mu is held.
func (b *board) unused() int {
	for i := range slots {
		if i != b.lent && (b.newest.number == 0 || i != b.newest.slot) && (b.within != b.memory || i != b.writing.slot) {
			return i
		}
	}
	return slots - 1 // cannot be: with three slots one is free while none is written, and nobody asks while one is
}

func (b *board) at(p picture) []byte {
	return b.memory.Bytes()[p.slot*b.slot:][:p.bytes()]
}

// say notes what there is to know while no picture comes.
func (b *board) say(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = fmt.Sprintf(format, args...)
}

// fail says that the input is lost.
func (b *board) fail(err error) {
	b.mu.Lock()
	b.lost = err
	b.mu.Unlock()
	b.poke()
}

func (b *board) poke() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// answer answers the parent's request.
func (b *board) answer(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
	if len(request) != requestSize || len(shared) > 1 {
		return 0, errors.New("the parent sent what is no request")
	}
	after := binary.LittleEndian.Uint64(request)
	b.mu.Lock()
	b.lent = -1
	if len(shared) == 1 {
		b.install(shared[0])
	}
	b.mu.Unlock()
	timer := time.NewTimer(Slice)
	defer timer.Stop()
	for {
		if n := b.look(after, reply); n > 0 {
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

// install takes a new memory; b.mu is held.
func (b *board) install(m *isolate.Memory) {
	if old := b.memory; old != nil {
		if b.newest.slot >= 0 {
			b.newest.number = 0 // the parent has room for larger ones now, and one is coming
		}
		if b.within == old {
			b.retired = old
		} else {
			_ = old.Close()
		}
	}
	b.memory, b.slot = m, len(m.Bytes())/slots
}

// look writes the reply if there is one already; 0: there is none.
func (b *board) look(after uint64, reply []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	if p := &b.newest; p.number > after {
		if p.slot < 0 {
			if p.bytes() > b.slot {
				return putRoom(reply, p.bytes())
			}
			slot := b.unused()
			copy(b.memory.Bytes()[slot*b.slot:], b.spare[:p.bytes()])
			p.slot = slot
		}
		b.lent = p.slot
		return p.put(reply)
	}
	if b.need > b.slot { // on one processor the reader may always be at the next picture when it is looked for one
		return putRoom(reply, b.need)
	}
	if b.lost != nil {
		reply[0], reply[1] = replyLost, 0
		if reconnect.IsPermanent(b.lost) {
			reply[1] = 1
		}
		return 2 + putText(reply[2:], b.lost.Error())
	}
	return 0
}
