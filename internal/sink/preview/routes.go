package preview

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"time"

	"corallite/internal/draw"
)

// statusEvery is how often /events tells the status.
const statusEvery = 500 * time.Millisecond

//go:embed page
var page embed.FS

// addRoutes adds the addresses in the package comment.
func (s *Server) addRoutes() {
	for address, file := range map[string]string{
		"/{$}": "index.html", "/page.css": "page.css", "/page.js": "page.js", "/live.js": "live.js", "/icon.svg": "icon.svg",
	} {
		s.http.Handle(address, serveFile(file))
	}
	s.http.Handle("/stream/{name...}", http.HandlerFunc(s.serveStream))
	s.http.Handle("/live", http.HandlerFunc(s.serveLive))
	s.http.Handle("/snapshot.jpg", http.HandlerFunc(s.serveStill))
	s.http.Handle("/events", http.HandlerFunc(s.serveEvents))
	s.http.Handle("/api/status", http.HandlerFunc(s.serveStatus))
}

func serveFile(name string) http.HandlerFunc {
	data, err := page.ReadFile(path.Join("page", name))
	kind := map[string]string{
		".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
		".svg": "image/svg+xml",
	}[path.Ext(name)]
	return func(w http.ResponseWriter, _ *http.Request) {
		if err != nil { // not embedded
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", kind)
		w.Write(data)
	}
}

// chosen returns the sinks that pipeline= names; without it, the only one there is.
func (s *Server) chosen(q url.Values) ([]*Sink, error) {
	var sinks []*Sink
	for _, name := range q["pipeline"] {
		k := s.find(name)
		if k == nil {
			return nil, fmt.Errorf("there is no pipeline %q (pipelines: %s)", name, s.names())
		}
		if !slices.Contains(sinks, k) {
			sinks = append(sinks, k)
		}
	}
	if all := s.all(); len(sinks) == 0 && len(all) == 1 {
		sinks = all
	}
	if len(sinks) == 0 {
		return nil, fmt.Errorf("the parameter pipeline= is missing (pipelines: %s)", s.names())
	}
	return sinks, nil
}

func (s *Server) names() string {
	var names []string
	for _, k := range s.all() {
		names = append(names, k.name)
	}
	if names == nil {
		return "none"
	}
	return strings.Join(names, ", ")
}

func (s *Server) serveStream(w http.ResponseWriter, r *http.Request) {
	name, ok := strings.CutSuffix(r.PathValue("name"), ".mjpg")
	k := s.find(name)
	if !ok || k == nil {
		http.Error(w, "No such stream. Streams are at /stream/PIPELINE.mjpg; pipelines: "+s.names(), http.StatusNotFound)
		return
	}
	look, err := lookOf(r.URL.Query())
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mjpeg(w, r, k, look)
}

func (s *Server) serveLive(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	status := q.Get("status") == "1"
	if status && !q.Has("pipeline") { // all, also where there is none yet
		if look, err := lookOf(q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
		} else if q.Get("pictures") == "0" {
			s.live(w, r, nil, look, status)
		} else {
			s.live(w, r, s.all(), look, status)
		}
		return
	}
	if sinks, look, ok := s.request(w, r); ok {
		s.live(w, r, sinks, look, status)
	}
}

func (s *Server) serveStill(w http.ResponseWriter, r *http.Request) {
	sinks, look, ok := s.request(w, r)
	if !ok {
		return
	}
	k := sinks[0]
	p, err := k.still(look)
	switch {
	case errors.Is(err, errNoPicture), errors.Is(err, errEnded):
		w.Header().Set("Retry-After", "1")
		http.Error(w, k.name+": "+err.Error(), http.StatusServiceUnavailable)
		return
	case err != nil:
		k.failed(err)
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	if r.URL.Query().Get("download") == "1" {
		file := fmt.Sprintf("%s-%s.jpg", k.name, p.meta.Time.Format("20060102-150405.000"))
		w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": file}))
	}
	w.Header().Set("Content-Type", "image/jpeg")
	w.Header().Set("Content-Length", fmt.Sprint(len(p.jpeg)))
	w.Write(p.jpeg)
}

// request parses which pipelines and parts a request is about. When ok is false, it has answered with an error.
func (s *Server) request(w http.ResponseWriter, r *http.Request) (sinks []*Sink, look draw.Parts, ok bool) {
	q := r.URL.Query()
	sinks, err := s.chosen(q)
	if err != nil {
		http.Error(w, err.Error(), http.StatusNotFound)
		return nil, 0, false
	}
	if look, err = lookOf(q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return nil, 0, false
	}
	return sinks, look, true
}

func (s *Server) serveStatus(w http.ResponseWriter, _ *http.Request) {
	data, err := s.statusJSON()
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Write(append(data, '\n'))
}

// serveEvents sends the status periodically (server-sent events, html.spec.whatwg.org). Each message is the whole state,
// so a viewer that missed some has lost nothing, and nobody waits for a slow one.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	if !s.feeds.enter() {
		tooMany(w, s.o.MaxViewers)
		return
	}
	defer s.feeds.leave()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no")
	st := s.http.Stream(w, r)
	defer st.Close()
	s.tell(st.Context(), func(status []byte) error {
		return st.Send(func(w io.Writer) error {
			_, err := fmt.Fprintf(w, "event: status\ndata: %s\n\n", status)
			return err
		})
	})
}

// tell sends the status periodically until ctx ends or it cannot be sent.
func (s *Server) tell(ctx context.Context, send func(status []byte) error) {
	for {
		data, err := s.statusJSON()
		if err != nil {
			s.log.Error("the preview's status", "error", err)
			return
		}
		if send(data) != nil {
			return
		}
		passed, stop := s.clock.After(statusEvery)
		select {
		case <-passed:
		case <-ctx.Done():
			stop()
			return
		}
	}
}
