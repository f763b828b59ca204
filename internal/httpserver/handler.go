package httpserver

import (
	"fmt"
	"net/http"
	"time"
)

// serve handles a request, unless its connection is refused or it has an unwanted body.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.begin() {
		return
	}
	defer s.serving.Done()
	c := connOf(r.Context())
	if c != nil {
		c.work(1)
		defer c.work(-1)
	}
	out := http.NewResponseController(w)
	most := s.limits.BodyBytes
	if s.maxBody != nil {
		most = s.maxBody(r)
	}
	switch {
	case c != nil && c.reason != "":
		w.Header().Set("Connection", "close")
		Unavailable(w, c.reason)
		return
	case r.ContentLength == 0: // -1 if only the body tells its length
		// The request is complete; further reads only detect whether the client is still there.
		_ = out.SetReadDeadline(time.Time{})
	case most < 0: // the handler limits it
	case most == 0 || r.ContentLength > most:
		s.refuseBody(w, out, most)
		return
	default:
		r.Body = http.MaxBytesReader(w, r.Body, most)
	}
	s.handler.ServeHTTP(w, r)
}

// refuseBody responds to a request with an unwanted body without waiting for the body.
func (s *Server) refuseBody(w http.ResponseWriter, out *http.ResponseController, most int64) {
	w.Header().Set("Connection", "close")
	why := "This server does not accept request bodies."
	if most > 0 {
		why = fmt.Sprintf("The request body is too large: the maximum is %d bytes.", most)
	}
	http.Error(w, why, http.StatusRequestEntityTooLarge)
	_ = out.SetReadDeadline(time.Now())
}

// Unavailable responds with status 503 and the reason; the client may retry after a few seconds.
func Unavailable(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, why, http.StatusServiceUnavailable)
}

// begin registers a request, for which Close waits; false if the server has been closed.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == ended {
		return false
	}
	s.serving.Add(1)
	return true
}
