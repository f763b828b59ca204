package doods

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"corallite/internal/httpserver"
	"corallite/internal/panicerr"
	"corallite/internal/serve/hub"
)

const (
	maxSockets   = 32 // at a time
	maxAnswering = 4  // requests of a socket at a time
	socketIdle   = 2 * time.Minute
	socketPing   = 30 * time.Second
	socketWrite  = 10 * time.Second
)

// socket answers the requests of a WebSocket, several at a time: their answers have their id.
func (s *server) socket(w http.ResponseWriter, r *http.Request) {
	select {
	case s.sockets <- struct{}{}:
		defer func() { <-s.sockets }()
	default:
		httpserver.Unavailable(w, "There are already as many WebSockets as possible.")
		return
	}
	stream := s.streams.Stream(w, r)
	defer stream.Close()
	upgrader := websocket.Upgrader{HandshakeTimeout: socketWrite} // pages of other sites are refused
	conn, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		return // it has answered
	}
	c := &socketConn{s: s, conn: conn}
	c.ctx, c.cancel = context.WithCancel(stream.Context())
	defer c.cancel()
	defer context.AfterFunc(c.ctx, func() { conn.Close() })()
	conn.SetReadLimit(s.h.MaxBody())
	c.alive()
	conn.SetPongHandler(func(string) error { c.alive(); return nil })
	var all sync.WaitGroup
	defer all.Wait()
	defer c.cancel()
	all.Go(c.ping)
	places := make(chan struct{}, maxAnswering)
	for {
		_, message, err := conn.NextReader()
		if err != nil {
			return
		}
		c.alive()
		select {
		case places <- struct{}{}:
		case <-c.ctx.Done():
			return
		}
		j, err := s.h.Begin(c.ctx)
		if err != nil {
			<-places
			c.send(asError("", err)) // what is left of the message is passed over
			continue
		}
		text, err := j.Read(message, -1)
		if err != nil {
			j.End()
			<-places
			c.send(asError("", err))
			return
		}
		all.Go(func() {
			defer func() { <-places }()
			defer j.End()
			c.send(c.answer(j, text))
		})
	}
}

type socketConn struct {
	s      *server
	conn   *websocket.Conn
	ctx    context.Context
	cancel context.CancelFunc
	mu     sync.Mutex // held while writing
}

// alive gives the client time to say something, or to answer a ping.
func (c *socketConn) alive() { _ = c.conn.SetReadDeadline(time.Now().Add(socketIdle)) }

func (c *socketConn) ping() {
	t := time.NewTicker(socketPing)
	defer t.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-t.C:
			if c.conn.WriteControl(websocket.PingMessage, nil, time.Now().Add(socketWrite)) != nil {
				c.cancel()
				return
			}
		}
	}
}

func (c *socketConn) answer(j *hub.Job, text []byte) Response {
	var id struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(text, &id) // parse says what is wrong with it
	reply, err := func() (reply Response, err error) {
		defer panicerr.Recover(&err, "/detect")
		q, data, err := parse(text)
		if err != nil {
			return reply, err
		}
		return c.s.reply(j, q, data)
	}()
	if err != nil {
		return asError(id.ID, err)
	}
	return reply
}

func (c *socketConn) send(r Response) {
	text, err := json.Marshal(r)
	if err != nil {
		text, _ = json.Marshal(asError(r.ID, err))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_ = c.conn.SetWriteDeadline(time.Now().Add(socketWrite))
	if c.conn.WriteMessage(websocket.TextMessage, text) != nil {
		c.cancel()
	}
}
