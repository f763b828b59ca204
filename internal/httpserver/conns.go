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

// refusals is how many connections beyond the bound are kept for as long as it takes to tell their clients so.
const refusals = 16

// warnEvery is how often it is logged that clients are turned away.
const warnEvery = time.Minute

// Stats are counts of connections.
type Stats struct {
	Open    int    // now
	Closed  uint64 // that waited for a request and were closed to make room
	Refused uint64 // for which there was no room
}

// conn is a connection in a book.
type conn struct {
	net.Conn
	book   *book
	from   netip.Prefix
	reason string // why it is refused; "": it is not

	// The book's mutex guards these.
	busy  int    // requests that are being answered; HTTP/2 has several
	since uint64 // a number that is higher the later it began to wait
	gone  bool
}

// book knows the open connections.
type book struct {
	most, perAddress int
	log              *slog.Logger

	mu      sync.Mutex
	conns   map[*conn]struct{}
	by      map[netip.Prefix]int // connections that are not refused
	open    int                  // the same in total
	turn    uint64
	counted Stats
	warned  time.Time
}

func newBook(most, perAddress int, log *slog.Logger) *book {
	return &book{most: most, perAddress: perAddress, log: log, conns: map[*conn]struct{}{}, by: map[netip.Prefix]int{}}
}

// client is what counts as one client: an IPv4 address, or the /64 of an IPv6 address.
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

// admit takes a connection. When there is no room, it closes the one that has waited longest for a request; when all are
// at work the new one is refused: it is answered with the reason. It gives nil for one that is not even answered.
func (b *book) admit(c net.Conn) *conn {
	k := &conn{Conn: c, book: b, from: client(c.RemoteAddr())}
	b.mu.Lock()
	victim := b.place(k)
	kept := k.reason == "" || b.refusedNow() < refusals
	if kept {
		b.turn++
		k.since = b.turn
		b.conns[k] = struct{}{}
		if k.reason == "" {
			b.open++
			b.by[k.from]++
		}
	}
	b.mu.Unlock()
	if victim != nil {
		victim.Conn.Close()
	}
	if !kept {
		return nil
	}
	return k
}

// place makes room for a connection or says in it why there is none. It returns the connection to close, if any.
func (b *book) place(k *conn) (victim *conn) {
	switch {
	case b.by[k.from] >= b.perAddress && b.perAddress < b.most: // else the total says it
		if victim = b.waiting(func(c *conn) bool { return c.reason == "" && c.from == k.from }); victim == nil {
			k.reason = fmt.Sprintf("There are %d connections from your address already, as many as one address may have.", b.by[k.from])
		}
	case b.open >= b.most:
		if victim = b.waiting(func(c *conn) bool { return c.reason == "" }); victim == nil {
			k.reason = fmt.Sprintf("There are %d connections already, as many as the server takes.", b.open)
		}
	}
	if k.reason != "" {
		b.counted.Refused++
		b.warn(k)
		if b.refusedNow() >= refusals {
			victim = b.waiting(func(c *conn) bool { return c.reason != "" })
		}
	}
	if victim != nil {
		if victim.reason == "" {
			b.counted.Closed++
		}
		b.drop(victim)
	}
	return victim
}

// waiting is the connection among those on which no request is being answered that has waited longest; of clients with
// several connections, one of those with the most.
func (b *book) waiting(of func(*conn) bool) (longest *conn) {
	for c := range b.conns {
		if c.busy > 0 || !of(c) {
			continue
		}
		if longest == nil || b.by[c.from] > b.by[longest.from] || b.by[c.from] == b.by[longest.from] && c.since < longest.since {
			longest = c
		}
	}
	return longest
}

func (b *book) refusedNow() int { return len(b.conns) - b.open }

// drop takes a connection out; twice is safe.
func (b *book) drop(c *conn) {
	if c.gone {
		return
	}
	c.gone = true
	delete(b.conns, c)
	if c.reason != "" {
		return
	}
	b.open--
	if b.by[c.from]--; b.by[c.from] == 0 {
		delete(b.by, c.from)
	}
}

// warn logs that clients are turned away, now and then.
func (b *book) warn(k *conn) {
	if now := time.Now(); now.Sub(b.warned) >= warnEvery {
		b.warned = now
		b.log.Warn("too many connections: clients are turned away", "from", k.from.Addr().String(), "open", b.open, "refused_so_far", b.counted.Refused)
	}
}

func (b *book) stats() Stats {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.counted
	s.Open = b.open
	return s
}

// work notes that a request on the connection begins (1) or has been answered (-1).
func (c *conn) work(by int) {
	b := c.book
	b.mu.Lock()
	defer b.mu.Unlock()
	b.turn++
	c.since = b.turn
	c.busy += by
}

// Close closes the connection and makes room for another.
func (c *conn) Close() error {
	c.book.mu.Lock()
	c.book.drop(c)
	c.book.mu.Unlock()
	return c.Conn.Close()
}

// listener gives connections that its book has admitted.
type listener struct {
	net.Listener
	book       *book
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
			// A failure costs only freshness on slow connections.
			_ = tcp.SetWriteBuffer(l.sendBuffer)
		}
		if k := l.book.admit(c); k != nil {
			return k, nil
		}
		c.Close()
	}
}

type connKey struct{}

// withConn puts a connection into the context of its requests.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

// connOf is the connection of a request; nil when it came by no listener of this package.
func connOf(ctx context.Context) *conn {
	c, _ := ctx.Value(connKey{}).(*conn)
	return c
}
