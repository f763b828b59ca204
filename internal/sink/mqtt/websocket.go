package mqtt

import (
	"context"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/gorilla/websocket"
)

// maxWebMessage bounds a message of the WebSocket; the broker only sends answers and what is switched.
const maxWebMessage = 16 << 20

// dialWeb connects to a broker behind a WebSocket (MQTT 5.0, 6).
func (c *connection) dialWeb(ctx context.Context) (net.Conn, error) {
	d := websocket.Dialer{Subprotocols: []string{"mqtt"}, TLSClientConfig: c.tls}
	ws, answer, err := d.DialContext(ctx, c.web, nil)
	if err != nil {
		if answer != nil {
			return nil, fmt.Errorf("%v: the server answers %s; check the path in url, and that the broker listens for WebSockets there", err, answer.Status)
		}
		return nil, err
	}
	ws.SetReadLimit(maxWebMessage)
	return &webConn{Conn: ws}, nil
}

// webConn is a WebSocket as a stream: MQTT's packets need not begin and end with its messages.
type webConn struct {
	*websocket.Conn
	rest io.Reader // of the message that is being read
	out  []byte    // the beginning of a packet
}

func (w *webConn) Read(b []byte) (int, error) {
	for {
		if w.rest == nil {
			kind, r, err := w.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, fmt.Errorf("the broker sends text, which MQTT is not")
			}
			w.rest = r
		}
		n, err := w.rest.Read(b)
		if err == io.EOF {
			w.rest = nil
			if n == 0 {
				continue
			}
			err = nil
		}
		return n, err
	}
}

// Write sends whole packets, each in a message: the client writes a packet in several pieces, some of them empty, and
// Mosquitto 2.1.2 goes wrong on messages that are empty.
func (w *webConn) Write(b []byte) (int, error) {
	w.out = append(w.out, b...)
	for {
		n := packetSize(w.out)
		if n == 0 || n > len(w.out) {
			return len(b), nil
		}
		if err := w.WriteMessage(websocket.BinaryMessage, w.out[:n]); err != nil {
			return 0, err
		}
		w.out = w.out[n:]
		if len(w.out) == 0 {
			w.out = nil // a picture's memory is not kept
		}
	}
}

// packetSize is the length of the packet that begins there; 0: too little is there to say (MQTT 5.0, 2.1.4).
func packetSize(b []byte) int {
	size := 0
	for i := 1; i < len(b) && i < 5; i++ {
		size |= int(b[i]&0x7f) << (7 * (i - 1))
		if b[i] < 0x80 {
			return 1 + i + size
		}
	}
	return 0
}

func (w *webConn) SetDeadline(t time.Time) error {
	if err := w.SetReadDeadline(t); err != nil {
		return err
	}
	return w.SetWriteDeadline(t)
}
