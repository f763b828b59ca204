package isolate

import (
	"fmt"
	"os"
	"slices"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// reapWait is how long a killed child is waited for. A process that the kernel does not let go (one that waits in a
// driver, uninterruptibly) ends later, and its Done is closed then.
const reapWait = time.Second

// spin is how long a Call looks for the reply before it sleeps, where the last one came as quickly: to be woken up
// takes longer. The replies of longer work are slept for from the beginning.
const spin = 30 * time.Microsecond

// Process is a running child. Its methods may be called by several goroutines.
type Process struct {
	name  string
	grace time.Duration
	proc  *os.Process
	pid   int

	confinement Confinement // does not change after Start
	heard       heard       // what the child says on standard error
	lines       *os.File    // the pipe that it says it into
	heardAll    chan struct{}

	// turn is held by the Call under way, and for ever once everything is given back. What follows is its.
	turn    chan struct{}
	number  uint32
	out, in envelope
	sent    time.Time // when the request under way was
	quick   bool      // the last reply came while it was worth to wait for it without sleeping
	watch   watch

	mu     sync.Mutex
	sock   int           // -1: closed. It is closed by who has the turn too, so the Call under way may use it without mu
	asked  bool          // to end
	killed bool          // by the parent
	hung   time.Duration // it was killed for that
	reason string        // why it was killed for something else

	death     *DeathError // set before done is closed
	done      chan struct{}
	closeOnce sync.Once
	closed    chan struct{} // everything is given back
}

func newProcess(o Options, sock int, lines *os.File) *Process {
	p := &Process{
		name: o.Name, grace: orDefault(o.StopGrace, defaultStopGrace), sock: sock, lines: lines,
		turn: make(chan struct{}, 1), heardAll: make(chan struct{}), done: make(chan struct{}), closed: make(chan struct{}),
	}
	if o.Logger != nil {
		p.heard.logger = o.Logger.With("process", o.Name)
	}
	p.watch.expired = func(after time.Duration) {
		p.mu.Lock()
		p.hung = after
		p.mu.Unlock()
		p.cut()
	}
	p.watch.cancelled = p.cut
	return p
}

// PID is the child's process number; after its death it may be another process's.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child is dead and the kernel has given its number back.
func (p *Process) Done() <-chan struct{} { return p.done }

// Confinement says what really holds the child.
func (p *Process) Confinement() Confinement {
	c := p.confinement
	c.Why = slices.Clone(c.Why)
	return c
}

// Err is why the child died, a *DeathError; nil while it lives and after an orderly Close.
func (p *Process) Err() error {
	select {
	case <-p.done:
		if p.death != nil {
			return p.death
		}
	default:
	}
	return nil
}

// Kill ends the child at once (SIGKILL) and does not wait. Close is still to be called.
func (p *Process) Kill() { p.killFor("") }

// cut kills the child, and ends a Call's waiting also where the child cannot die.
func (p *Process) cut() {
	p.Kill()
	p.shutdown(unix.SHUT_RDWR)
}

func (p *Process) shutdown(how int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sock >= 0 {
		_ = unix.Shutdown(p.sock, how) // fails only where the other end is gone
	}
}

// killFor kills the child for a reason that is not its own. It says whether it had been killed before.
func (p *Process) killFor(reason string) (before bool) {
	p.mu.Lock()
	before, p.killed = p.killed, true
	if !before {
		p.reason = reason
	}
	p.mu.Unlock()
	_ = p.proc.Kill() // fails only for a child that has ended
	return before
}

// Close asks the child to end, waits StopGrace for it, kills it if need be, and gives everything back. A Call under
// way may end first, within that time. It returns what Err does: nil if the child ended as asked. Twice is safe.
func (p *Process) Close() error {
	p.closeOnce.Do(func() {
		p.mu.Lock()
		p.asked = true
		grace := p.grace
		if p.killed {
			grace = reapWait
		}
		p.mu.Unlock()
		// The child's next receive says that there is nothing more; what it sends still arrives.
		p.shutdown(unix.SHUT_WR)
		if !p.await(grace) && !p.killFor(fmt.Sprintf("it did not end within %v when asked to", grace)) {
			p.await(reapWait)
		}
		p.release()
	})
	if p.await(0) {
		return p.Err()
	}
	return p.undead()
}

// release gives back what is the parent's. What the child has goes when it does.
func (p *Process) release() {
	p.watch.close()
	p.shutdown(unix.SHUT_RDWR) // ends the Call under way, if there is one
	p.turn <- struct{}{}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.Close(p.sock)
	p.sock = -1
	close(p.closed)
}

// await waits for the child's end, at most for d.
func (p *Process) await(d time.Duration) bool {
	select {
	case <-p.done:
		return true
	default:
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-p.done:
		return true
	case <-t.C:
		return false
	}
}

// tend waits for the child's end and finds out what it was. It runs on the thread that started the child.
func (p *Process) tend(proc *os.Process) {
	state, err := proc.Wait()
	// All that it wrote is in the pipe now. Only a process that it started itself can hold the pipe open.
	select {
	case <-p.heardAll:
	case <-time.After(reapWait):
	}
	_ = p.lines.Close()
	p.death = p.judge(state, err)
	close(p.done)
}

// judge makes the DeathError of a child that has ended; nil when it did what it was asked to.
func (p *Process) judge(state *os.ProcessState, err error) *DeathError {
	p.mu.Lock()
	defer p.mu.Unlock()
	d := &DeathError{Name: p.name, PID: p.pid, Hung: p.hung, Reason: p.reason}
	words := p.heard.end()
	d.LastWords = words.lines
	if d.Reason == "" {
		d.Reason = words.reason
	}
	if err != nil {
		d.Reason = fmt.Sprintf("how it ended is not known: %v", err)
		return d
	}
	status, _ := state.Sys().(syscall.WaitStatus)
	switch {
	case status.Signaled():
		d.Signal = status.Signal()
	case status.ExitStatus() == 0 && p.asked:
		return nil
	default:
		d.Code = status.ExitStatus()
		if d.Code == goCrash && words.signal != 0 {
			d.Signal, d.Code = words.signal, 0
		}
	}
	return d
}

// undead is the DeathError of a child that was killed and is not gone yet.
func (p *Process) undead() *DeathError {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &DeathError{Name: p.name, PID: p.pid, Hung: p.hung, Reason: p.reason, Signal: syscall.SIGKILL, Code: -1}
}
