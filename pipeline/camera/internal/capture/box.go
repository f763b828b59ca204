package capture

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"corallite/internal/isolate"
	"corallite/internal/reconnect"
)

// box passes the newest picture from the child's reader to the parent's requests. The reader puts offers into it, which
// cost it little; a picture is decoded, or copied into the parent's memory, only when the parent asks for it.
type box struct {
	changed chan struct{} // has a value when something is new
	feed    *feed         // nil: neither sound nor packets are wanted

	mu      sync.Mutex
	newest  *offer // nil: none, or taken
	last    uint64 // number of the newest offer
	came    bool   // there were offers since the last reply
	asked   bool   // a request waits, for a picture after number after and captured at from or later
	after   uint64
	from    int64
	damaged int  // pictures in a row that could not be decoded
	unread  bool // the last picture that was asked for is one of them
	note    string
	lost    error

	// Of the goroutine that answers.
	memory *isolate.Memory // nil: the parent has sent none yet
	need   int             // bytes of the picture that did not fit
	form   Form            // of the last picture for which there was room
}

// offer is a picture that the input has read.
type offer struct {
	captured int64   // CLOCK_MONOTONIC, ns
	rate     float64 // pictures per second; 0: unknown
	number   uint64  // set by the box
	passed   int     // pictures since the last offer that the input passed over by itself, and told the box
	// write writes the picture into memory from reserve, which may fail; then write is called again. It is called by another
	// goroutine than the input's.
	write   func(reserve reserve) error
	release func() // frees what it holds; nil: nothing
}

func (o *offer) free() {
	if o != nil && o.release != nil {
		o.release()
	}
}

func newBox() *box { return &box{changed: make(chan struct{}, 1)} }

// wanted reports whether the parent may ask for the next picture, captured at that time. One that is not wanted is passed
// over, and need not be decoded.
func (b *box) wanted(captured int64) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return !b.asked || b.last+1 > b.after && captured >= b.from
}

// early is when the picture was captured that the parent waits for, at the earliest, and 0 if it waits for none or any.
func (b *box) early() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.asked || b.from <= 0 {
		return 0
	}
	b.came = true // the input is about to read on; what it passes over is counted when it has
	return b.from
}

// passOver counts a picture that is not wanted.
func (b *box) passOver() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.last++
	b.came = true
}

// put makes a picture the newest.
func (b *box) put(o *offer) {
	b.mu.Lock()
	old := b.newest
	b.last++
	o.number = b.last
	b.newest, b.came = o, true
	b.mu.Unlock()
	old.free()
	b.notify()
}

// setNote sets the explanation for the absence of pictures.
func (b *box) setNote(format string, args ...any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.note = fmt.Sprintf(format, args...)
}

// isDamaged counts a picture that could not be decoded.
func (b *box) isDamaged(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.damaged++
	b.note = fmt.Sprintf("%d pictures could not be decoded, the last one: %v", b.damaged, err)
}

// setUnread notes that the picture that was asked for could not be decoded.
func (b *box) setUnread() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.unread = true
}

// fail marks the input as lost.
func (b *box) fail(err error) {
	b.mu.Lock()
	b.lost = err
	b.mu.Unlock()
	b.notify()
}

func (b *box) notify() {
	select {
	case b.changed <- struct{}{}:
	default:
	}
}

// answer answers a request of the parent.
func (b *box) answer(request []byte, shared []*isolate.Memory, reply []byte) (int, error) {
	if len(request) != requestSize || len(shared) > 1 {
		return 0, errors.New("invalid request from the parent")
	}
	if len(shared) == 1 {
		if b.memory != nil {
			_ = b.memory.Close() // cannot fail: it was mapped
		}
		b.memory, b.need = shared[0], 0
	}
	b.mu.Lock()
	b.after, b.from = parseRequest(request)
	b.asked = true
	b.mu.Unlock()
	timer := time.NewTimer(Slice)
	defer timer.Stop()
	for {
		if n := b.reply(reply); n > 0 {
			return n, nil
		}
		select {
		case <-b.changed:
		case <-timer.C:
			return b.nothing(reply), nil
		}
	}
}

// nothing replies that there is no picture, and whether there were any that the parent does not want. Such are no sign of a
// working input while none can be decoded of those that it does want.
func (b *box) nothing(reply []byte) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	reply[0], reply[1] = replyNothing, 0
	if b.came && b.from > 0 && !b.unread {
		reply[1] = 1
	}
	b.asked, b.came = false, false
	return 2 + putText(reply[2:], b.note)
}

// reply writes the reply, if there is one yet, and returns its length; 0: there is none.
func (b *box) reply(out []byte) int {
	o, lost := b.take()
	switch {
	case o != nil:
	case lost != nil:
		out[0], out[1] = replyLost, 0
		switch {
		case reconnect.IsPermanent(lost):
			out[1] = lostPermanently
		case errors.Is(lost, os.ErrDeadlineExceeded):
			out[1] = lostInSilence
		}
		return 2 + putText(out[2:], lost.Error())
	default:
		return 0
	}
	err := o.write(b.reserve)
	if errors.Is(err, errRoom) {
		b.putBack(o)
		return putRoom(out, b.need)
	}
	o.free()
	var one damagedError
	switch {
	case errors.As(err, &one):
		b.isDamaged(one)
		b.setUnread()
		return 0
	case err != nil:
		b.fail(err)
		return 0 // there is a notification
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked, b.came, b.unread, b.damaged, b.note = false, false, false, 0, ""
	return picture{Form: b.form, number: o.number, captured: o.captured, fps: o.rate}.put(out)
}

// take takes the newest picture, if it is the one that is asked for; else it returns why there will be none.
func (b *box) take() (*offer, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	o := b.newest
	if o == nil || o.number <= b.after || o.captured < b.from {
		return nil, b.lost
	}
	b.newest = nil
	return o, nil
}

// putBack keeps a picture for the next request, unless there is a newer one.
func (b *box) putBack(o *offer) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = false
	if b.newest != nil {
		o.free()
		return
	}
	b.newest = o
}

// errRoom is the error of a picture for which the parent has to allocate memory first.
var errRoom = errors.New("the memory is too small")

// reserve returns memory for a picture.
func (b *box) reserve(f Form) ([]byte, error) {
	if err := f.check(); err != nil {
		return nil, damagedError{err}
	}
	b.form, b.need = f, f.Bytes()
	if b.memory == nil || len(b.memory.Bytes()) < b.need {
		return nil, errRoom
	}
	return b.memory.Bytes()[:b.need:b.need], nil
}

// close frees the newest picture; the reader has ended.
func (b *box) close() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.newest.free()
	b.newest = nil
}
