package preview

import (
	"net"
	"sync"
)

// sendBuffer is what the kernel keeps of a connection that is slower than its pictures come, in bytes: about one
// picture. What lies there is sent before any newer one.
const sendBuffer = 128 << 10

// gate lets a number of clients in at once.
type gate chan struct{}

func newGate(n int) gate { return make(gate, n) }

// enter says whether there was room; who got in leaves.
func (g gate) enter() bool {
	select {
	case g <- struct{}{}:
		return true
	default:
		return false
	}
}

func (g gate) leave() { <-g }

// limited is a listener with at most so many connections at once: further ones wait until another is closed, which the
// server's time limits see to.
type limited struct {
	net.Listener
	room gate
	done chan struct{}
	once sync.Once
}

func newLimited(l net.Listener, n int) *limited {
	return &limited{Listener: l, room: newGate(n), done: make(chan struct{})}
}

// Accept waits for room and then for a connection.
func (l *limited) Accept() (net.Conn, error) {
	select {
	case l.room <- struct{}{}:
	case <-l.done:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		l.room.leave()
		return nil, err
	}
	if tcp, ok := c.(*net.TCPConn); ok {
		// A failure costs only freshness on slow connections.
		_ = tcp.SetWriteBuffer(sendBuffer)
	}
	return &limitedConn{Conn: c, leave: l.room.leave}, nil
}

// Close makes Accept return.
func (l *limited) Close() error {
	l.once.Do(func() { close(l.done) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	once  sync.Once
	leave func()
}

// Close closes the connection and makes room for another.
func (c *limitedConn) Close() error {
	defer c.once.Do(c.leave)
	return c.Conn.Close()
}
