package isolate

import (
	"encoding/binary"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// A message is one datagram: a header and its payload.
//
//	byte 0     kind
//	bytes 1-3  "iso"
//	bytes 4-7  number of the request, little endian; a reply has its request's
const headerSize = 8

type kind byte

const (
	kindSetup   kind = 's' // parent: the child's setup, JSON
	kindHello   kind = 'h' // child: ready to serve; its part of the Confinement, JSON
	kindRequest kind = 'q' // parent
	kindReply   kind = 'r' // child
)

type header [headerSize]byte

func (h *header) set(k kind, number uint32) {
	h[0], h[1], h[2], h[3] = byte(k), 'i', 's', 'o'
	binary.LittleEndian.PutUint32(h[4:], number)
}

// is reports whether this is the expected header.
func (h *header) is(k kind, number uint32) bool {
	var want header
	want.set(k, number)
	return *h == want
}

func (h *header) number() uint32 { return binary.LittleEndian.Uint32(h[4:]) }

// envelope is the memory needed to send or receive one message, kept to avoid allocations.
type envelope struct {
	header header
	parts  [2]unix.Iovec
	msg    unix.Msghdr
}

func (e *envelope) fill(payload, control []byte) {
	e.parts[0].Base = &e.header[0]
	e.parts[0].SetLen(headerSize)
	e.parts[1].Base = unsafe.SliceData(payload)
	e.parts[1].SetLen(len(payload))
	e.msg = unix.Msghdr{Iov: &e.parts[0], Control: unsafe.SliceData(control)}
	e.msg.SetIovlen(len(e.parts))
	e.msg.SetControllen(len(control))
}

// send sends the header and the payload; control is the result of unix.UnixRights.
func (e *envelope) send(fd int, payload, control []byte) error {
	e.fill(payload, control)
	for {
		// unsafe: sendmsg(2) takes the address of its msghdr. e.msg lives until the call returns.
		_, _, errno := syscall.Syscall(unix.SYS_SENDMSG, uintptr(fd), uintptr(unsafe.Pointer(&e.msg)), unix.MSG_NOSIGNAL)
		runtime.KeepAlive(e)
		if errno == 0 {
			return nil
		}
		if errno != syscall.EINTR {
			return errno
		}
	}
}

// receive waits for a message, or does not with MSG_DONTWAIT among the flags. n is the payload's real length, even if
// payload is too small for it. A message without a whole header leaves an invalid kind. end means that the other side
// will send no more.
func (e *envelope) receive(fd int, payload, control []byte, flags int) (n int, end bool, err error) {
	for {
		e.fill(payload, control)
		// unsafe: recvmsg(2) takes the address of its msghdr. e.msg lives until the call returns.
		got, _, errno := syscall.Syscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&e.msg)),
			uintptr(flags|unix.MSG_TRUNC|unix.MSG_CMSG_CLOEXEC))
		runtime.KeepAlive(e)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.ECONNRESET: // the other side is gone and left something unread
			return 0, true, nil
		case errno != 0:
			return 0, false, errno
		case got == 0: // messages are never empty
			return 0, true, nil
		case got < headerSize:
			e.header = header{} // it still has what the last message left
			return int(got) - headerSize, false, nil
		}
		return int(got) - headerSize, false, nil
	}
}
