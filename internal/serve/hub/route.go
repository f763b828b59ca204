package hub

import (
	"net/http"

	"corallite/internal/panicerr"
)

// Route is an address that a protocol answers.
type Route struct {
	Pattern string // of http.ServeMux, without a method
	Methods []string
	Handler http.Handler

	// Key is how a request shows the server's token by the protocol's own way, beside those that all routes have; nil:
	// there is none.
	Key func(r *http.Request) string
	// LateKey says that the token may be in the body: the handler itself checks it, with Access.
	LateKey bool
	Shape   func(e *Error) any // the protocol's errors
}

// Guarded is the route's handler for requests that have shown the token.
func (r Route) Guarded(a Access) http.Handler {
	if r.LateKey {
		return r.Handler
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if !a.Allowed(req) && (r.Key == nil || !a.IsToken(r.Key(req))) {
			w.Header().Set("WWW-Authenticate", `Bearer realm="Corallite"`)
			SendError(w, Fault(http.StatusUnauthorized, "the token is missing or wrong: send it as Authorization: Bearer"), r.Shape)
			return
		}
		r.Handler.ServeHTTP(w, req)
	})
}

// Access is who may ask.
type Access interface {
	// Allowed reports whether a request has shown the token, or needs none.
	Allowed(r *http.Request) bool
	// IsToken reports whether a word is the token.
	IsToken(word string) bool
}

// Everybody is an Access without a token.
type Everybody struct{}

// Allowed is true.
func (Everybody) Allowed(*http.Request) bool { return true }

// IsToken is true.
func (Everybody) IsToken(string) bool { return true }

// Handle is a handler that begins a job for each request, and sends its errors in the shape of the protocol.
func (h *Hub) Handle(shape func(e *Error) any, answer func(j *Job, w http.ResponseWriter, r *http.Request) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		j, err := h.Begin(r.Context())
		if err != nil {
			SendError(w, err, shape)
			return
		}
		defer j.End()
		err = func() (err error) {
			defer panicerr.Recover(&err, r.URL.Path)
			return answer(j, w, r)
		}()
		if err != nil {
			SendError(w, err, shape)
		}
	})
}
