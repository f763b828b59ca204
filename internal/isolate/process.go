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

// reapWait is how long a killed child is waited for. A process that the kernel cannot end yet (it waits uninterruptibly
// in a driver) ends later, and its Done is closed then.
const reapWait = time.Second

// spin is how long a Call polls for the reply before it sleeps, if the last reply came that quickly: waking up takes
// longer. For slower replies it sleeps at once.
const spin = 30 * time.Microsecond

// Process is a running child. Its methods may be called concurrently.
type Process struct {
	name  string
	grace time.Duration
	proc  *os.Process
	pid   int

	confinement Confinement // constant after Start
	heard       heard       // the child's output
	lines       *os.File    // the read end of the output pipe
	heardAll    chan struct{}

	// turn is held by the Call that runs, and for ever once everything is closed. It guards the following fields.
	turn    chan struct{}
	number  uint32
	out, in envelope
	sent    time.Time // when the current request was sent
	quick   bool      // the last reply came soon enough to poll for the next
	watch   watch

	mu     sync.Mutex
	sock   int           // -1: closed. Closing needs turn too, so the running Call may use it without mu
	asked  bool          // Close has asked it to end
	killed bool          // by the parent
	hung   time.Duration // how long it had not answered, if it was killed for that
	reason string        // why it was killed otherwise

	death     *DeathError // set before done is closed
	done      chan struct{}
	closeOnce sync.Once
	closed    chan struct{} // everything is closed
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

// PID is the child's process id; after its death another process may have it.
func (p *Process) PID() int { return p.pid }

// Done is closed when the child is dead and the kernel has freed its process id.
func (p *Process) Done() <-chan struct{} { return p.done }

// Confinement is what really confines the child.
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

// Kill kills the child (SIGKILL) and does not wait. Close must still be called.
func (p *Process) Kill() { p.killFor("") }

// cut kills the child, and ends a Call's wait even if the child cannot die.
func (p *Process) cut() {
	p.Kill()
	p.shutdown(unix.SHUT_RDWR)
}

func (p *Process) shutdown(how int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.sock >= 0 {
		_ = unix.Shutdown(p.sock, how) // fails only if the other end is gone
	}
}

// killFor kills the child for a reason of the parent's. It reports whether it had been killed before.
func (p *Process) killFor(reason string) (before bool) {
	p.mu.Lock()
	before, p.killed = p.killed, true
	if !before {
		p.reason = reason
	}
	p.mu.Unlock()
	_ = p.proc.Kill() // fails only if the child has ended
	return before
}

// Close asks the child to end, waits StopGrace for it, kills it if necessary, and frees everything. A running Call may
// finish first, within that time. It returns the same as Err: nil if the child ended as asked. Close twice is safe.
func (p *Process) Close() error {
	p.closeOnce.Do(func() {
		p.mu.Lock()
		p.asked = true
		grace := p.grace
		if p.killed {
			grace = reapWait
		}
		p.mu.Unlock()
		// The child's next receive reports the end; what it sends still arrives.
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

// release frees the parent's resources. The child's go with it.
func (p *Process) release() {
	p.watch.close()
	p.shutdown(unix.SHUT_RDWR) // ends the running Call, if any
	p.turn <- struct{}{}
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = unix.Close(p.sock)
	p.sock = -1
	close(p.closed)
}

// await waits up to d for the child's end.
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

// tend waits for the child's end and finds out its cause. It runs on the thread that started the child.
func (p *Process) tend(proc *os.Process) {
	state, err := proc.Wait()
	// All its output is in the pipe now. Only a process that it started could still hold the pipe open.
	select {
	case <-p.heardAll:
	case <-time.After(reapWait):
	}
	_ = p.lines.Close()
	p.death = p.judge(state, err)
	close(p.done)
}

// judge makes the DeathError of a child that has ended; nil if it ended as asked.
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

// undead is the DeathError of a child that was killed and has not ended yet.
func (p *Process) undead() *DeathError {
	p.mu.Lock()
	defer p.mu.Unlock()
	return &DeathError{Name: p.name, PID: p.pid, Hung: p.hung, Reason: p.reason, Signal: syscall.SIGKILL, Code: -1}
}
