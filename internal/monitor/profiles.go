package monitor

import (
	"net/http"
	"net/http/pprof" // its init adds routes to http.DefaultServeMux, which nothing serves
	"strings"

	"corallite/internal/web"
)

// handleProfiles serves what net/http/pprof serves.
func handleProfiles(s *web.Server) {
	for _, r := range []struct {
		path string
		h    http.HandlerFunc
	}{{"/debug/pprof/", index}, {"/debug/pprof/cmdline", pprof.Cmdline}, {"/debug/pprof/symbol", pprof.Symbol}} {
		s.Handle(r.path, r.h, http.MethodGet, http.MethodHead, http.MethodPost)
	}
	for path, h := range map[string]http.HandlerFunc{"/debug/pprof/profile": pprof.Profile, "/debug/pprof/trace": pprof.Trace} {
		s.Handle(path, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// A profile takes as long as it was asked to, which is longer than a response may.
			st := s.Stream(w, r)
			defer st.Close()
			// pprof refuses what is longer than the server's limit of time, which it finds in the context.
			h(w, r.WithContext(st.Context()))
		}))
	}
}

// index serves the list of profiles, and each of them.
func index(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/") {
		w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'")
	}
	pprof.Index(w, r)
}
