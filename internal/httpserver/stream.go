package httpserver

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Stream is an endless response, for one goroutine at a time.
type Stream struct {
	w      http.ResponseWriter
	out    *http.ResponseController
	limit  time.Duration
	ctx    context.Context
	cancel context.CancelFunc
	detach func() bool
}

// Stream begins a response that lasts until the client disconnects or the server is closed. Headers are set before; the
// first Send transmits them, even if it writes nothing. The handler closes the stream before it returns.
func (s *Server) Stream(w http.ResponseWriter, r *http.Request) *Stream {
	st := &Stream{w: w, out: http.NewResponseController(w), limit: s.limits.Write}
	st.ctx, st.cancel = context.WithCancel(r.Context())
	st.detach = context.AfterFunc(s.ending, st.cancel)
	return st
}

// Context returns a context that ends with the request, the server or Close.
func (st *Stream) Context() context.Context { return st.ctx }

// Send writes and flushes a part of the stream within Limits.Write. Any time may pass between two parts. After an error
// the stream cannot be used any more.
func (st *Stream) Send(write func(io.Writer) error) error {
	if err := st.out.SetWriteDeadline(time.Now().Add(st.limit)); err != nil {
		return err
	}
	if err := write(st.w); err != nil {
		return err
	}
	if err := st.out.Flush(); err != nil {
		return err
	}
	// HTTP/2 would otherwise end a silent stream at the deadline, although nothing is being written.
	return st.out.SetWriteDeadline(time.Time{})
}

// Close ends the stream's context. Calling it twice is safe.
func (st *Stream) Close() {
	st.detach()
	st.cancel()
}
