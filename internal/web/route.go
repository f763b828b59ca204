package web

import "net/http"

// HandleOwn is Handle for a handler that itself looks at the token (Allowed, IsToken), and limits the body of requests:
// protocols have errors, and places for a token, of their own.
func (s *Server) HandleOwn(pattern string, h http.Handler, methods ...string) {
	s.Handle(pattern, h, methods...)
	s.own[pattern] = true
}

// isOwn reports whether a request's handler looks at it itself.
func (s *Server) isOwn(r *http.Request) bool {
	_, pattern := s.mux.Handler(r)
	return s.own[pattern]
}

// maxBody is how many bytes a request may have; below 0: its handler says.
func (s *Server) maxBody(r *http.Request) int64 {
	if s.isOwn(r) {
		return -1
	}
	return s.o.Limits.BodyBytes
}

// Allowed reports whether a request has the token: in its header, its URL or its cookie; or whether none is needed.
func (s *Server) Allowed(r *http.Request) bool { return s.allowed(r) }

// IsToken reports whether a word is the token, in constant time; true where none is needed.
func (s *Server) IsToken(word string) bool { return s.token == "" || same(word, s.token) }
