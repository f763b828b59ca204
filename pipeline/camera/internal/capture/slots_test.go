package capture

import (
	"encoding/binary"
	"testing"

	"corallite/internal/isolate"
)

// TestBoardAsksForRoom lets the reader be at its next picture whenever a request comes, as on one processor: the parent
// is still told how much room the pictures need, and gets one when it has made it.
func TestBoardAsksForRoom(t *testing.T) {
	b, reply := newFrameSlots(), make([]byte, isolate.MaxMessage)
	picture := func(value byte) {
		t.Helper()
		pixels, err := b.reserve(4, 2)
		if err != nil {
			t.Fatal(err)
		}
		pixels[0] = value
	}
	for i := range 3 {
		picture(byte(i))
		b.commit(1, 25)
	}
	picture(3) // what was committed is being overwritten
	request := make([]byte, requestSize)
	n, err := b.answer(request, nil, reply)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := parseRoom(reply[:n])
	if err != nil || bytes != 4*2*3 {
		t.Fatalf("%q: room for %d bytes (%v), not for %d", reply[:n], bytes, err, 4*2*3)
	}
	memory, err := isolate.NewMemory(slots * bytes)
	if err != nil {
		t.Fatal(err)
	}
	b.commit(1, 25)
	picture(4) // the fourth lies in the spare memory, the fifth is written beside it
	b.commit(2, 25)
	if n, err = b.answer(request, []*isolate.Memory{memory}, reply); err != nil {
		t.Fatal(err)
	}
	p, err := parsePicture(reply[:n], bytes)
	if err != nil || p.number != 5 || memory.Bytes()[p.slot*bytes] != 4 {
		t.Errorf("%+v (%v), not the fifth picture", p, err)
	}
	binary.LittleEndian.PutUint64(request, p.number)
	if n, err = b.answer(request, nil, reply); err != nil || reply[0] != replyNothing {
		t.Errorf("%q (%v), where there is nothing new", reply[:n], err)
	}
	if err := memory.Close(); err != nil {
		t.Error(err)
	}
}
