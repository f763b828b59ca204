package isolate

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// longAnswer is the minimum duration of an answer that is worth a yield.
const longAnswer = 500 * time.Microsecond

// Serve tells the parent that the child is ready, and answers its requests one at a time until the parent closes the
// Process; then it returns nil. answer writes into reply, which has MaxMessage bytes, and returns the length. request
// and reply are reused for the next request; answer must close the memories in shared. An error of answer ends Serve
// with it.
//
// It blocks in the kernel, on its own thread: one wake-up per request.
func (c *Child) Serve(answer func(request []byte, shared []*Memory, reply []byte) (n int, err error)) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var in, out envelope
	if err := c.greet(&out); err != nil {
		return err
	}
	request, reply := make([]byte, MaxMessage), make([]byte, MaxMessage)
	control := make([]byte, unix.CmsgSpace(MaxSend*4)) // 4: a descriptor is a C int
	for {
		n, end, err := in.receive(childSocket, request, control, 0)
		switch {
		case err != nil:
			return os.NewSyscallError("recvmsg", err)
		case end:
			return nil
		case n > len(request) || !in.header.is(kindRequest, in.header.number()):
			return fmt.Errorf("the parent sent %d bytes that are no request", n+headerSize)
		}
		shared, err := in.shared(control)
		if err != nil {
			return err
		}
		began := time.Now()
		if n, err = answer(request[:n], shared, reply); err != nil {
			return err
		}
		long := time.Since(began) > longAnswer
		if n < 0 || n > len(reply) {
			return fmt.Errorf("an answer of %d bytes; 0 to %d are possible", n, len(reply))
		}
		out.header.set(kindReply, in.header.number())
		switch err := out.send(childSocket, reply[:n], nil); err {
		case nil:
		case unix.EPIPE, unix.ECONNRESET:
			return nil
		default:
			return os.NewSyscallError("sendmsg", err)
		}
		if long { // after a short one the next request comes before this pays off
			yield()
		}
	}
}

func (c *Child) greet(out *envelope) error {
	if c.greeted {
		return errors.New("Serve was called twice")
	}
	c.greeted = true
	hello, err := json.Marshal(c.confinement)
	if err != nil {
		return err
	}
	out.header.set(kindHello, 0)
	return os.NewSyscallError("sendmsg", out.send(childSocket, hello, nil))
}

// shared are the memories that came with the last message.
func (e *envelope) shared(control []byte) ([]*Memory, error) {
	if e.msg.Controllen == 0 {
		return nil, nil
	}
	messages, err := unix.ParseSocketControlMessage(control[:e.msg.Controllen])
	if err != nil {
		return nil, os.NewSyscallError("recvmsg", err)
	}
	var all []*Memory
	for i := range messages {
		fds, err := unix.ParseUnixRights(&messages[i])
		if err != nil {
			return nil, os.NewSyscallError("recvmsg", err)
		}
		for _, fd := range fds {
			m, err := receivedMemory(fd)
			if err != nil {
				return nil, err
			}
			all = append(all, m)
		}
	}
	if e.msg.Flags&unix.MSG_CTRUNC != 0 {
		return nil, errors.New("the parent's shared memories did not all arrive: this process may open no more files")
	}
	return all, nil
}
