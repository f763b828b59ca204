package httpserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"
)

// maxRefusals is the number of connections beyond the limit that are kept open to send the refusal.
const maxRefusals = 16

// warnInterval limits the rate of the warning about refused clients.
const warnInterval = time.Minute

// Stats counts connections.
type Stats struct {
	Open    int    // currently open
	Closed  uint64 // idle ones that were closed to make room
	Refused uint64 // ones for which there was no room
}

// conn is a tracked connection.
type conn struct {
	net.Conn
	tracker *connTracker
	from    netip.Prefix
	reason  string // why it is refused; "": admitted

	// Guarded by the tracker's mutex.
	busy  int    // requests in progress; HTTP/2 has several
	since uint64 // grows with the time at which it became idle
	gone  bool
}

// connTracker limits the open connections.
type connTracker struct {
	most, perAddress int
	log              *slog.Logger

	mu      sync.Mutex
	conns   map[*conn]struct{}
	by      map[netip.Prefix]int // admitted connections
	open    int                  // the same in total
	turn    uint64
	counted Stats
	warned  time.Time
}

func newConnTracker(most, perAddress int, log *slog.Logger) *connTracker {
	return &connTracker{most: most, perAddress: perAddress, log: log, conns: map[*conn]struct{}{}, by: map[netip.Prefix]int{}}
}

// client identifies a client: an IPv4 address, or the /64 network of an IPv6 address.
func client(a net.Addr) netip.Prefix {
	tcp, ok := a.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() && !addr.IsLoopback() {
		bits = 64
	}
	p, err := addr.Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return p
}

// admit tracks a new connection. At the limit it closes the one that has been idle longest; if all are busy, the new one
// is refused and gets a response with the reason. It returns nil if it does not even get that.
func (t *connTracker) admit(c net.Conn) *conn {
	k := &conn{Conn: c, tracker: t, from: client(c.RemoteAddr())}
	t.mu.Lock()
	victim := t.place(k)
	kept := k.reason == "" || t.refusedNow() < maxRefusals
	if kept {
		t.turn++
		k.since = t.turn
		t.conns[k] = struct{}{}
		if k.reason == "" {
			t.open++
			t.by[k.from]++
		}
	}
	t.mu.Unlock()
	if victim != nil {
		victim.Conn.Close()
	}
	if !kept {
		return nil
	}
	return k
}

// place makes room for a connection or sets its reason for refusal. It returns the connection to close, if any.
func (t *connTracker) place(k *conn) (victim *conn) {
	switch {
	case t.by[k.from] >= t.perAddress && t.perAddress < t.most: // otherwise the total applies
		if victim = t.waiting(func(c *conn) bool { return c.reason == "" && c.from == k.from }); victim == nil {
			k.reason = fmt.Sprintf("There are already %d connections from your address, the maximum.", t.by[k.from])
		}
	case t.open >= t.most:
		if victim = t.waiting(func(c *conn) bool { return c.reason == "" }); victim == nil {
			k.reason = fmt.Sprintf("There are already %d connections, the maximum.", t.open)
		}
	}
	if k.reason != "" {
		t.counted.Refused++
		t.warn(k)
		if t.refusedNow() >= maxRefusals {
			victim = t.waiting(func(c *conn) bool { return c.reason != "" })
		}
	}
	if victim != nil {
		if victim.reason == "" {
			t.counted.Closed++
		}
		t.drop(victim)
	}
	return victim
}

// waiting returns the connection that has been idle longest, among those of the client with the most connections; nil if
// all are busy.
func (t *connTracker) waiting(of func(*conn) bool) (longest *conn) {
	for c := range t.conns {
		if c.busy > 0 || !of(c) {
			continue
		}
		if longest == nil || t.by[c.from] > t.by[longest.from] || t.by[c.from] == t.by[longest.from] && c.since < longest.since {
			longest = c
		}
	}
	return longest
}

func (t *connTracker) refusedNow() int { return len(t.conns) - t.open }

// drop stops tracking a connection; calling it twice is safe.
func (t *connTracker) drop(c *conn) {
	if c.gone {
		return
	}
	c.gone = true
	delete(t.conns, c)
	if c.reason != "" {
		return
	}
	t.open--
	if t.by[c.from]--; t.by[c.from] == 0 {
		delete(t.by, c.from)
	}
}

// warn logs refused clients, at a limited rate.
func (t *connTracker) warn(k *conn) {
	if now := time.Now(); now.Sub(t.warned) >= warnInterval {
		t.warned = now
		t.log.Warn("too many connections: refusing clients", "from", k.from.Addr().String(), "open", t.open, "refused_so_far", t.counted.Refused)
	}
}

func (t *connTracker) stats() Stats {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.counted
	s.Open = t.open
	return s
}

// work records that a request begins (1) or ends (-1).
func (c *conn) work(by int) {
	t := c.tracker
	t.mu.Lock()
	defer t.mu.Unlock()
	t.turn++
	c.since = t.turn
	c.busy += by
}

// Close closes the connection and stops tracking it.
func (c *conn) Close() error {
	c.tracker.mu.Lock()
	c.tracker.drop(c)
	c.tracker.mu.Unlock()
	return c.Conn.Close()
}

// listener accepts the connections that its tracker admits.
type listener struct {
	net.Listener
	tracker    *connTracker
	sendBuffer int
}

// Accept waits for a connection.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if tcp, ok := c.(*net.TCPConn); ok && l.sendBuffer > 0 {
			// Failing only makes slow connections less up to date.
			_ = tcp.SetWriteBuffer(l.sendBuffer)
		}
		if k := l.tracker.admit(c); k != nil {
			return k, nil
		}
		c.Close()
	}
}

type connKey struct{}

// withConn stores a connection in the context of its requests.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf returns the connection of a request; nil if it did not come from a listener of this package.
func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}
