package httpserver

import (
	"log/slog"
	"net"
	"strings"
	"testing"
)

// fake is a connection from an address.
type fake struct {
	net.Conn
	from   string
	closed int
}

func (f *fake) RemoteAddr() net.Addr {
	a, err := net.ResolveTCPAddr("tcp", f.from)
	if err != nil {
		panic(err)
	}
	return a
}

func (f *fake) Close() error { f.closed++; return nil }

func TestClients(t *testing.T) {
	for _, c := range []struct {
		a, b string
		same bool
	}{
		{"192.0.2.1:1", "192.0.2.1:2", true},
		{"192.0.2.1:1", "192.0.2.2:1", false},
		{"192.0.2.1:1", "[::ffff:192.0.2.1]:1", true},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::2]:9", true},
		{"[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false},
		{"[::1]:1", "[::2]:1", false},
	} {
		if got := client((&fake{from: c.a}).RemoteAddr()) == client((&fake{from: c.b}).RemoteAddr()); got != c.same {
			t.Errorf("%s and %s are the same client: %t; want %t", c.a, c.b, got, c.same)
		}
	}
	if client(&net.UnixAddr{}) != client(nil) {
		t.Error("addresses that are none are not the same")
	}
}

// admitted are connections of a book, in the order of their coming.
func admitted(t *testing.T, b *connTracker, from ...string) (fakes []*fake, conns []*conn) {
	t.Helper()
	for _, f := range from {
		k := &fake{from: f}
		c := b.admit(k)
		if c == nil {
			t.Fatalf("%s is not answered", f)
		}
		fakes, conns = append(fakes, k), append(conns, c)
	}
	return fakes, conns
}

func TestWhoIsClosedToMakeRoom(t *testing.T) {
	const a, b, c = "192.0.2.1:1", "192.0.2.2:1", "192.0.2.3:1"
	for name, step := range map[string]struct {
		from    []string
		busy    []int // of those
		next    string
		closed  int // of those; -1: none
		refused string
	}{
		"there is room":                     {[]string{a, a}, nil, b, -1, ""},
		"the one that waits longest":        {[]string{a, b, c, a, b}, nil, c, 0, ""},
		"not one at work":                   {[]string{a, b, c, a, b}, []int{0, 3}, c, 1, ""},
		"of who has most":                   {[]string{b, a, a, c, a}, nil, c, 1, ""},
		"one address only closes its own":   {[]string{b, a, a, a}, nil, a, 1, ""},
		"one address at work":               {[]string{b, a, a, a}, []int{1, 2, 3}, a, -1, "3 connections from your address"},
		"another address beside it":         {[]string{b, a, a, a}, []int{1, 2, 3}, c, -1, ""},
		"all at work":                       {[]string{a, b, c, a, b}, []int{0, 1, 2, 3, 4}, c, -1, "already 5 connections"},
		"none of another address is closed": {[]string{b, a, a, a, b}, []int{1, 2, 3}, a, -1, "from your address"},
	} {
		t.Run(name, func(t *testing.T) {
			book := newConnTracker(5, 3, slog.New(slog.DiscardHandler))
			fakes, conns := admitted(t, book, step.from...)
			for _, i := range step.busy {
				conns[i].work(1)
			}
			last := book.admit(&fake{from: step.next})
			for i, f := range fakes {
				if (f.closed > 0) != (i == step.closed) {
					t.Errorf("connection %d was closed %d times; want only %d closed", i, f.closed, step.closed)
				}
			}
			if last == nil || !strings.Contains(last.reason, step.refused) || (last.reason == "") != (step.refused == "") {
				t.Errorf("the next one is %+v; want it refused for %q", last, step.refused)
			}
			for _, c := range append(conns, last) {
				c.Close()
				c.Close() // makes no room for two
			}
			if st := book.stats(); st.Open != 0 || len(book.by) != 0 || len(book.conns) != 0 {
				t.Errorf("after all were closed: %+v, %v", st, book.by)
			}
		})
	}
}

func TestRefusalsAreBounded(t *testing.T) {
	book := newConnTracker(1, 1, slog.New(slog.DiscardHandler))
	_, first := admitted(t, book, "192.0.2.1:1")
	first[0].work(1)
	var refused []*conn
	for range maxRefusals {
		_, c := admitted(t, book, "192.0.2.2:1")
		refused = append(refused, c...)
	}
	next := book.admit(&fake{from: "192.0.2.3:1"})
	if next == nil || refused[0].Conn.(*fake).closed != 1 || len(book.conns) != 1+maxRefusals {
		t.Errorf("the oldest refused connection makes no room: %v, %d connections", next, len(book.conns))
	}
	for _, c := range append(refused[1:], next) {
		c.work(1)
	}
	if c := book.admit(&fake{from: "192.0.2.4:1"}); c != nil {
		t.Error("a connection is kept though all maxRefusals are under way")
	}
	if st := book.stats(); st.Open != 1 || st.Refused != maxRefusals+2 || st.Closed != 0 {
		t.Errorf("%+v", st)
	}
}

func TestTurningAwayIsLoggedOnce(t *testing.T) {
	var out strings.Builder
	book := newConnTracker(1, 1, slog.New(slog.NewTextHandler(&out, nil)))
	_, first := admitted(t, book, "192.0.2.1:1")
	first[0].work(1)
	for range 5 {
		book.admit(&fake{from: "192.0.2.2:1"})
	}
	if n := strings.Count(out.String(), "refusing clients"); n != 1 || !strings.Contains(out.String(), "192.0.2.2") {
		t.Errorf("it is logged %d times:\n%s", n, &out)
	}
}
