package capture

import (
	"errors"
	"strings"
	"testing"

	"corallite/internal/isolate"
	"corallite/internal/yuv"
)

// exchange is a box with the parent's memory.
type exchange struct {
	*box
	t      *testing.T
	memory *isolate.Memory
	reply  []byte
	freed  int
}

func newExchange(t *testing.T) *exchange {
	t.Helper()
	return &exchange{box: newBox(), t: t, reply: make([]byte, isolate.MaxMessage)}
}

// grey offers a picture of a value.
func (e *exchange) grey(captured int64, width, height int, value byte) {
	e.put(&offer{captured: captured, rate: 25, release: func() { e.freed++ }, write: func(reserve reserve) error {
		to, err := reserve(Form{Width: width, Height: height, Planes: true, Layout: yuv.Gray})
		for i := range to {
			to[i] = value
		}
		return err
	}})
}

// ask asks once, with memory if there is some that was not sent yet.
func (e *exchange) ask(after uint64, from int64, memory ...*isolate.Memory) []byte {
	e.t.Helper()
	request := make([]byte, requestSize)
	putRequest(request, after, from)
	n, err := e.answer(request, memory, e.reply)
	if err != nil {
		e.t.Fatal(err)
	}
	return e.reply[:n]
}

func (e *exchange) picture(after uint64, from int64) picture {
	e.t.Helper()
	reply := e.ask(after, from)
	if reply[0] == replyRoom {
		need, err := parseRoom(reply)
		if err != nil {
			e.t.Fatal(err)
		}
		if e.memory, err = isolate.NewMemory(need); err != nil {
			e.t.Fatal(err)
		}
		e.t.Cleanup(func() { _ = e.memory.Close() })
		reply = e.ask(after, from, e.memory)
	}
	p, err := parsePicture(reply, len(e.memory.Bytes()))
	if err != nil {
		e.t.Fatalf("%q: %v", reply, err)
	}
	return p
}

// The newest picture is given, in memory that the parent makes when it has to, and all others are freed unseen.
func TestBoxGivesTheNewest(t *testing.T) {
	e := newExchange(t)
	for i := range 3 {
		e.grey(int64(i+1), 4, 2, byte(i))
	}
	if p := e.picture(0, 0); p.number != 3 || p.captured != 3 || p.fps != 25 || !p.Planes || p.Layout != yuv.Gray || e.memory.Bytes()[7] != 2 {
		t.Errorf("%+v", p)
	}
	if reply := e.ask(3, 0); reply[0] != replyNothing || reply[1] != 0 {
		t.Errorf("%q, where there is nothing new", reply)
	}
	e.grey(4, 8, 8, 4)
	if p := e.picture(3, 0); p.number != 4 || p.Width != 8 || e.memory.Bytes()[63] != 4 {
		t.Errorf("%+v", p)
	}
	if e.freed != 4 {
		t.Errorf("%d of 4 pictures were freed", e.freed)
	}
	e.grey(5, 8, 8, 5)
	e.close()
	if e.freed != 5 {
		t.Error("the last picture was not freed")
	}
}

// Pictures from before the time that the parent asks for are passed over, and it is told that the input is alive.
func TestBoxPassesOverEarlyPictures(t *testing.T) {
	e := newExchange(t)
	e.grey(10, 4, 2, 1)
	if reply := e.ask(0, 100); reply[0] != replyNothing || reply[1] != 1 {
		t.Errorf("%q, want that pictures come", reply)
	}
	if reply := e.ask(0, 100); reply[0] != replyNothing || reply[1] != 0 {
		t.Errorf("%q, want that none come", reply)
	}
	if !e.wanted(50) {
		t.Error("without a request, a picture may be wanted")
	}
	e.asked, e.after, e.from = true, 3, 100
	e.passOver()
	if e.last != 2 || e.wanted(100) {
		t.Errorf("picture %d is wanted, but only those after 3 are", e.last+1)
	}
	e.passOver()
	if e.wanted(99) || !e.wanted(100) {
		t.Error("wanted are pictures captured at 100 or later")
	}
	e.passOver()
	e.grey(101, 4, 2, 9)
	if p := e.picture(3, 100); p.number != 5 || p.captured != 101 {
		t.Errorf("%+v", p)
	}
}

// What the parent waits for says what is too early; an input that reads on towards it is alive.
func TestBoxSaysWhatIsEarly(t *testing.T) {
	e := newExchange(t)
	if from := e.early(); from != 0 || e.came {
		t.Errorf("without a request, what is before %d is too early", from)
	}
	e.asked = true
	if from := e.early(); from != 0 || e.came {
		t.Errorf("while any picture is wanted, what is before %d is too early", from)
	}
	e.from = 100
	if from := e.early(); from != 100 || !e.came {
		t.Errorf("what is before %d is too early, want 100; alive: %v", from, e.came)
	}
}

// A damaged picture is counted and explained; the next one is given.
func TestBoxDamage(t *testing.T) {
	e := newExchange(t)
	e.put(&offer{write: func(reserve) error { return damagedError{errors.New("it is torn")} }})
	if reply := string(e.ask(0, 0)); reply[0] != replyNothing || !strings.Contains(reply, "1 pictures could not be decoded, the last one: it is torn") {
		t.Errorf("%q", reply)
	}
	e.put(&offer{write: func(reserve reserve) error {
		_, err := reserve(Form{Width: 1 << 20, Height: 1 << 20})
		return err
	}})
	if reply := string(e.ask(0, 0)); !strings.Contains(reply, "2 pictures could not be decoded, the last one: invalid picture size 1048576x1048576") {
		t.Errorf("%q", reply)
	}
	e.grey(1, 4, 2, 3)
	if p := e.picture(0, 0); p.number != 3 {
		t.Errorf("%+v", p)
	}
	e.fail(errors.New("it is gone"))
	if reply := string(e.ask(3, 0)); reply != "l\x00it is gone" {
		t.Errorf("%q", reply)
	}
}

// What a child sends that was taken over is not believed.
func TestParsePicture(t *testing.T) {
	good := picture{Form: Form{Width: 5, Height: 3, Planes: true, Layout: yuv.I420, Matrix: yuv.BT709, Full: true}, number: 7, captured: 99, fps: 29.97}
	reply := make([]byte, pictureSize)
	if got, err := parsePicture(reply[:good.put(reply)], good.Bytes()); err != nil || got != good {
		t.Errorf("%+v, %v; want %+v", got, err, good)
	}
	if good.Bytes() != 5*3+2*3*2 {
		t.Errorf("%d bytes", good.Bytes())
	}
	for name, change := range map[string]func(){
		"layout": func() { reply[1] = 99 }, "matrix": func() { reply[2] = 77 }, "width": func() { reply[7] = 0x7f },
		"no height": func() { clear(reply[24:28]) }, "too large": func() { reply[4] = 6 },
	} {
		good.put(reply)
		change()
		if p, err := parsePicture(reply, good.Bytes()); !errors.Is(err, errInvalidReply) {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

// Pictures that are passed over are no sign of a working input while none of those that are asked for can be decoded.
func TestBoxOfDamagedPicturesIsNotEarly(t *testing.T) {
	e := newExchange(t)
	e.grey(1, 4, 2, 9)
	e.picture(0, 0)
	e.grey(5, 4, 2, 9)
	if reply := e.ask(1, 10); reply[0] != replyNothing || reply[1] != 1 {
		t.Errorf("%q, where a picture came too early", reply)
	}
	e.put(&offer{captured: 10, write: func(reserve) error { return damagedError{errors.New("no picture")} }})
	e.passOver()
	if reply := e.ask(1, 10); reply[0] != replyNothing || reply[1] != 0 || !strings.Contains(string(reply[2:]), "no picture") {
		t.Errorf("%q, where the picture that was wanted is damaged", reply)
	}
	e.grey(11, 4, 2, 9)
	if p := e.picture(1, 10); p.captured != 11 {
		t.Errorf("%+v, where a picture is good again", p)
	}
	e.grey(12, 4, 2, 9)
	if reply := e.ask(5, 20); reply[0] != replyNothing || reply[1] != 1 {
		t.Errorf("%q, where a picture came too early after good ones", reply)
	}
}
