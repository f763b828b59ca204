package httpserver

import (
	"fmt"
	"net/http"
	"time"
)

// serve answers a request, unless the connection is one too many or the body is not wanted.
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
	switch {
	case c != nil && c.reason != "":
		w.Header().Set("Connection", "close")
		Unavailable(w, c.reason)
		return
	case r.ContentLength == 0: // -1 where only the body tells its length
		// The limit was for the request, which is there; what reads on tells whether the client is still there.
		_ = out.SetReadDeadline(time.Time{})
	case s.limits.BodyBytes == 0 || r.ContentLength > s.limits.BodyBytes:
		s.refuseBody(w, out)
		return
	default:
		r.Body = http.MaxBytesReader(w, r.Body, s.limits.BodyBytes)
	}
	s.handler.ServeHTTP(w, r)
}

// refuseBody answers a request whose body is not wanted, and does not wait for the body.
func (s *Server) refuseBody(w http.ResponseWriter, out *http.ResponseController) {
	w.Header().Set("Connection", "close")
	why := "This server takes no request bodies."
	if s.limits.BodyBytes > 0 {
		why = fmt.Sprintf("The request's body is too large: at most %d bytes are taken.", s.limits.BodyBytes)
	}
	http.Error(w, why, http.StatusRequestEntityTooLarge)
	_ = out.SetReadDeadline(time.Now())
}

// Unavailable answers that the server cannot take the request now and may be asked again in a few seconds.
func Unavailable(w http.ResponseWriter, why string) {
	w.Header().Set("Retry-After", "5")
	http.Error(w, why, http.StatusServiceUnavailable)
}

// begin counts a request that Close waits for; it says whether the server still answers.
func (s *Server) begin() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.state == ended {
		return false
	}
	s.serving.Add(1)
	return true
}
