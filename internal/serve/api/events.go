package api

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"corallite/internal/httpserver"
	"corallite/internal/serve/hub"
)

// heartbeat is how often a silent stream says that it is there, so that clients and proxies keep it open.
const heartbeat = 15 * time.Second

// maxFollowers is how many streams of events may be open at once.
const maxFollowers = 64

// serveEvents streams events as server-sent events: "data:" and the JSON of one event. A client that is too slow misses
// events; a comment says how many.
func serveEvents(h *hub.Hub, s Streamer) http.Handler {
	places := make(chan struct{}, maxFollowers)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case places <- struct{}{}:
			defer func() { <-places }()
		default:
			httpserver.Unavailable(w, "There are already as many streams of events as possible.")
			return
		}
		q := r.URL.Query()
		follow := h.Subscribe()
		defer follow.Close()
		w.Header().Set("Content-Type", "text/event-stream")
		w.Header().Set("X-Accel-Buffering", "no")
		stream := s.Stream(w, r)
		defer stream.Close()
		if stream.Send(func(w io.Writer) error { _, err := io.WriteString(w, ": events of corallite\n\n"); return err }) != nil {
			return
		}
		beat := time.NewTicker(heartbeat)
		defer beat.Stop()
		lost := uint64(0)
		for {
			var text []byte
			select {
			case <-stream.Context().Done():
				return
			case <-beat.C:
				text = []byte(": still here\n\n")
			case e := <-follow.Events():
				if p := q.Get("pipeline"); p != "" && p != e.Pipeline {
					continue
				}
				if m := q.Get("model"); m != "" && m != e.Model {
					continue
				}
				line, err := e.AppendJSON([]byte("data: "))
				if err != nil {
					continue // a finding that has no JSON
				}
				text = append(line, "\n\n"...)
			}
			if now := follow.Lost(); now > lost {
				text = append(strconv.AppendUint([]byte(": lost "), now-lost, 10), append([]byte(" events\n\n"), text...)...)
				lost = now
			}
			if stream.Send(func(w io.Writer) error { _, err := w.Write(text); return err }) != nil {
				return
			}
		}
	})
}
