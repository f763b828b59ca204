package httpserver

import (
	"context"
	"io"
	"net/http"
	"time"
)

// Stream is an answer without an end. One goroutine at a time uses it.
type Stream struct {
	w      http.ResponseWriter
	out    *http.ResponseController
	limit  time.Duration
	ctx    context.Context
	cancel context.CancelFunc
	detach func() bool
}

// Stream begins an answer that goes on until the client goes or the server is closed. The header is set before; the
// first Send sends it, if only of nothing. The handler closes the stream before it returns.
func (s *Server) Stream(w http.ResponseWriter, r *http.Request) *Stream {
	st := &Stream{w: w, out: http.NewResponseController(w), limit: s.limits.Write}
	st.ctx, st.cancel = context.WithCancel(r.Context())
	st.detach = context.AfterFunc(s.ending, st.cancel)
	return st
}

// Context ends with the request, the server or Close.
func (st *Stream) Context() context.Context { return st.ctx }

// Send writes and flushes a part of the stream in the time that one write may take. Between two parts any time may pass.
// After an error the stream is of no use any more.
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
	// HTTP/2 would otherwise end a silent stream when the limit passes, though nothing is being written.
	return st.out.SetWriteDeadline(time.Time{})
}

// Close ends the stream's context. Twice is safe.
func (st *Stream) Close() {
	st.detach()
	st.cancel()
}
