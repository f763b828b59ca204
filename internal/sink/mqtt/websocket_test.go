package mqtt

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// TestWebSocket has a broker behind a WebSocket, which goes and comes back; large messages pass.
func TestWebSocket(t *testing.T) {
	r := newRig(t)
	r.broker.web = true
	r.config.URL = "ws://" + r.broker.address
	r.broker.start()
	s := r.open()
	r.broker.is("corallite/status", "online")
	large := strings.Repeat("x", 300_000)
	r.link.send("corallite/x/events", []byte("a"), nil)
	r.link.send("corallite/x/events", []byte(large), nil)
	if !waitFor(func() bool { return len(r.broker.of("corallite/x/events")) == 2 }) || r.broker.of("corallite/x/events")[1] != large {
		t.Error("the events do not come")
	}
	r.broker.stop()
	if !waitFor(func() bool { return !r.link.connected() }) {
		t.Fatal("the connection's end is not noticed")
	}
	r.link.send("corallite/x/events", []byte("b"), nil)
	r.broker.start()
	r.broker.is("corallite/x/events", "b")
	r.broker.is("corallite/front_door/source", "ON")
	if !waitFor(func() bool { // messages come as well
		r.broker.publish("corallite/front_door/detect/set", "OFF")
		return !r.env.Control.On()
	}) {
		t.Error("it is not switched off")
	}
	r.close(s)
	if got := unrepeated(r.broker.of("corallite/x/events")); !reflect.DeepEqual(got, []string{"b"}) {
		t.Errorf("%q", got)
	}
}

// TestWebSocketPackets holds the messages against the packets that were written in pieces of any size.
func TestWebSocketPackets(t *testing.T) {
	var packets [][]byte
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 70000} {
		p := []byte{0x30}
		for rest := n; ; {
			b := byte(rest % 128)
			if rest /= 128; rest > 0 {
				p = append(p, b|0x80)
				continue
			}
			p = append(p, b)
			break
		}
		packets = append(packets, append(p, make([]byte, n)...))
	}
	got := make(chan []byte, len(packets)+1)
	up := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer c.Close()
		for {
			_, m, err := c.ReadMessage()
			if err != nil {
				return
			}
			got <- m
		}
	}))
	defer server.Close()
	c := connection{web: "ws" + strings.TrimPrefix(server.URL, "http")}
	for _, piece := range []int{1, 3, 1000, 1 << 20} {
		conn, err := c.dialWeb(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for all := slices.Concat(packets...); len(all) > 0; {
			n := min(piece, len(all))
			if m, err := conn.Write(all[:n]); m != n || err != nil {
				t.Fatal(m, err)
			}
			all = all[n:]
		}
		for i, want := range packets {
			if m := <-got; !slices.Equal(m, want) {
				t.Fatalf("in pieces of %d: message %d has %d bytes, want %d", piece, i, len(m), len(want))
			}
		}
		conn.Close()
	}
}

// TestBadWebSockets has servers that are no brokers: each is named, and tried again.
func TestBadWebSockets(t *testing.T) {
	up := websocket.Upgrader{Subprotocols: []string{"mqtt"}}
	speak := func(f func(c *websocket.Conn)) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			c, err := up.Upgrade(w, r, nil)
			if err != nil {
				return
			}
			defer c.Close()
			c.ReadMessage() // CONNECT
			f(c)
			c.ReadMessage() // until the client has read it
		}
	}
	for name, c := range map[string]struct {
		serve http.HandlerFunc
		want  string
	}{
		"another path": {http.NotFound, "404 Not Found; check the path in url"},
		"text":         {speak(func(c *websocket.Conn) { c.WriteMessage(websocket.TextMessage, []byte{0x20, 3, 0, 0, 0}) }), "no connection"},
		"old":          {speak(func(c *websocket.Conn) { c.WriteMessage(websocket.BinaryMessage, []byte{0x20, 2, 0, 1}) }), "does not speak MQTT 5"},
		"one by one": {speak(func(c *websocket.Conn) {
			for _, b := range []byte{0x20, 2, 0, 1} {
				c.WriteMessage(websocket.BinaryMessage, []byte{b})
			}
		}), "does not speak MQTT 5"},
		"large": {speak(func(c *websocket.Conn) { c.WriteMessage(websocket.BinaryMessage, make([]byte, maxWebMessage+1)) }), "no connection"},
	} {
		server := httptest.NewServer(c.serve)
		r := newRig(t)
		r.config.URL = "ws" + strings.TrimPrefix(server.URL, "http")
		s := r.open()
		if !waitFor(func() bool { return strings.Contains(r.log.String(), c.want) }) {
			t.Errorf("%s: %s", name, r.log.String())
		}
		r.close(s)
		server.Close()
	}
}
