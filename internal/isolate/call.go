package isolate

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

// Call sends a request, waits for its reply and returns the reply's length. Both have at most MaxMessage bytes. Calls
// run one at a time; others wait. It does not allocate if ctx is the same as in the last Call (or never ends) and no
// Memory is sent.
//
// When the child dies, or is killed because o.Deadline passed, Call returns a *DeathError. When ctx ends while the
// child has the request, the child is killed, because C code cannot be interrupted otherwise, and Call returns ctx's
// error. In both cases the child is gone when Call returns and no longer writes to any Memory; except that a child
// which the kernel cannot end is waited for only a few seconds.
//
// After any other error the child is unchanged.
func (p *Process) Call(ctx context.Context, request, reply []byte, o CallOptions) (int, error) {
	if len(request) > MaxMessage {
		return 0, fmt.Errorf("%s: a request of %d bytes; at most %d go", p.name, len(request), MaxMessage)
	}
	if err := p.acquire(ctx); err != nil {
		return 0, err
	}
	defer func() { <-p.turn }()
	var control []byte
	if len(o.Send) > 0 {
		var err error
		if control, err = rights(o.Send); err != nil {
			return 0, fmt.Errorf("%s: %w", p.name, err)
		}
	}
	if err := p.watch.begin(ctx, o.Deadline); err != nil {
		return 0, err
	}
	p.number++
	n, err := p.exchange(kindRequest, kindReply, p.number, request, control, reply)
	// A reply that came while the child was being killed does not count: the caller must learn that it is gone.
	cut, cancelled := p.watch.finish()
	if cut || err == errGone {
		err = p.gone()
	}
	if cancelled != nil {
		err = cancelled
	}
	if err != nil {
		return 0, err
	}
	return n, nil
}

// acquire waits until no other Call runs.
func (p *Process) acquire(ctx context.Context) error {
	select {
	case p.turn <- struct{}{}:
		return nil
	default:
	}
	select {
	case p.turn <- struct{}{}:
		return nil
	case <-p.closed:
		return p.gone()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// exchange sends a message and receives its answer; errGone means that the child has ended.
func (p *Process) exchange(sent, wanted kind, number uint32, request, control, reply []byte) (int, error) {
	p.out.header.set(sent, number)
	switch err := p.out.send(p.sock, request, control); err {
	case nil:
	case unix.EPIPE, unix.ECONNRESET:
		return 0, errGone
	default:
		return 0, fmt.Errorf("%s: %w", p.name, os.NewSyscallError("sendmsg", err))
	}
	p.sent = time.Now()
	if !p.quick {
		yield()
	}
	n, end, err := p.receive(reply)
	p.quick = time.Since(p.sent) < 2*spin
	switch {
	case err != nil:
		p.killFor(fmt.Sprintf("its reply cannot be received: %v", err))
		return 0, errGone
	case end:
		return 0, errGone
	case !p.in.header.is(wanted, number) || n > MaxMessage:
		p.killFor(fmt.Sprintf("it sent %d bytes that are no reply", n+headerSize))
		return 0, errGone
	case n > len(reply):
		return 0, fmt.Errorf("%s: its reply has %d bytes; room was made for %d", p.name, n, len(reply))
	}
	return n, nil
}

// yield goes between a send and a long wait. A goroutine that only makes long system calls loses its Go scheduler slot
// in each, and gets it back through a wake-up of another thread, just before its next send; the kernel then wakes the
// receiver on a sleeping processor, about 20 µs later. Passing through the scheduler keeps the slot.
func yield() { runtime.Gosched() }

// receive blocks in the kernel, on this thread, which wakes up sooner than a goroutine waiting for the netpoller.
func (p *Process) receive(reply []byte) (n int, end bool, err error) {
	for p.quick && time.Since(p.sent) < spin {
		if n, end, err = p.in.receive(p.sock, reply, nil, unix.MSG_DONTWAIT); err != unix.EAGAIN {
			return n, end, err
		}
	}
	return p.in.receive(p.sock, reply, nil, 0)
}

// gone waits for the end of a child that was killed or no longer answers, and returns why it ended.
func (p *Process) gone() error {
	if !p.await(reapWait) && (p.killFor("it closed its end of the line") || !p.await(reapWait)) {
		return p.undead()
	}
	if err := p.Err(); err != nil {
		return err
	}
	return fmt.Errorf("%s: %w", p.name, ErrClosed)
}
