package hub

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// writeTime is how long an answer may take to be sent. The server's own limit counts from the request's header on, and
// would be over after a long wait.
const writeTime = 10 * time.Second

// Send sends an answer.
func Send(w http.ResponseWriter, status int, contentType string, body []byte) {
	// A server without deadlines, as in tests, needs none.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body) // nobody is left to be told
}

// SendJSON sends an answer as JSON.
func SendJSON(w http.ResponseWriter, status int, v any) {
	body, err := json.Marshal(v)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	Send(w, status, "application/json", append(body, '\n'))
}

// SendError sends an error as JSON of the protocol's shape, with its status and Retry-After.
func SendError(w http.ResponseWriter, err error, shape func(e *Error) any) {
	e := AsError(err)
	if e.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(e.RetryAfter()))
	}
	SendJSON(w, e.Status, shape(e))
}
