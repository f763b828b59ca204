package camera

import "sync"

// gate lets jobs through in order, while what they need together is within a limit. One job alone may need more.
type gate struct {
	mu     sync.Mutex
	change *sync.Cond
	limit  int64
	used   int64
	next   int // the job whose turn it is
	closed bool
}

func (g *gate) init(limit int64) {
	g.limit = limit
	g.change = sync.NewCond(&g.mu)
}

// enter waits for the turn of a job and for what it needs, which leave gives back. Every job must enter, also one that needs
// nothing, since the jobs after it wait for it. It returns false when the gate was closed.
func (g *gate) enter(job int, need int64) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for !g.closed && (g.next != job || g.used > 0 && need > 0 && g.used+need > g.limit) {
		g.change.Wait()
	}
	if g.closed {
		return false
	}
	g.next++
	g.used += need
	g.change.Broadcast()
	return true
}

func (g *gate) leave(need int64) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.used -= need
	g.change.Broadcast()
}

func (g *gate) close() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed = true
	g.change.Broadcast()
}
